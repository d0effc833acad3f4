// SPDX-License-Identifier: MIT
#include "backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"

#define BIT(n) (UINT64_C(1) << (n))
/* For the rest of a message that has begun, and for the front-end to take a reply. */
#define MESSAGE_TIMEOUT_MS 1000

enum outcome {
	ACK, /* the front-end may ask whether it worked; if it did not ask, a failure disconnects */
	ACK_ONLY, /* the same, but a failure concerns the driver, not the protocol: never disconnect */
	REPLY, /* the handler makes the answer out of the message */
};

struct handler {
	int (*handle)(struct vhu_backend *be, struct vhu_msg *msg);
	enum outcome outcome;
};

bool vhu_backend_has(const struct vhu_backend *be, enum vhu_protocol_feature feature)
{
	return be->protocol_features & BIT(feature);
}

static void reply_u64(struct vhu_msg *msg, uint64_t value)
{
	msg->payload.u64 = value;
	msg->size = sizeof(msg->payload.u64);
}

static int get_features(struct vhu_backend *be, struct vhu_msg *msg)
{
	reply_u64(msg, be->dev->features);
	return 0;
}

static int set_features(struct vhu_backend *be, struct vhu_msg *msg)
{
	uint64_t features = msg->payload.u64;

	if (features & ~be->dev->features)
		return -EINVAL;
	if (features != be->features && vhu_rings_running(be->dev))
		return -EBUSY;
	be->features = features;
	/* front-ends from before SET_VRING_ENABLE: a ring is enabled with its kick */
	vhu_rings_default_enable(be->dev, !(features & BIT(VHU_F_PROTOCOL_FEATURES)));
	return 0;
}

static uint64_t offered_protocol_features(const struct vhu_dev *dev)
{
	uint64_t bits = BIT(VHU_PF_MQ) | BIT(VHU_PF_REPLY_ACK) | BIT(VHU_PF_BACKEND_REQ) | BIT(VHU_PF_RESET_DEVICE);

	/* some front-ends complain about CONFIG for a device that has none */
	return dev->config_size ? bits | BIT(VHU_PF_CONFIG) : bits;
}

static int get_protocol_features(struct vhu_backend *be, struct vhu_msg *msg)
{
	reply_u64(msg, offered_protocol_features(be->dev));
	return 0;
}

static int set_protocol_features(struct vhu_backend *be, struct vhu_msg *msg)
{
	if (msg->payload.u64 & ~offered_protocol_features(be->dev))
		return -EINVAL;
	be->protocol_features = msg->payload.u64;
	return 0;
}

static int get_queue_num(struct vhu_backend *be, struct vhu_msg *msg)
{
	reply_u64(msg, be->dev->num_queues);
	return 0;
}

static int set_owner(struct vhu_backend *be, struct vhu_msg *msg)
{
	return 0;
}

/*
 * Deprecated, and read in two ways by back-ends. We take the harmless one:
 * all rings are disabled, what was negotiated stays.
 */
static int reset_owner(struct vhu_backend *be, struct vhu_msg *msg)
{
	vhu_rings_stop(be->dev, false);
	vhu_rings_default_enable(be->dev, !(be->features & BIT(VHU_F_PROTOCOL_FEATURES)));
	return 0;
}

static int reset_device(struct vhu_backend *be, struct vhu_msg *msg)
{
	reset_owner(be, msg);
	if (be->dev->type->reset)
		be->dev->type->reset(be->dev);
	return 0;
}

/* Elements in flight keep the old table; rings move to the new one. */
static int set_mem_table(struct vhu_backend *be, struct vhu_msg *msg)
{
	unsigned int num_fds = msg->num_fds;
	struct vhu_mem *mem;
	int r;

	msg->num_fds = 0;
	r = vhu_mem_new(&msg->payload.mem, msg->fds, num_fds, &mem);
	if (r < 0)
		return r;
	r = vhu_rings_remap(be->dev, mem);
	if (r < 0)
		vhu_dev_fail(be->dev, "the new memory table lacks a ring that is in use");
	vhu_mem_unref(be->mem);
	be->mem = mem;
	return r;
}

