// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/virtio_config.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "adapter/frontend.h"
#include "adapter/message.h"
#include "channel.h"

#define BIT(n) (1ULL << (n))

/* STATUS is left out on purpose: who acknowledges it has to send each change of the device status. */
#define WANTED_PROTOCOL \
	(BIT(VHU_PF_MQ) | BIT(VHU_PF_REPLY_ACK) | BIT(VHU_PF_NET_MTU) | BIT(VHU_PF_BACKEND_REQ) | BIT(VHU_PF_CONFIG) | \
		BIT(VHU_PF_RESET_DEVICE))

struct frontend {
	int fd;
	int backend_fd;
	int timeout_ms;
	int64_t deadline; /* milliseconds of CLOCK_MONOTONIC */
	uint64_t features;
	uint64_t protocol; /* negotiated */
	unsigned int max_queues;
	bool pinged; /* frontend_ping() waits for its answer */
	int broken;
	char why[160];
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int time_left(const struct frontend *fe)
{
	int64_t left = fe->deadline - now_ms();

	return left > 0 ? (int)left : 0;
}

static __attribute__((format(printf, 3, 4))) int fail(struct frontend *fe, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fe->why, sizeof(fe->why), fmt, ap);
	va_end(ap);
	return err;
}

static int fail_broken(struct frontend *fe, int err, const char *what, uint32_t request)
{
	const char *name = vhu_request_name(request);

	fe->broken = err == -EPIPE ? -ECONNRESET : err;
	if (err == -ETIMEDOUT)
		return fail(fe, err, "did not answer within %d ms (%s)", fe->timeout_ms, name);
	if (err == -ECONNRESET || err == -EPIPE)
		return fail(fe, err, "hung up (%s)", name);
	if (what)
		return fail(fe, err, "%s (%s)", what, name);
	return fail(fe, err, "failed: %s (%s)", strerror(-err), name);
}

/* Replace @msg by the answer to it. */
static int recv_reply(struct frontend *fe, struct vhu_msg *msg)
{
	uint32_t request = msg->request;
	int ret;

	ret = vhu_channel_recv(fe->fd, msg, time_left(fe));
	if (ret)
		return fail_broken(fe, ret, ret == -EPROTO ? "answered what is no vhost-user message" : NULL, request);
	if (msg->num_fds) {
		vhu_msg_close_fds(msg);
		return fail_broken(fe, -EPROTO, "sent descriptors that nobody asked for", request);
	}
	if (msg->request != request || !(msg->flags & VHU_FLAG_REPLY))
		return fail_broken(fe, -EPROTO, "answered another question than it was asked", request);
	return 0;
}

static int recv_u64(struct frontend *fe, uint32_t request, uint64_t *value)
{
	struct vhu_msg msg = new_msg(request, 0);
	int ret = recv_reply(fe, &msg);

	if (!ret && msg.size != sizeof(*value))
		ret = fail_broken(fe, -EPROTO, "answered with a wrong size", request);
	if (!ret)
		*value = msg.payload.u64;
	return ret;
}

/* Answers come in the order of the questions, that of frontend_ping() first. */
static int recv_pong(struct frontend *fe)
{
	uint64_t features;

	if (!fe->pinged)
		return 0;
	fe->pinged = false;
	return recv_u64(fe, VHU_GET_FEATURES, &features);
}

/* With no time left nothing is sent: the answer could come too late to be believed. */
static int send_msg(struct frontend *fe, const struct vhu_msg *msg)
{
	int ret = recv_pong(fe);
	int left = time_left(fe);

	if (ret)
		return ret;
	ret = left ? vhu_channel_send(fe->fd, msg, left) : -ETIMEDOUT;
	return ret ? fail_broken(fe, ret, NULL, msg->request) : 0;
}

static int ask_u64(struct frontend *fe, uint32_t request, uint64_t *value)
{
	struct vhu_msg msg = new_msg(request, 0);
	int ret = send_msg(fe, &msg);

	return ret ? ret : recv_u64(fe, request, value);
}

