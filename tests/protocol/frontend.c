// SPDX-License-Identifier: MIT
#include "tests/protocol/frontend.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void fe_init(struct frontend *fe)
{
	unsigned int i;

	memset(fe, 0, sizeof(*fe));
	fe->fd = fe->channel = fe->mem_fd = -1;
	for (i = 0; i < FE_MAX_QUEUES; i++)
		fe->queues[i].kick = fe->queues[i].call = -1;
}

int fe_adopt(struct frontend *fe, int fd)
{
	fe_init(fe);
	fe->fd = fd;
	fe->mem_fd = memfd_create("guest", MFD_CLOEXEC);
	if (fe->mem_fd < 0 || ftruncate(fe->mem_fd, FE_MEM_BYTES) < 0)
		return -errno;
	fe->mem = mmap(NULL, FE_MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fe->mem_fd, 0);
	return fe->mem == MAP_FAILED ? -errno : 0;
}

int fe_connect(struct frontend *fe, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fe_adopt(fe, fd);
}

void fe_close(struct frontend *fe)
{
	unsigned int i;

	for (i = 0; i < FE_MAX_QUEUES; i++) {
		close_fd(&fe->queues[i].kick);
		close_fd(&fe->queues[i].call);
	}
	close_fd(&fe->fd);
	close_fd(&fe->channel);
	if (fe->mem && fe->mem != MAP_FAILED)
		munmap(fe->mem, FE_MEM_BYTES);
	fe->mem = NULL;
	close_fd(&fe->mem_fd);
}

static int receive_reply(struct frontend *fe, uint32_t request, struct vhu_msg *msg)
{
	int r = vhu_channel_recv(fe->fd, msg, FE_TIMEOUT_MS);

	if (r < 0)
		return r;
	if (msg->request != request || msg->flags != (VHU_VERSION | VHU_FLAG_REPLY) || msg->num_fds) {
		vhu_msg_close_fds(msg);
		return -EBADMSG;
	}
	return 0;
}

int fe_send(struct frontend *fe, struct vhu_msg *msg)
{
	bool ack = fe->protocol_features & BIT(VHU_PF_REPLY_ACK);
	struct vhu_msg reply;
	int r;

	msg->flags = VHU_VERSION | (ack ? VHU_FLAG_NEED_REPLY : 0);
	r = vhu_channel_send(fe->fd, msg, FE_TIMEOUT_MS);
	if (r < 0 || !ack)
		return r;
	r = receive_reply(fe, msg->request, &reply);
	if (r < 0)
		return r;
	if (reply.size != sizeof(uint64_t))
		return -EBADMSG;
	return reply.payload.u64 ? -EREMOTEIO : 0;
}

int fe_ask(struct frontend *fe, struct vhu_msg *msg)
{
	uint32_t request = msg->request;
	int r;

	msg->flags = VHU_VERSION;
	r = vhu_channel_send(fe->fd, msg, FE_TIMEOUT_MS);
	return r < 0 ? r : receive_reply(fe, request, msg);
}

int fe_get_u64(struct frontend *fe, uint32_t request, uint64_t *value)
{
	struct vhu_msg msg = { .request = request };
	int r = fe_ask(fe, &msg);

	if (r < 0)
		return r;
	*value = msg.payload.u64;
	return msg.size == sizeof(*value) ? 0 : -EBADMSG;
}

int fe_set_u64(struct frontend *fe, uint32_t request, uint64_t value)
{
	struct vhu_msg msg = { .request = request, .size = sizeof(value), .payload.u64 = value };

	return fe_send(fe, &msg);
}

int fe_set_state(struct frontend *fe, uint32_t request, uint32_t index, uint32_t num)
{
	struct vhu_msg msg = { .request = request, .size = sizeof(msg.payload.state), .payload.state = { index, num } };

	return fe_send(fe, &msg);
}