static int set_backend_req_fd(struct vhu_backend *be, struct vhu_msg *msg)
{
	if (be->channel >= 0)
		close(be->channel);
	be->channel = msg->fds[0];
	msg->num_fds = 0;
	return 0;
}

static bool config_in_range(const struct vhu_dev *dev, const struct vhu_config *config)
{
	return config->offset <= dev->config_size && config->size <= dev->config_size - config->offset;
}

/* An answer of size 0 says that it did not work. */
static int get_config(struct vhu_backend *be, struct vhu_msg *msg)
{
	struct vhu_config *config = &msg->payload.config;
	int r = -EINVAL;

	memset(config->data, 0, sizeof(config->data));
	if (config_in_range(be->dev, config) && be->dev->type->get_config)
		r = be->dev->type->get_config(be->dev, config->offset, config->data, config->size);
	if (r < 0)
		config->size = 0;
	msg->size = VHU_CONFIG_HEADER + config->size;
	return 0;
}

static int set_config(struct vhu_backend *be, struct vhu_msg *msg)
{
	const struct vhu_config *config = &msg->payload.config;

	if (!config_in_range(be->dev, config))
		return -EINVAL;
	if (!be->dev->type->set_config)
		return -EPERM;
	return be->dev->type->set_config(be->dev, config->offset, config->data, config->size);
}

static const struct handler handlers[] = {
	[VHU_GET_FEATURES] = { get_features, REPLY },
	[VHU_SET_FEATURES] = { set_features, ACK },
	[VHU_SET_OWNER] = { set_owner, ACK },
	[VHU_RESET_OWNER] = { reset_owner, ACK },
	[VHU_SET_MEM_TABLE] = { set_mem_table, ACK },
	[VHU_SET_VRING_NUM] = { vhu_ring_set_num, ACK },
	[VHU_SET_VRING_ADDR] = { vhu_ring_set_addr, ACK },
	[VHU_SET_VRING_BASE] = { vhu_ring_set_base, ACK },
	[VHU_GET_VRING_BASE] = { vhu_ring_get_base, REPLY },
	[VHU_SET_VRING_KICK] = { vhu_ring_set_kick, ACK },
	[VHU_SET_VRING_CALL] = { vhu_ring_set_call, ACK },
	[VHU_SET_VRING_ERR] = { vhu_ring_set_err, ACK },
	[VHU_GET_PROTOCOL_FEATURES] = { get_protocol_features, REPLY },
	[VHU_SET_PROTOCOL_FEATURES] = { set_protocol_features, ACK },
	[VHU_GET_QUEUE_NUM] = { get_queue_num, REPLY },
	[VHU_SET_VRING_ENABLE] = { vhu_ring_set_enable, ACK },
	[VHU_SET_BACKEND_REQ_FD] = { set_backend_req_fd, ACK },
	[VHU_GET_CONFIG] = { get_config, REPLY },
	[VHU_SET_CONFIG] = { set_config, ACK_ONLY },
	[VHU_RESET_DEVICE] = { reset_device, ACK },
};

static const struct handler *find_handler(uint32_t request)
{
	if (request >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[request].handle)
		return NULL;
	return &handlers[request];
}

static int send_reply(struct vhu_backend *be, struct vhu_msg *msg)
{
	msg->flags = VHU_VERSION | VHU_FLAG_REPLY;
	return vhu_channel_send(be->fd, msg, MESSAGE_TIMEOUT_MS);
}

/*
 * Tells the front-end how it went if it wants to know (REPLY_ACK), else a failure
 * is the end: going on would leave both sides with different ideas of the state.
 */
static int acknowledge(struct vhu_backend *be, struct vhu_msg *msg, int result, enum outcome outcome)
{
	if (result < 0)
		vhu_log_limited(VHU_LOG_WARN, "cannot obey the front-end's %s (%u): %s", vhu_request_name(msg->request),
			msg->request, strerror(-result));
	if ((msg->flags & VHU_FLAG_NEED_REPLY) && vhu_backend_has(be, VHU_PF_REPLY_ACK)) {
		reply_u64(msg, result < 0);
		return send_reply(be, msg);
	}
	return outcome == ACK_ONLY ? 0 : result;
}

