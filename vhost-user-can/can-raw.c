// SPDX-License-Identifier: MIT
#include "can-raw.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int can_raw_send(int fd, const struct can_msg *msg)
{
	size_t len = msg->fd ? CANFD_MTU : CAN_MTU;

	return send(fd, &msg->frame, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static uint32_t lost_frames(struct msghdr *msg)
{
	uint32_t lost = 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SO_RXQ_OVFL)
			memcpy(&lost, CMSG_DATA(cmsg), sizeof(lost));
	}
	return lost;
}

int can_raw_receive(int fd, struct can_received *received)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
	} control;
	struct iovec iov = { &received->msg.frame, sizeof(received->msg.frame) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	if (n != CAN_MTU && n != CANFD_MTU)
		return -ENOMSG;
	received->msg.fd = n == CANFD_MTU;
	received->own = msg.msg_flags & MSG_CONFIRM;
	received->lost = lost_frames(&msg);
	return 0;
}
