// SPDX-License-Identifier: MIT
#include "wire.h"

#include <errno.h>

enum shape_kind {
	SHAPE_UNKNOWN, /* no such request, or one we know by name only */
	SHAPE_FIXED, /* @size bytes, @fds descriptors */
	SHAPE_MEM_TABLE, /* as many regions and descriptors as it says */
	SHAPE_GET_CONFIG, /* header; the data may be left out */
	SHAPE_SET_CONFIG, /* header and data */
	SHAPE_VRING_FD, /* u64; one descriptor unless VHU_VRING_NOFD */
};

struct shape {
	const char *name;
	enum shape_kind kind;
	uint32_t size;
	unsigned int fds;
	bool reply;
};

#define SHAPE(n, kind, size, fds)  [VHU_##n] = { #n, SHAPE_##kind, size, fds, false }
#define SHAPE_REPLY(n, kind, size) [VHU_##n] = { #n, SHAPE_##kind, size, 0, true }

static const struct shape shapes[] = {
	SHAPE_REPLY(GET_FEATURES, FIXED, 0),
	SHAPE(SET_FEATURES, FIXED, sizeof(uint64_t), 0),
	SHAPE(SET_OWNER, FIXED, 0, 0),
	SHAPE(RESET_OWNER, FIXED, 0, 0),
	SHAPE(SET_MEM_TABLE, MEM_TABLE, 0, 0),
	SHAPE(SET_LOG_BASE, UNKNOWN, 0, 0),
	SHAPE(SET_LOG_FD, UNKNOWN, 0, 0),
	SHAPE(SET_VRING_NUM, FIXED, sizeof(struct vhu_vring_state), 0),
	SHAPE(SET_VRING_ADDR, FIXED, sizeof(struct vhu_vring_addr), 0),
	SHAPE(SET_VRING_BASE, FIXED, sizeof(struct vhu_vring_state), 0),
	SHAPE_REPLY(GET_VRING_BASE, FIXED, sizeof(struct vhu_vring_state)),
	SHAPE(SET_VRING_KICK, VRING_FD, 0, 0),
	SHAPE(SET_VRING_CALL, VRING_FD, 0, 0),
	SHAPE(SET_VRING_ERR, VRING_FD, 0, 0),
	SHAPE_REPLY(GET_PROTOCOL_FEATURES, FIXED, 0),
	SHAPE(SET_PROTOCOL_FEATURES, FIXED, sizeof(uint64_t), 0),
	SHAPE_REPLY(GET_QUEUE_NUM, FIXED, 0),
	SHAPE(SET_VRING_ENABLE, FIXED, sizeof(struct vhu_vring_state), 0),
	SHAPE(NET_SET_MTU, UNKNOWN, 0, 0),
	SHAPE(SET_BACKEND_REQ_FD, FIXED, 0, 1),
	SHAPE_REPLY(GET_CONFIG, GET_CONFIG, 0),
	SHAPE(SET_CONFIG, SET_CONFIG, 0, 0),
	SHAPE_REPLY(CREATE_CRYPTO_SESSION, UNKNOWN, 0),
	SHAPE_REPLY(POSTCOPY_ADVISE, UNKNOWN, 0),
	SHAPE_REPLY(GET_INFLIGHT_FD, UNKNOWN, 0),
	SHAPE(GPU_SET_SOCKET, UNKNOWN, 0, 0),
	SHAPE(RESET_DEVICE, FIXED, 0, 0),
	SHAPE_REPLY(GET_MAX_MEM_SLOTS, UNKNOWN, 0),
	SHAPE(SET_STATUS, FIXED, sizeof(uint64_t), 0),
	SHAPE_REPLY(GET_STATUS, FIXED, 0),
	SHAPE_REPLY(SET_DEVICE_STATE_FD, UNKNOWN, 0),
	SHAPE_REPLY(CHECK_DEVICE_STATE, UNKNOWN, 0),
};

static const struct shape *find_shape(uint32_t request)
{
	if (request >= sizeof(shapes) / sizeof(shapes[0]) || !shapes[request].name)
		return NULL;
	return &shapes[request];
}

const char *vhu_request_name(uint32_t request)
{
	const struct shape *shape = find_shape(request);

	return shape ? shape->name : "unknown";
}

bool vhu_request_has_reply(uint32_t request)
{
	const struct shape *shape = find_shape(request);

	return shape && shape->reply;
}

static bool mem_table_fits(const struct vhu_msg *msg)
{
	uint32_t num = msg->payload.mem.num_regions;

	return msg->size >= offsetof(struct vhu_mem_table, regions) && num >= 1 && num <= VHU_MAX_REGIONS &&
		msg->size == offsetof(struct vhu_mem_table, regions) + num * sizeof(struct vhu_mem_region) &&
		msg->num_fds == num;
}

static bool config_fits(const struct vhu_msg *msg, bool data_optional)
{
	if (msg->size < VHU_CONFIG_HEADER || msg->num_fds || msg->payload.config.size > VHU_MAX_CONFIG)
		return false;
	if (data_optional && msg->size == VHU_CONFIG_HEADER)
		return true;
	return msg->size == VHU_CONFIG_HEADER + msg->payload.config.size;
}

static bool vring_fd_fits(const struct vhu_msg *msg)
{
	unsigned int expected;

	if (msg->size != sizeof(uint64_t))
		return false;
	expected = (msg->payload.u64 & VHU_VRING_NOFD) ? 0 : 1;
	return msg->num_fds == expected;
}

int vhu_wire_check(const struct vhu_msg *msg)
{
	const struct shape *shape = find_shape(msg->request);
	bool fits = false;

	if (!shape)
		return -EOPNOTSUPP;

	switch (shape->kind) {
	case SHAPE_UNKNOWN: return -EOPNOTSUPP;
	case SHAPE_FIXED: fits = msg->size == shape->size && msg->num_fds == shape->fds; break;
	case SHAPE_MEM_TABLE: fits = mem_table_fits(msg); break;
	case SHAPE_GET_CONFIG: fits = config_fits(msg, true); break;
	case SHAPE_SET_CONFIG: fits = config_fits(msg, false); break;
	case SHAPE_VRING_FD: fits = vring_fd_fits(msg); break;
	}
	return fits ? 0 : -EPROTO;
}