/* Send what has no answer of its own, and wait for the daemon's consent if it gives any. */
static int tell(struct frontend *fe, struct vhu_msg *msg)
{
	bool ack = fe->protocol & BIT(VHU_PF_REPLY_ACK);
	int ret;

	if (ack)
		msg->flags |= VHU_FLAG_NEED_REPLY;
	ret = send_msg(fe, msg);
	if (ret || !ack)
		return ret;
	msg->num_fds = 0; /* they were the caller's */
	ret = recv_reply(fe, msg);
	if (ret)
		return ret;
	if (msg->size != sizeof(msg->payload.u64))
		return fail_broken(fe, -EPROTO, "acknowledged with a wrong size", msg->request);
	if (msg->payload.u64)
		return fail(fe, -EIO, "refused %s", vhu_request_name(msg->request));
	return 0;
}

int frontend_new(int fd, int timeout_ms, struct frontend **fe)
{
	*fe = calloc(1, sizeof(**fe));
	if (!*fe) {
		close(fd);
		return -ENOMEM;
	}
	(*fe)->fd = fd;
	(*fe)->backend_fd = -1;
	(*fe)->timeout_ms = timeout_ms;
	frontend_start_clock(*fe);
	return 0;
}

void frontend_free(struct frontend *fe)
{
	if (!fe)
		return;
	close(fe->fd);
	if (fe->backend_fd >= 0)
		close(fe->backend_fd);
	free(fe);
}

void frontend_start_clock(struct frontend *fe)
{
	fe->deadline = now_ms() + fe->timeout_ms;
}

static int open_backend_channel(struct frontend *fe)
{
	struct vhu_msg msg = new_msg(VHU_SET_BACKEND_REQ_FD, 0);
	int fds[2];
	int ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return fail(fe, -errno, "cannot be given a back-end channel: %m");
	msg.fds[0] = fds[1];
	msg.num_fds = 1;
	ret = tell(fe, &msg);
	close(fds[1]);
	if (ret)
		close(fds[0]);
	else
		fe->backend_fd = fds[0];
	return ret;
}

static int negotiate_protocol(struct frontend *fe)
{
	struct vhu_msg msg;
	uint64_t value;
	int ret;

	ret = ask_u64(fe, VHU_GET_PROTOCOL_FEATURES, &value);
	if (ret)
		return ret;
	/* This one cannot be acknowledged: whether answers may be asked for is what it says. */
	value &= WANTED_PROTOCOL;
	msg = u64_msg(VHU_SET_PROTOCOL_FEATURES, value);
	ret = send_msg(fe, &msg);
	if (ret)
		return ret;
	fe->protocol = value;
	if (value & BIT(VHU_PF_MQ)) {
		ret = ask_u64(fe, VHU_GET_QUEUE_NUM, &value);
		if (ret)
			return ret;
		if (!value)
			return fail(fe, -EPROTO, "has no queues");
		fe->max_queues = value > UINT16_MAX ? UINT16_MAX : (unsigned int)value;
	}
	return fe->protocol & BIT(VHU_PF_BACKEND_REQ) ? open_backend_channel(fe) : 0;
}

int frontend_handshake(struct frontend *fe)
{
	struct vhu_msg msg = new_msg(VHU_SET_OWNER, 0);
	int ret;

	ret = ask_u64(fe, VHU_GET_FEATURES, &fe->features);
	if (!ret && fe->features & BIT(VHU_F_PROTOCOL_FEATURES))
		ret = negotiate_protocol(fe);
	return ret ? ret : tell(fe, &msg);
}

uint64_t frontend_features(const struct frontend *fe)
{
	return fe->features;
}

unsigned int frontend_max_queues(const struct frontend *fe)
{
	return fe->max_queues;
}

bool frontend_has_config(const struct frontend *fe)
{
	return fe->protocol & BIT(VHU_PF_CONFIG);
}

int frontend_broken(const struct frontend *fe)
{
	return fe->broken;
}

const char *frontend_why(const struct frontend *fe)
{
	return fe->why;
}

