/* SPDX-License-Identifier: MIT */
/*
 * The vhost-user protocol as it stands on the wire (QEMU's
 * docs/interop/vhost-user.rst): numbers and payloads, for back-ends and
 * front-ends alike. All fields are in host byte order.
 */
#ifndef VHU_WIRE_H
#define VHU_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VHU_MAX_REGIONS 8 /* the protocol's baseline */
#define VHU_MAX_FDS	8
#define VHU_MAX_CONFIG	256 /* bytes of VHOST_USER_{GET,SET}_CONFIG */

#define VHU_VERSION	    0x1u /* flags, bits 0 to 1 */
#define VHU_VERSION_MASK    0x3u
#define VHU_FLAG_REPLY	    0x4u
#define VHU_FLAG_NEED_REPLY 0x8u

enum vhu_request {
	VHU_GET_FEATURES = 1,
	VHU_SET_FEATURES = 2,
	VHU_SET_OWNER = 3,
	VHU_RESET_OWNER = 4,
	VHU_SET_MEM_TABLE = 5,
	VHU_SET_LOG_BASE = 6,
	VHU_SET_LOG_FD = 7,
	VHU_SET_VRING_NUM = 8,
	VHU_SET_VRING_ADDR = 9,
	VHU_SET_VRING_BASE = 10,
	VHU_GET_VRING_BASE = 11,
	VHU_SET_VRING_KICK = 12,
	VHU_SET_VRING_CALL = 13,
	VHU_SET_VRING_ERR = 14,
	VHU_GET_PROTOCOL_FEATURES = 15,
	VHU_SET_PROTOCOL_FEATURES = 16,
	VHU_GET_QUEUE_NUM = 17,
	VHU_SET_VRING_ENABLE = 18,
	VHU_NET_SET_MTU = 20,
	VHU_SET_BACKEND_REQ_FD = 21,
	VHU_GET_CONFIG = 24,
	VHU_SET_CONFIG = 25,
	VHU_CREATE_CRYPTO_SESSION = 26,
	VHU_POSTCOPY_ADVISE = 28,
	VHU_GET_INFLIGHT_FD = 31,
	VHU_GPU_SET_SOCKET = 33,
	VHU_RESET_DEVICE = 34,
	VHU_GET_MAX_MEM_SLOTS = 36,
	VHU_SET_STATUS = 39,
	VHU_GET_STATUS = 40,
	VHU_SET_DEVICE_STATE_FD = 42,
	VHU_CHECK_DEVICE_STATE = 43,
};

/* Requests of the back-end, on the socket of VHU_SET_BACKEND_REQ_FD */
enum vhu_backend_request {
	VHU_BACKEND_CONFIG_CHANGE_MSG = 2,
};

enum vhu_protocol_feature {
	VHU_PF_MQ = 0,
	VHU_PF_REPLY_ACK = 3,
	VHU_PF_NET_MTU = 4,
	VHU_PF_BACKEND_REQ = 5,
	VHU_PF_CONFIG = 9,
	VHU_PF_RESET_DEVICE = 13,
	VHU_PF_STATUS = 16,
};

#define VHU_F_PROTOCOL_FEATURES 30 /* feature bit: the above may be asked for */

#define VHU_VRING_INDEX_MASK 0xffu /* of the u64 that goes with kick, call and err fds */
#define VHU_VRING_NOFD	     0x100u

struct vhu_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vhu_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc; /* these three: front-end user addresses */
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

struct vhu_mem_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

struct vhu_mem_table {
	uint32_t num_regions;
	uint32_t padding;
	struct vhu_mem_region regions[VHU_MAX_REGIONS];
};

struct vhu_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint8_t data[VHU_MAX_CONFIG];
};

#define VHU_CONFIG_HEADER offsetof(struct vhu_config, data)

struct vhu_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* bytes of payload that follow */
};

/**
 * struct vhu_msg - one message with its descriptors
 * @request: enum vhu_request or enum vhu_backend_request
 * @flags: VHU_VERSION, VHU_FLAG_*
 * @size: bytes of @payload in use
 * @payload: what the request says; aligned, unlike on the wire
 * @num_fds: descriptors in @fds; whoever holds the message owns them
 */
struct vhu_msg {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	union {
		uint64_t u64;
		struct vhu_vring_state state;
		struct vhu_vring_addr addr;
		struct vhu_mem_table mem;
		struct vhu_config config;
	} payload;
	unsigned int num_fds;
	int fds[VHU_MAX_FDS];
};

const char *vhu_request_name(uint32_t request); /* "SET_MEM_TABLE", or "unknown" */
/* Does the front-end wait for an answer to @request, even if it did not set VHU_FLAG_NEED_REPLY? */
bool vhu_request_has_reply(uint32_t request);

/**
 * vhu_wire_check - is a message's size, descriptor count and (for the messages
 * that carry their own length) inner length as the request demands?
 *
 * For messages that a back-end receives. Returns 0, -EPROTO (malformed) or
 * -EOPNOTSUPP (a request this library does not know; its payload was read all
 * the same).
 */
int vhu_wire_check(const struct vhu_msg *msg);

#endif /* VHU_WIRE_H */
