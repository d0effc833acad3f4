/* SPDX-License-Identifier: MIT */
/*
 * Sockets that one waits at: that of the front-end, and of devices that have others. The
 * functions log what is wrong, in one sentence, and return -errno.
 */
#ifndef VHU_LISTEN_H
#define VHU_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>

/**
 * struct vhu_listener - an open socket
 * @fd: the socket
 * @connected: it is a connection already, not a place to wait for one
 * @path: to be removed at the end, if it is still ours; NULL: somebody else's business
 * @st: how we know that it is
 */
struct vhu_listener {
	int fd;
	bool connected;
	const char *path;
	struct stat st;
};

/*
 * --socket-path; @path stays the caller's. The place is taken, but nobody can connect
 * before vhu_listen_open(), as if the daemon was not there yet.
 */
int vhu_listen_path(struct vhu_listener *l, const char *path);
int vhu_listen_fd(struct vhu_listener *l, int fd); /* --fd */
int vhu_listen_systemd(struct vhu_listener *l); /* sd_listen_fds(3); -ENOENT if there is none */
int vhu_listen_open(struct vhu_listener *l); /* for any of them */
void vhu_listen_close(struct vhu_listener *l);

#endif /* VHU_LISTEN_H */
