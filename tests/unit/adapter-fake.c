// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapter-fake.h"
#include "channel.h"

#define BIT(n) (1ULL << (n))

void fake_init(struct fake *f)
{
	*f = (struct fake) {
		.features = BIT(VIRTIO_F_VERSION_1) | BIT(VHU_F_PROTOCOL_FEATURES) | BIT(28) | BIT(29) | BIT(24),
		.protocol = BIT(VHU_PF_MQ) | BIT(VHU_PF_REPLY_ACK) | BIT(VHU_PF_BACKEND_REQ) | BIT(VHU_PF_CONFIG) |
			BIT(VHU_PF_RESET_DEVICE) | BIT(VHU_PF_STATUS) | BIT(1),
		.queues = 2,
		.config_size = 136,
		.backend_fd = -1,
		.fd = -1,
		.listen_fd = -1,
	};
}

static void record(struct fake *f, const struct vhu_msg *msg)
{
	unsigned int n = f->num_seen;
	uint64_t value = msg->size == sizeof(msg->payload.state) && msg->request >= VHU_SET_VRING_NUM &&
			msg->request <= VHU_GET_VRING_BASE
		? msg->payload.state.num
		: msg->payload.u64;

	if (n == FAKE_SEEN)
		return;
	f->seen[n] = msg->request;
	f->values[n] = msg->size ? value : 0;
	switch (msg->request) {
	case VHU_SET_FEATURES: f->acked_features = value; break;
	case VHU_SET_PROTOCOL_FEATURES: f->acked_protocol = value; break;
	case VHU_SET_MEM_TABLE: f->region = msg->payload.mem.regions[0]; break;
	case VHU_SET_VRING_ADDR: f->addr = msg->payload.addr; break;
	case VHU_SET_VRING_BASE: f->base[msg->payload.state.index & 3] = msg->payload.state.num; break;
	case VHU_SET_VRING_ENABLE: f->enabled[msg->payload.state.index & 3] = msg->payload.state.num; break;
	default: break;
	}
	__atomic_store_n(&f->num_seen, n + 1, __ATOMIC_RELEASE);
}

/* Turn @msg into its polite answer; false when it has none. */
static bool make_answer(const struct fake *f, struct vhu_msg *msg)
{
	uint64_t value = 0;

	switch (msg->request) {
	case VHU_GET_FEATURES: value = f->features; break;
	case VHU_GET_PROTOCOL_FEATURES: value = f->protocol; break;
	case VHU_GET_QUEUE_NUM: value = f->queues; break;
	case VHU_GET_VRING_BASE: msg->payload.state.num = 7; return true;
	case VHU_GET_CONFIG:
		if (msg->payload.config.offset + msg->payload.config.size > f->config_size)
			msg->size = 0;
		for (uint32_t i = 0; i < msg->payload.config.size && i < VHU_MAX_CONFIG; i++)
			msg->payload.config.data[i] = (uint8_t)i;
		return true;
	default:
		if (!(msg->flags & VHU_FLAG_NEED_REPLY))
			return false;
	}
	msg->size = sizeof(value);
	msg->payload.u64 = value;
	return true;
}

static void trickle(struct fake *f)
{
	struct vhu_header header = { .request = f->faulty, .flags = VHU_VERSION | VHU_FLAG_REPLY, .size = 8 };

	for (size_t i = 0; i < sizeof(header); i++) {
		if (send(f->fd, (char *)&header + i, 1, MSG_NOSIGNAL) < 0)
			return;
		usleep(20000);
	}
}

/* False: end of the connection. */
static bool misbehave(struct fake *f, struct vhu_msg *msg)
{
	switch (f->fault) {
	case FAKE_SILENT: return true;
	case FAKE_HANGUP: return false;
	case FAKE_OTHER_REQUEST: msg->request++; break;
	case FAKE_NO_REPLY_FLAG: msg->flags &= ~VHU_FLAG_REPLY; break;
	case FAKE_WRONG_SIZE: msg->size += msg->size >= 20 ? -4 : 8; break;
	case FAKE_WITH_FD:
		msg->fds[0] = STDIN_FILENO;
		msg->num_fds = 1;
		break;
	case FAKE_GARBAGE: return send(f->fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL) == 28;
	case FAKE_TRICKLE: trickle(f); return true;
	case FAKE_NO:
		if (msg->request == VHU_GET_CONFIG)
			msg->size = 0;
		msg->payload.u64 = 1;
		break;
	case FAKE_UNASKED: vhu_channel_send(f->fd, msg, 1000); break;
	case FAKE_POLITE: break;
	}
	return !vhu_channel_send(f->fd, msg, 1000);
}

static bool serve_one(struct fake *f)
{
	struct vhu_msg msg;
	bool answer;

	if (vhu_channel_recv(f->fd, &msg, -1))
		return false;
	if (msg.request == VHU_SET_BACKEND_REQ_FD && msg.num_fds == 1) {
		if (f->backend_fd >= 0)
			close(f->backend_fd);
		f->backend_fd = msg.fds[0];
		msg.num_fds = 0;
	}
	vhu_msg_close_fds(&msg);
	msg.num_fds = 0;
	record(f, &msg);
	answer = make_answer(f, &msg);
	msg.flags = VHU_VERSION | VHU_FLAG_REPLY;
	if (msg.request == f->faulty && f->fault && answer)
		return misbehave(f, &msg);
	return !answer || !vhu_channel_send(f->fd, &msg, 1000);
}

static void *serve_connection(void *data)
{
	struct fake *f = data;

	while (serve_one(f))
		;
	shutdown(f->fd, SHUT_RDWR);
	return NULL;
}

static void *serve_listener(void *data)
{
	struct fake *f = data;
	int fd;

	while ((fd = accept4(f->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		__atomic_store_n(&f->fd, fd, __ATOMIC_RELEASE);
		serve_connection(f);
		__atomic_store_n(&f->fd, -1, __ATOMIC_RELEASE);
		close(fd);
	}
	return NULL;
}

int fake_start(struct fake *f)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		abort();
	f->fd = fds[1];
	if (pthread_create(&f->thread, NULL, serve_connection, f))
		abort();
	return fds[0];
}

void fake_listen(struct fake *f, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	unlink(path);
	f->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(f->listen_fd, 4))
		abort();
	if (pthread_create(&f->thread, NULL, serve_listener, f))
		abort();
}

void fake_stop(struct fake *f)
{
	int fd = __atomic_load_n(&f->fd, __ATOMIC_ACQUIRE);

	if (f->listen_fd >= 0)
		shutdown(f->listen_fd, SHUT_RDWR);
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	if (f->listen_fd >= 0)
		close(f->listen_fd);
	else
		close(fd);
	if (f->backend_fd >= 0)
		close(f->backend_fd);
	f->fd = f->listen_fd = f->backend_fd = -1;
}

unsigned int fake_count(const struct fake *f, uint32_t request)
{
	unsigned int num = __atomic_load_n(&f->num_seen, __ATOMIC_ACQUIRE), count = 0;

	for (unsigned int i = 0; i < num; i++)
		count += f->seen[i] == request;
	return count;
}

bool fake_wait(const struct fake *f, uint32_t request, unsigned int times)
{
	for (int i = 0; i < 200; i++) {
		if (fake_count(f, request) >= times)
			return true;
		usleep(10000);
	}
	return false;
}

unsigned int fake_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	if (!dir)
		abort();
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
