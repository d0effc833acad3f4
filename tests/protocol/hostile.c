// SPDX-License-Identifier: MIT
#include "tests/protocol/hostile.h"

#include <string.h>
#include <sys/socket.h>

#define BIT(n) (UINT64_C(1) << (n))

void raw_fds(struct frontend *fe, const void *data, size_t len, int fd, unsigned int times)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned int i;

	memset(&control, 0, sizeof(control));
	if (times) {
		struct cmsghdr *c;

		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(times * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(times * sizeof(int));
		for (i = 0; i < times; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(fd));
	}
	(void)!sendmsg(fe->fd, &mh, MSG_NOSIGNAL);
}

void raw_bytes(struct frontend *fe, const void *data, size_t len)
{
	raw_fds(fe, data, len, -1, 0);
}

void raw_msg(struct frontend *fe, struct vhu_msg *msg)
{
	msg->flags |= VHU_VERSION;
	vhu_channel_send(fe->fd, msg, FE_TIMEOUT_MS);
}

void hostile_set_up(struct frontend *fe)
{
	fe_negotiate(fe, UINT64_MAX, UINT64_MAX & ~BIT(VHU_PF_REPLY_ACK));
	fe_share_memory(fe);
}

unsigned int hostile_queue(const struct frontend *fe)
{
	return fe->num_queues ? fe->num_queues - 1 : 0;
}

struct drv_ring *hostile_ring(struct frontend *fe)
{
	hostile_set_up(fe);
	fe_queue_start(fe, hostile_queue(fe), HOSTILE_SIZE, 0);
	fe_alive(fe);
	return &fe->queues[hostile_queue(fe)].ring;
}
