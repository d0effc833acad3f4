// SPDX-License-Identifier: MIT
/*
 * A CAN interface for tests on machines whose kernel has no CAN: the test program is the helper
 * (can-port.h) and the bus (can-raw.h) of a vhost-user-can that is otherwise the real one.
 * It listens at $CAN_FAKE. Frames come with struct can_fake_tail behind them, and go without. A message of no bytes: the
 * interface went down.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/protocol/can-fake.h"
#include "vhost-user-can/can-port.h"
#include "vhost-user-can/can-raw.h"

int can_port_takes_fd(const char *name)
{
	return 1;
}

int can_port_open(const struct can_port_config *config)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("CAN_FAKE");
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || !path)
		return -ENOENT;
	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -ECONNREFUSED;
	}
	return fd;
}

int can_raw_send(int fd, const struct can_msg *msg)
{
	if (send(fd, &msg->frame, msg->fd ? CANFD_MTU : CAN_MTU, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	/* what a CAN interface says when its queue is full */
	return errno == EAGAIN ? -ENOBUFS : -errno;
}

int can_raw_receive(int fd, struct can_received *received)
{
	struct can_fake_tail tail;
	char bytes[CANFD_MTU + sizeof(tail)];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	if (n == 0)
		return -ENETDOWN;
	n -= (ssize_t)sizeof(tail);
	if (n != CAN_MTU && n != CANFD_MTU)
		return -ENOMSG;
	memcpy(&received->msg.frame, bytes, (size_t)n);
	memcpy(&tail, bytes + n, sizeof(tail));
	received->msg.fd = n == CANFD_MTU;
	received->own = tail.own;
	received->lost = tail.lost;
	return 0;
}
