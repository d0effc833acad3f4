// SPDX-License-Identifier: MIT
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* One socket operation under way. */
struct transfer {
	int fd;
	int64_t deadline_ms; /* CLOCK_MONOTONIC; -1: none */
};

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int) * VHU_MAX_FDS)];
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct transfer transfer_begin(int fd, int timeout_ms)
{
	return (struct transfer) { .fd = fd, .deadline_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms };
}

/* Sleeps until the socket is ready for @events or the deadline has passed. */
static int transfer_wait(const struct transfer *t, short events)
{
	struct pollfd pfd = { .fd = t->fd, .events = events };

	for (;;) {
		int64_t left = t->deadline_ms < 0 ? -1 : t->deadline_ms - now_ms();
		int r;

		if (t->deadline_ms >= 0 && left < 0)
			left = 0;
		r = poll(&pfd, 1, (int)left);
		if (r > 0)
			return (pfd.revents & POLLNVAL) ? -EBADF : 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static bool would_block(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK;
}

/* Moves the descriptors out of the control data; what does not fit is closed. */
static bool take_fds(struct msghdr *mh, struct vhu_msg *msg)
{
	bool fits = true;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t num, i;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		num = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < num; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (msg->num_fds < VHU_MAX_FDS) {
				msg->fds[msg->num_fds++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

/*
 * Reads @len bytes. Descriptors may come with the first of them only if @msg is
 * given; at any other place the kernel drops them and says so, which is an error.
 */
static int recv_bytes(const struct transfer *t, void *buf, size_t len, struct vhu_msg *msg)
{
	size_t done = 0;

	while (done < len) {
		union control control;
		struct iovec iov = { .iov_base = (char *)buf + done, .iov_len = len - done };
		struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n;
		int r;

		if (msg && done == 0) {
			mh.msg_control = control.space;
			mh.msg_controllen = sizeof(control.space);
		}
		n = recvmsg(t->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0 && would_block(errno)) {
			r = transfer_wait(t, POLLIN);
			if (r < 0)
				return r;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ECONNRESET;
		if (msg && mh.msg_controllen && !take_fds(&mh, msg))
			return -EPROTO;
		if (mh.msg_flags & MSG_CTRUNC)
			return -EPROTO;
		done += (size_t)n;
	}
	return 0;
}

static int recv_message(const struct transfer *t, struct vhu_msg *msg)
{
	struct vhu_header header;
	int r;

	r = recv_bytes(t, &header, sizeof(header), msg);
	if (r < 0)
		return r;
	if ((header.flags & VHU_VERSION_MASK) != VHU_VERSION || header.size > sizeof(msg->payload))
		return -EPROTO;
	msg->request = header.request;
	msg->flags = header.flags;
	msg->size = header.size;
	return recv_bytes(t, &msg->payload, header.size, NULL);
}

int vhu_channel_recv(int fd, struct vhu_msg *msg, int timeout_ms)
{
	struct transfer t = transfer_begin(fd, timeout_ms);
	int r;

	memset(msg, 0, sizeof(*msg));
	r = recv_message(&t, msg);
	if (r < 0)
		vhu_msg_close_fds(msg);
	return r;
}

static void attach_fds(struct msghdr *mh, union control *control, const struct vhu_msg *msg)
{
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	mh->msg_control = control->space;
	mh->msg_controllen = CMSG_SPACE(sizeof(int) * msg->num_fds);
	c = CMSG_FIRSTHDR(mh);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * msg->num_fds);
	memcpy(CMSG_DATA(c), msg->fds, sizeof(int) * msg->num_fds);
}

int vhu_channel_send(int fd, const struct vhu_msg *msg, int timeout_ms)
{
	struct transfer t = transfer_begin(fd, timeout_ms);
	struct vhu_header header = { .request = msg->request, .flags = msg->flags, .size = msg->size };
	char bytes[sizeof(header) + sizeof(msg->payload)];
	size_t len = sizeof(header) + msg->size, done = 0;

	if (msg->size > sizeof(msg->payload) || msg->num_fds > VHU_MAX_FDS)
		return -EINVAL;
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &msg->payload, msg->size);

	while (done < len) {
		union control control;
		struct iovec iov = { .iov_base = bytes + done, .iov_len = len - done };
		struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n;
		int r;

		if (done == 0 && msg->num_fds)
			attach_fds(&mh, &control, msg);
		n = sendmsg(fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && would_block(errno)) {
			r = transfer_wait(&t, POLLOUT);
			if (r < 0)
				return r;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EPIPE ? -ECONNRESET : -errno;
		done += (size_t)n;
	}
	return 0;
}

void vhu_msg_close_fds(struct vhu_msg *msg)
{
	unsigned int i;

	for (i = 0; i < msg->num_fds; i++)
		if (msg->fds[i] >= 0)
			close(msg->fds[i]);
	msg->num_fds = 0;
}
