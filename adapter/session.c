// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>

#include "adapter/session.h"
#include "log.h"

#define BIT(n) (1ULL << (n))

static int start_ring(struct session *s, unsigned int index, bool resume)
{
	struct frontend_queue queue = { .index = index };
	struct vlb_queue_state state;
	int ret;

	/* A driver need not use all queues. */
	ret = resume ? module_resume_queue(s->mod, index, &state) : module_get_queue(s->mod, index, &state);
	if (ret || !state.ready)
		return ret;
	queue.size = state.size;
	queue.base = state.used_idx;
	queue.desc = state.desc;
	queue.avail = state.avail;
	queue.used = state.used;
	queue.kick_fd = module_kick_fd(s->mod, index);
	queue.call_fd = module_call_fd(s->mod, index);
	s->running[index] = true;
	return frontend_start_queue(s->fe, &queue);
}

static int start_rings(struct session *s, bool resume)
{
	/* Not what we offered ourselves. */
	uint64_t negotiated = s->taken & frontend_features(s->fe);
	struct module_pool pool;
	int ret;

	module_pool(s->mod, &pool);
	ret = frontend_set_features(s->fe, negotiated);
	if (!ret)
		ret = frontend_set_memory(s->fe, pool.fd, pool.iova, pool.size);
	if (!ret)
		ret = config_start(&s->config, s->fe, negotiated);
	for (unsigned int i = 0; !ret && i < s->num_queues; i++)
		ret = start_ring(s, i, resume);
	return ret ? ret : frontend_sync(s->fe);
}

int session_resume_rings(struct session *s)
{
	return start_rings(s, true);
}

static bool any_running(const struct session *s)
{
	for (unsigned int i = 0; i < s->num_queues; i++) {
		if (s->running[i])
			return true;
	}
	return false;
}

/* Asks for those that were started, whatever the kernel says of them now. */
static int stop_rings(struct session *s)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < s->num_queues; i++) {
		if (s->running[i])
			ret = frontend_stop_queue(s->fe, i);
		s->running[i] = false;
	}
	return ret;
}

bool session_waits(struct session *s)
{
	struct vlb_queue_state state;

	for (unsigned int i = 0; i < s->num_queues; i++) {
		if (s->running[i] && !module_get_queue(s->mod, i, &state) && state.ready &&
			state.used_idx != state.avail_idx)
			return true;
	}
	return false;
}

static int get_config(struct session *s, const struct vlb_request *req, struct vlb_response *resp)
{
	uint8_t config[VLB_MAX_CONFIG];
	int ret;

	if (req->offset > s->config_size || req->len > s->config_size - req->offset)
		return -EINVAL;
	/* All of it each time: it may depend on what was written last (virtio-input selects), so nothing is kept. */
	ret = config_read(&s->config, s->fe, config);
	if (ret)
		return ret;
	memcpy(resp->data, config + req->offset, req->len);
	resp->len = req->len;
	return 0;
}

static int set_config(struct session *s, const struct vlb_request *req)
{
	if (req->offset > s->config_size || req->len > s->config_size - req->offset)
		return -EINVAL;
	return config_write(&s->config, s->fe, req->offset, req->data, req->len);
}

/* A daemon that is not there any more, or goes now, has nothing to let go of. */
static int reset(struct session *s)
{
	bool dirty = s->status;
	int ret = 0;

	if (s->fe && s->started)
		ret = stop_rings(s);
	if (s->fe && dirty && !ret)
		ret = frontend_reset(s->fe);
	s->started = false;
	s->taken = 0;
	return s->fe && frontend_broken(s->fe) == -ECONNRESET ? 0 : ret;
}

void session_end(struct session *s)
{
	if (!s->fe || !s->started || frontend_broken(s->fe))
		return;
	frontend_start_clock(s->fe);
	reset(s);
}

static int set_status(struct session *s, const struct vlb_request *req)
{
	int ret = 0;

	if (!req->status) {
		ret = reset(s);
	} else if (!s->fe) {
		ret = -ENOTCONN;
	} else if (req->status & VIRTIO_CONFIG_S_FAILED) {
		/* The driver gave up. It may not say 0 before it tries again. */
		ret = reset(s);
	} else if (req->status & VIRTIO_CONFIG_S_DRIVER_OK && !s->started) {
		/* Even if the daemon offers it: those that it gets need no translation. */
		s->taken = req->features & ~BIT(VIRTIO_F_ACCESS_PLATFORM);
		ret = start_rings(s, false);
		s->started = !ret && any_running(s);
		if (ret && !frontend_broken(s->fe))
			stop_rings(s);
	}
	s->status = req->status;
	return ret;
}

void session_handle(struct session *s, const struct vlb_request *req, struct vlb_response *resp)
{
	int ret;

	*resp = (struct vlb_response) { .id = req->id };
	if (s->fe)
		frontend_start_clock(s->fe);
	if (req->type == VLB_REQ_STATUS)
		ret = set_status(s, req);
	else if (!s->fe)
		ret = -ENOTCONN;
	else if (req->type == VLB_REQ_CONFIG_GET)
		ret = get_config(s, req, resp);
	else if (req->type == VLB_REQ_CONFIG_SET)
		ret = set_config(s, req);
	else
		ret = -EOPNOTSUPP;
	resp->error = (uint32_t)-ret;
	vhu_debug("kernel request %u (type %u, status %#x, offset %u, len %u): %s", req->id, req->type, req->status,
		req->offset, req->len, ret ? strerror(-ret) : "done");
}
