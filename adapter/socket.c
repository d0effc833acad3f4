// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapter/frontend.h"

int frontend_connect(const char *path, int *fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	/* A blocking connect() would sleep for as long as a stopped daemon leaves its backlog full. */
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	if (!connect(*fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 0;
	ret = -errno;
	close(*fd);
	return ret;
}

bool frontend_hung_up(const struct frontend *fe)
{
	struct pollfd fd = { .fd = frontend_fd(fe), .events = POLLRDHUP };

	return poll(&fd, 1, 0) == 1 && fd.revents & (POLLHUP | POLLRDHUP);
}