int fe_set_fd(struct frontend *fe, uint32_t request, unsigned int index, int fd)
{
	struct vhu_msg msg = { .request = request, .size = sizeof(uint64_t), .payload.u64 = index };

	if (fd < 0) {
		msg.payload.u64 |= VHU_VRING_NOFD;
	} else {
		msg.num_fds = 1;
		msg.fds[0] = fd;
	}
	return fe_send(fe, &msg);
}

int fe_get_config(struct frontend *fe, uint32_t offset, void *data, uint32_t len)
{
	struct vhu_msg msg = { .request = VHU_GET_CONFIG,
		.size = VHU_CONFIG_HEADER + len,
		.payload.config = { .offset = offset, .size = len } };
	int r = fe_ask(fe, &msg);

	if (r < 0)
		return r;
	if (msg.size != VHU_CONFIG_HEADER + msg.payload.config.size)
		return -EBADMSG;
	if (!msg.payload.config.size)
		return -EREMOTEIO;
	memcpy(data, msg.payload.config.data, len);
	return msg.payload.config.size == len ? 0 : -EBADMSG;
}

int fe_set_config(struct frontend *fe, uint32_t offset, const void *data, uint32_t len)
{
	struct vhu_msg msg = { .request = VHU_SET_CONFIG,
		.size = VHU_CONFIG_HEADER + len,
		.payload.config = { .offset = offset, .size = len } };

	memcpy(msg.payload.config.data, data, len);
	return fe_send(fe, &msg);
}

int fe_negotiate(struct frontend *fe, uint64_t features, uint64_t protocol)
{
	uint64_t offered, num = 1;
	int r;

	r = fe_get_u64(fe, VHU_GET_FEATURES, &offered);
	if (r < 0)
		return r;
	fe->features = offered & features;
	if (fe->features & BIT(VHU_F_PROTOCOL_FEATURES)) {
		r = fe_get_u64(fe, VHU_GET_PROTOCOL_FEATURES, &offered);
		if (r == 0)
			r = fe_set_u64(fe, VHU_SET_PROTOCOL_FEATURES, offered & protocol);
		if (r < 0)
			return r;
		fe->protocol_features = offered & protocol;
		r = fe_get_u64(fe, VHU_GET_QUEUE_NUM, &num);
		if (r < 0)
			return r;
	}
	fe->num_queues = num > FE_MAX_QUEUES ? FE_MAX_QUEUES : (unsigned int)num;
	r = fe_send(fe, &(struct vhu_msg) { .request = VHU_SET_OWNER });
	return r < 0 ? r : fe_set_u64(fe, VHU_SET_FEATURES, fe->features);
}

struct vhu_msg fe_mem_table(const struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_SET_MEM_TABLE, .num_fds = 1 };

	msg.size = offsetof(struct vhu_mem_table, regions) + sizeof(struct vhu_mem_region);
	msg.payload.mem.num_regions = 1;
	msg.payload.mem.regions[0] = (struct vhu_mem_region) { FE_GUEST, FE_MEM_BYTES, FE_USER, 0 };
	msg.fds[0] = fe->mem_fd;
	return msg;
}

int fe_share_memory(struct frontend *fe)
{
	struct vhu_msg msg = fe_mem_table(fe);

	return fe_send(fe, &msg);
}

int fe_open_channel(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_SET_BACKEND_REQ_FD, .num_fds = 1 };
	int sv[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	msg.fds[0] = sv[1];
	r = fe_send(fe, &msg);
	close(sv[1]);
	fe->channel = sv[0];
	return r;
}

struct vhu_msg fe_ring_addr(const struct frontend *fe, unsigned int index)
{
	uint64_t base = FE_USER + index * FE_QUEUE_ROOM;
	unsigned int size = fe->queues[index].ring.size;
	struct vhu_msg msg = { .request = VHU_SET_VRING_ADDR, .size = sizeof(msg.payload.addr) };