int frontend_get_config(struct frontend *fe, void *data, uint32_t len)
{
	struct vhu_msg msg = config_msg(VHU_GET_CONFIG, 0, len);
	int ret;

	if (!frontend_has_config(fe) || len > VHU_MAX_CONFIG)
		return fail(fe, -EOPNOTSUPP, "serves no configuration space");
	ret = send_msg(fe, &msg);
	if (!ret)
		ret = recv_reply(fe, &msg);
	if (ret)
		return ret;
	/* An empty answer is how the protocol says no. */
	if (!msg.size || (msg.size == VHU_CONFIG_HEADER && !msg.payload.config.size))
		return fail(fe, -EIO, "refused to read %u bytes of configuration space", len);
	if (msg.size != VHU_CONFIG_HEADER + len || msg.payload.config.size != len)
		return fail_broken(fe, -EPROTO, "answered with a wrong size", VHU_GET_CONFIG);
	memcpy(data, msg.payload.config.data, len);
	return 0;
}

int frontend_set_config(struct frontend *fe, uint32_t offset, const void *data, uint32_t len)
{
	struct vhu_msg msg = config_msg(VHU_SET_CONFIG, offset, len);

	if (!frontend_has_config(fe) || len > VHU_MAX_CONFIG)
		return fail(fe, -EOPNOTSUPP, "serves no configuration space");
	memcpy(msg.payload.config.data, data, len);
	return tell(fe, &msg);
}

int frontend_set_features(struct frontend *fe, uint64_t features)
{
	struct vhu_msg msg;

	/* With this bit set rings wait for SET_VRING_ENABLE, without it they start with their kick. */
	features |= fe->features & BIT(VHU_F_PROTOCOL_FEATURES);
	msg = u64_msg(VHU_SET_FEATURES, features);
	return tell(fe, &msg);
}

int frontend_set_memory(struct frontend *fe, int fd, uint64_t addr, uint64_t size)
{
	struct vhu_msg msg = new_msg(VHU_SET_MEM_TABLE, offsetof(struct vhu_mem_table, regions[1]));

	msg.payload.mem.num_regions = 1;
	msg.payload.mem.regions[0] = (struct vhu_mem_region) { .guest_addr = addr, .size = size, .user_addr = addr };
	msg.fds[0] = fd;
	msg.num_fds = 1;
	return tell(fe, &msg);
}

static int send_ring_fd(struct frontend *fe, uint32_t request, unsigned int index, int fd)
{
	struct vhu_msg msg = u64_msg(request, index);

	msg.fds[0] = fd;
	msg.num_fds = 1;
	return tell(fe, &msg);
}

/* Without protocol features there is no such message, and a ring runs from its kick to GET_VRING_BASE. */
static int enable_queue(struct frontend *fe, unsigned int index, bool on)
{
	struct vhu_msg msg = state_msg(VHU_SET_VRING_ENABLE, index, on);

	return fe->features & BIT(VHU_F_PROTOCOL_FEATURES) ? tell(fe, &msg) : 0;
}

int frontend_start_queue(struct frontend *fe, const struct frontend_queue *queue)
{
	struct vhu_msg num = state_msg(VHU_SET_VRING_NUM, queue->index, queue->size);
	struct vhu_msg base = state_msg(VHU_SET_VRING_BASE, queue->index, queue->base);
	struct vhu_msg addr = new_msg(VHU_SET_VRING_ADDR, sizeof(addr.payload.addr));
	int ret;

	addr.payload.addr = (struct vhu_vring_addr) {
		.index = queue->index,
		.desc = queue->desc,
		.used = queue->used,
		.avail = queue->avail,
	};
	/* The kick comes last, as it is what starts a ring where enabling does not. */
	ret = tell(fe, &num);
	if (!ret)
		ret = tell(fe, &base);
	if (!ret)
		ret = tell(fe, &addr);
	if (!ret)
		ret = send_ring_fd(fe, VHU_SET_VRING_CALL, queue->index, queue->call_fd);
	if (!ret)
		ret = send_ring_fd(fe, VHU_SET_VRING_KICK, queue->index, queue->kick_fd);
	return ret ? ret : enable_queue(fe, queue->index, true);
}

