// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapter/display/display.h"
#include "adapter/display/socket.h"
#include "log.h"

#define DEFAULT_WIDTH  1280
#define DEFAULT_HEIGHT 800

struct display {
	struct gpu_viewer viewer;
	pthread_t thread;
	int fd; /* -1: no thread */
};

int display_new(unsigned int width, unsigned int height, unsigned int num_screens, const struct screen *screen,
	void *data, struct display **display)
{
	struct display *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->fd = -1;
	d->viewer = (struct gpu_viewer) { .num_screens = num_screens, .screen = screen, .data = data };
	d->viewer.info.hdr.type = htole32(VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	for (unsigned int i = 0; i < num_screens; i++) {
		d->viewer.info.pmodes[i].enabled = htole32(1);
		d->viewer.info.pmodes[i].r.width = htole32(width ? width : DEFAULT_WIDTH);
		d->viewer.info.pmodes[i].r.height = htole32(height ? height : DEFAULT_HEIGHT);
	}
	*display = d;
	return 0;
}

void display_free(struct display *d)
{
	if (!d)
		return;
	display_disconnect(d);
	free(d);
}

static void *serve(void *data)
{
	struct display *d = data;
	const char *why = NULL;

	if (gpu_serve(d->fd, &d->viewer, &why)) {
		vhu_warn("the daemon %s; its pictures are not looked at any more", why);
		shutdown(d->fd, SHUT_RDWR);
	}
	return NULL;
}

int display_connect(struct display *d, int *fd)
{
	int fds[2], ret;

	display_disconnect(d);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return -errno;
	d->fd = fds[0];
	ret = -pthread_create(&d->thread, NULL, serve, d);
	if (ret) {
		close(fds[0]);
		close(fds[1]);
		d->fd = -1;
		return ret;
	}
	*fd = fds[1];
	return 0;
}

void display_disconnect(struct display *d)
{
	if (d->fd < 0)
		return;
	/* Wakes the thread, wherever it waits. */
	shutdown(d->fd, SHUT_RDWR);
	pthread_join(d->thread, NULL);
	close(d->fd);
	d->fd = -1;
}