static int handle_message(struct vhu_backend *be, struct vhu_msg *msg)
{
	const struct handler *h = find_handler(msg->request);
	int r = vhu_wire_check(msg);

	vhu_debug("front-end: %s (%u), %u bytes, %u descriptors", vhu_request_name(msg->request), msg->request,
		msg->size, msg->num_fds);
	if (r == -EPROTO) {
		vhu_log_limited(VHU_LOG_WARN, "the front-end's %s has a wrong size or number of descriptors",
			vhu_request_name(msg->request));
		return r;
	}
	/*
	 * A request for something we did not offer. Ignoring it is safe only if the
	 * front-end does not wait for an answer whose form we do not know.
	 */
	if (r < 0 || !h)
		return acknowledge(be, msg, -EOPNOTSUPP, vhu_request_has_reply(msg->request) ? ACK : ACK_ONLY);

	r = h->handle(be, msg);
	if (h->outcome != REPLY)
		return acknowledge(be, msg, r, h->outcome);
	if (r == 0)
		return send_reply(be, msg);
	vhu_log_limited(
		VHU_LOG_WARN, "cannot answer the front-end's %s: %s", vhu_request_name(msg->request), strerror(-r));
	return r;
}

static int on_message(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct vhu_backend *be = data;
	struct vhu_msg msg;
	int r;

	r = vhu_channel_recv(be->fd, &msg, MESSAGE_TIMEOUT_MS);
	if (r == 0) {
		r = handle_message(be, &msg);
		vhu_msg_close_fds(&msg);
	}
	if (r == -ECONNRESET)
		vhu_log_limited(VHU_LOG_INFO, "the front-end has gone");
	else if (r < 0)
		vhu_log_limited(VHU_LOG_WARN, "disconnecting the front-end: %s", strerror(-r));
	if (r < 0)
		vhu_backend_disconnect(be);
	return 0;
}

static int on_failed(sd_event_source *source, void *data)
{
	struct vhu_backend *be = data;

	vhu_log_limited(VHU_LOG_WARN, "disconnecting the front-end: %s", be->why);
	vhu_backend_disconnect(be);
	return 0;
}

static void free_backend(struct vhu_backend *be)
{
	sd_event_source_unref(be->io);
	sd_event_source_unref(be->failed);
	if (be->channel >= 0)
		close(be->channel);
	close(be->fd);
	free(be);
}

int vhu_backend_connect(struct vhu_dev *dev, int fd, void (*gone)(void *data), void *data)
{
	struct vhu_backend *be = calloc(1, sizeof(*be));
	int r;

	if (!be) {
		close(fd);
		return -ENOMEM;
	}
	be->dev = dev;
	be->fd = fd;
	be->channel = -1;
	be->gone = gone;
	be->data = data;
	r = sd_event_add_io(dev->event, &be->io, fd, EPOLLIN, on_message, be);
	if (r >= 0)
		r = sd_event_add_defer(dev->event, &be->failed, on_failed, be);
	if (r >= 0)
		r = sd_event_source_set_enabled(be->failed, SD_EVENT_OFF);
	if (r >= 0)
		/* nothing else may run between a failure and the disconnection */
		r = sd_event_source_set_priority(be->failed, SD_EVENT_PRIORITY_IMPORTANT);
	if (r < 0) {
		free_backend(be);
		return r;
	}
	dev->backend = be;
	/* until SET_FEATURES says otherwise */
	vhu_rings_default_enable(dev, true);
	return 0;
}

void vhu_backend_disconnect(struct vhu_backend *be)
{
	struct vhu_dev *dev = be->dev;
	void (*gone)(void *data) = be->gone;
	void *data = be->data;

	vhu_rings_stop(dev, true);
	dev->backend = NULL;
	if (dev->type->reset)
		dev->type->reset(dev);
	vhu_mem_unref(be->mem);
	free_backend(be);
	if (gone)
		gone(data);
}