int frontend_stop_queue(struct frontend *fe, unsigned int index)
{
	struct vhu_msg msg = state_msg(VHU_GET_VRING_BASE, index, 0);
	int ret;

	ret = enable_queue(fe, index, false);
	if (!ret)
		ret = send_msg(fe, &msg);
	if (!ret)
		ret = recv_reply(fe, &msg);
	if (!ret && (msg.size != sizeof(msg.payload.state) || msg.payload.state.index != index))
		ret = fail_broken(fe, -EPROTO, "answered for another ring", VHU_GET_VRING_BASE);
	return ret;
}

int frontend_set_mtu(struct frontend *fe, unsigned int mtu)
{
	struct vhu_msg msg = u64_msg(VHU_NET_SET_MTU, mtu);

	return fe->protocol & BIT(VHU_PF_NET_MTU) ? tell(fe, &msg) : 0;
}

int frontend_set_gpu_socket(struct frontend *fe, int fd)
{
	struct vhu_msg msg = new_msg(VHU_GPU_SET_SOCKET, 0);

	msg.fds[0] = fd;
	msg.num_fds = 1;
	return tell(fe, &msg);
}

int frontend_reset(struct frontend *fe)
{
	struct vhu_msg msg = new_msg(VHU_RESET_DEVICE, 0);

	return fe->protocol & BIT(VHU_PF_RESET_DEVICE) ? tell(fe, &msg) : 0;
}

int frontend_sync(struct frontend *fe)
{
	uint64_t features;

	if (fe->protocol & BIT(VHU_PF_REPLY_ACK))
		return 0;
	/* Messages are handled in order, so any question with an answer will do. */
	return ask_u64(fe, VHU_GET_FEATURES, &features);
}

int frontend_ping(struct frontend *fe)
{
	struct vhu_msg msg = new_msg(VHU_GET_FEATURES, 0);
	int ret;

	frontend_start_clock(fe);
	if (fe->pinged) {
		fe->broken = -ETIMEDOUT;
		return fail(fe, -ETIMEDOUT, "does not answer while the driver waits for it");
	}
	ret = send_msg(fe, &msg);
	fe->pinged = !ret;
	return ret;
}

int frontend_fd(const struct frontend *fe)
{
	return fe->fd;
}

int frontend_backend_fd(const struct frontend *fe)
{
	return fe->backend_fd;
}

int frontend_idle_input(struct frontend *fe)
{
	char byte;
	ssize_t n = recv(fe->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return 0;
	frontend_start_clock(fe);
	if (n > 0 && fe->pinged)
		return recv_pong(fe);
	fe->broken = n > 0 ? -EPROTO : -ECONNRESET;
	return fail(fe, fe->broken, n > 0 ? "sent a message without being asked" : "hung up");
}

static int close_backend_channel(struct frontend *fe)
{
	close(fe->backend_fd);
	fe->backend_fd = -1;
	return fail(fe, -ECONNRESET, "closed the back-end channel");
}

int frontend_backend_input(struct frontend *fe, bool *config_changed)
{
	struct vhu_msg msg;
	bool need_reply;
	int ret;

	*config_changed = false;
	ret = vhu_channel_recv(fe->backend_fd, &msg, time_left(fe));
	if (ret == -ECONNRESET)
		return close_backend_channel(fe);
	if (ret) {
		fe->broken = ret;
		return fail(fe, ret, "misuses the back-end channel: %s", strerror(-ret));
	}
	/* No request that we know carries descriptors. */
	vhu_msg_close_fds(&msg);
	*config_changed = msg.request == VHU_BACKEND_CONFIG_CHANGE_MSG && !msg.size;
	need_reply = msg.flags & VHU_FLAG_NEED_REPLY;
	if (!need_reply)
		return 0;
	msg = u64_msg(msg.request, !*config_changed);
	msg.flags |= VHU_FLAG_REPLY;
	ret = vhu_channel_send(fe->backend_fd, &msg, time_left(fe));
	if (ret) {
		fe->broken = ret;
		return fail(fe, ret, "does not read the back-end channel: %s", strerror(-ret));
	}
	return 0;
}
