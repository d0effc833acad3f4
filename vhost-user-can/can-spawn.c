// SPDX-License-Identifier: MIT
/* The part of can-port.h that starts the helper. */
#include <errno.h>
#include <linux/can.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "can-helper.h"

int can_port_takes_fd(const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	/* This question the kernel answers without its lock, rtnetlink's it would not. */
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	ret = ioctl(fd, SIOCGIFMTU, &request) < 0 ? -errno : request.ifr_mtu >= (int)CANFD_MTU;
	close(fd);
	return ret;
}

int can_port_open(const struct can_port_config *config)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		int ret = -errno;

		close(pair[0]);
		close(pair[1]);
		return ret;
	}
	if (!pid) {
		/* It must outlive whatever else the daemon had open: its own end closes last. */
		dup2(pair[1], STDERR_FILENO + 1);
		close_range(STDERR_FILENO + 2, ~0U, 0);
		_exit(can_helper_run(config, STDERR_FILENO + 1));
	}
	close(pair[1]);
	return pair[0];
}
