// SPDX-License-Identifier: MIT
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"

#define BACKLOG 8 /* front-ends that wait while one is served */

/* Does a living process accept connections there? 1, 0 or -errno. */
static int somebody_listens(const struct sockaddr_un *addr)
{
	int fd, r = 1;

	/* not blocking: a full backlog is an answer, too */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0) {
		if (errno == ECONNREFUSED || errno == ENOENT)
			r = 0;
		else if (errno != EAGAIN)
			r = -errno;
	}
	close(fd);
	return r;
}

/* Makes room at the path: what a dead process left behind goes, anything else stays. */
static int clear_path(const struct sockaddr_un *addr)
{
	struct stat st;
	int r;

	if (lstat(addr->sun_path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		r = -errno;
		vhu_err("cannot listen at %s: %s", addr->sun_path, strerror(-r));
		return r;
	}
	if (!S_ISSOCK(st.st_mode)) {
		vhu_err("cannot listen at %s: there is a file that is not a socket; remove it or choose another path",
			addr->sun_path);
		return -EEXIST;
	}
	r = somebody_listens(addr);
	if (r < 0) {
		vhu_err("cannot tell whether the socket %s is in use: %s", addr->sun_path, strerror(-r));
		return r;
	}
	if (r > 0) {
		vhu_err("cannot listen at %s: another process does; stop it or choose another path", addr->sun_path);
		return -EADDRINUSE;
	}
	if (unlink(addr->sun_path) < 0 && errno != ENOENT) {
		r = -errno;
		vhu_err("cannot remove the stale socket %s: %s", addr->sun_path, strerror(-r));
		return r;
	}
	return 0;
}

static const char *bind_hint(int error)
{
	if (error == ENOENT)
		return "; make the directory first";
	if (error == EACCES || error == EROFS)
		return "; choose a directory that you may write to";
	return "";
}

int vhu_listen_path(struct vhu_listener *l, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, r;

	if (!*path || strlen(path) >= sizeof(addr.sun_path)) {
		vhu_err("a socket path has 1 to %zu characters, this one has %zu; choose another path",
			sizeof(addr.sun_path) - 1, strlen(path));
		return -ENAMETOOLONG;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	r = clear_path(&addr);
	if (r < 0)
		return r;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || lstat(path, &l->st) < 0) {
		r = -errno;
		vhu_err("cannot listen at %s: %s%s", path, strerror(-r), bind_hint(-r));
		if (fd >= 0)
			close(fd);
		return r;
	}
	l->fd = fd;
	l->path = path;
	l->connected = false;
	return 0;
}

int vhu_listen_open(struct vhu_listener *l)
{
	int r;

	if (!l->path || listen(l->fd, BACKLOG) == 0)
		return 0;
	r = -errno;
	vhu_err("cannot listen at %s: %s", l->path, strerror(-r));
	return r;
}

static bool is_unix_stream(int fd)
{
	int domain = -1, type = -1;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX &&
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* QEMU's convention passes a connection; a service manager may pass the place to wait for one. */
int vhu_listen_fd(struct vhu_listener *l, int fd)
{
	struct sockaddr_un peer;
	socklen_t len = sizeof(int), peer_len = sizeof(peer);
	int listening = 0;

	if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
		vhu_err("file descriptor %d is not open; pass the number of a Unix stream socket", fd);
		return -EBADF;
	}
	if (!is_unix_stream(fd) || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0) {
		vhu_err("file descriptor %d is not a Unix stream socket; pass the number of one", fd);
		return -ENOTSOCK;
	}
	if (!listening && getpeername(fd, (struct sockaddr *)&peer, &peer_len) < 0) {
		vhu_err("the socket with file descriptor %d is neither connected nor listening; pass one that is", fd);
		return -ENOTCONN;
	}
	/* accepting must not wait for a peer that has given up meanwhile */
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	l->fd = fd;
	l->connected = !listening;
	l->path = NULL;
	return 0;
}

int vhu_listen_systemd(struct vhu_listener *l)
{
	int num = sd_listen_fds(1);

	if (num < 0) {
		vhu_err("cannot use the sockets of the service manager: %s", strerror(-num));
		return num;
	}
	if (num == 0)
		return -ENOENT;
	if (num > 1) {
		vhu_err("the service manager passed %d sockets; one daemon serves one", num);
		return -E2BIG;
	}
	return vhu_listen_fd(l, SD_LISTEN_FDS_START);
}

void vhu_listen_close(struct vhu_listener *l)
{
	struct stat st;

	/* another daemon may have taken the path over in the meantime */
	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->st.st_dev && st.st_ino == l->st.st_ino)
		unlink(l->path);
	l->path = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
