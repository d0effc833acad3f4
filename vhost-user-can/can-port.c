// SPDX-License-Identifier: MIT
#include "can-port.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int can_port_order(int fd, enum can_port_order order)
{
	uint8_t byte = (uint8_t)order;

	return send(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int can_port_report(int fd, struct can_port_report *report, int *socket)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { report, sizeof(*report) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *cmsg;

	*socket = -1;
	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : -ECONNRESET;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(socket, CMSG_DATA(cmsg), sizeof(*socket));
	if (n == (ssize_t)sizeof(*report))
		return 0;
	if (*socket >= 0)
		close(*socket);
	*socket = -1;
	return -ECONNRESET;
}