	msg.payload.addr.index = index;
	msg.payload.addr.desc = base;
	msg.payload.addr.avail = base + drv_avail_offset(size);
	msg.payload.addr.used = base + drv_used_offset(size);
	return msg;
}

static int queue_descriptors(struct frontend *fe, unsigned int index)
{
	struct fe_queue *q = &fe->queues[index];
	int r;

	close_fd(&q->kick);
	close_fd(&q->call);
	q->kick = eventfd(0, EFD_CLOEXEC);
	q->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = fe_set_fd(fe, VHU_SET_VRING_CALL, index, q->call);
	return r < 0 ? r : fe_set_fd(fe, VHU_SET_VRING_KICK, index, q->kick);
}

int fe_queue_start(struct frontend *fe, unsigned int index, unsigned int size, uint16_t base)
{
	struct fe_queue *q = &fe->queues[index];
	struct vhu_msg addr;
	int r;

	drv_init(&q->ring, size, fe->mem + index * FE_QUEUE_ROOM, fe->features & BIT(VIRTIO_RING_F_EVENT_IDX));
	drv_set_index(&q->ring, base);
	addr = fe_ring_addr(fe, index);
	r = fe_set_state(fe, VHU_SET_VRING_NUM, index, size);
	if (r == 0)
		r = fe_set_state(fe, VHU_SET_VRING_BASE, index, base);
	if (r == 0)
		r = fe_send(fe, &addr);
	if (r == 0)
		r = queue_descriptors(fe, index);
	if (r == 0 && (fe->features & BIT(VHU_F_PROTOCOL_FEATURES)))
		r = fe_set_state(fe, VHU_SET_VRING_ENABLE, index, 1);
	return r;
}

int fe_queue_stop(struct frontend *fe, unsigned int index, uint16_t *base)
{
	struct vhu_msg msg = {
		.request = VHU_GET_VRING_BASE, .size = sizeof(msg.payload.state), .payload.state.index = index
	};
	int r = fe_ask(fe, &msg);

	if (r < 0)
		return r;
	if (msg.size != sizeof(msg.payload.state) || msg.payload.state.index != index)
		return -EBADMSG;
	*base = (uint16_t)msg.payload.state.num;
	return 0;
}

int fe_start_all(struct frontend *fe, unsigned int size)
{
	unsigned int i;
	int r;

	r = fe_negotiate(fe, UINT64_MAX, UINT64_MAX);
	if (r == 0)
		r = fe_share_memory(fe);
	for (i = 0; r == 0 && i < fe->num_queues; i++)
		r = fe_queue_start(fe, i, size, 0);
	return r;
}

void fe_kick(struct frontend *fe, unsigned int index)
{
	const uint64_t one = 1;

	if (write(fe->queues[index].kick, &one, sizeof(one)) != sizeof(one))
		abort();
}

bool fe_wait_call(struct frontend *fe, unsigned int index, int timeout_ms)
{
	struct pollfd pfd = { .fd = fe->queues[index].call, .events = POLLIN };
	uint64_t count;

	if (poll(&pfd, 1, timeout_ms) != 1)
		return false;
	return read(pfd.fd, &count, sizeof(count)) == sizeof(count);
}

bool fe_wait_closed(struct frontend *fe, int timeout_ms)
{
	struct pollfd pfd = { .fd = fe->fd, .events = POLLIN };
	struct timespec now;
	int64_t end;
	char buf[4096];

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + timeout_ms;
	for (;;) {
		ssize_t n;
		int64_t left;

		clock_gettime(CLOCK_MONOTONIC, &now);
		left = end - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
		if (left < 0 || poll(&pfd, 1, (int)left) != 1)
			return false;
		n = recv(fe->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
	}
}

bool fe_alive(struct frontend *fe)
{
	uint64_t features;

	return fe_get_u64(fe, VHU_GET_FEATURES, &features) == 0 && (features & BIT(VIRTIO_F_VERSION_1));
}
