/* SPDX-License-Identifier: MIT */
/*
 * The screens of a GPU: the front-end's end of the vhost-user-gpu socket (QEMU's
 * docs/interop/vhost-user-gpu.rst), on a thread of its own, because a daemon may
 * block on it while the adapter waits for that same daemon.
 *
 * What arrives is checked and cut into small pieces here; who shows it gets
 * calls of a struct screen. Nobody need: without one pictures are read and forgotten,
 * and the daemon gets its answers all the same.
 */
#ifndef ADAPTER_DISPLAY_H
#define ADAPTER_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define DISPLAY_MAX_SCREENS 16 /* VIRTIO_GPU_MAX_SCANOUTS */
#define DISPLAY_MAX_SIZE    8192 /* pixels in one direction */

struct display;

/**
 * struct display_rect - a part of a screen
 * @screen: less than the number of screens
 * @x: like the others in pixels; x + width and y + height are at most DISPLAY_MAX_SIZE
 */
struct display_rect {
	unsigned int screen;
	unsigned int x;
	unsigned int y;
	unsigned int width;
	unsigned int height;
};

/**
 * struct screen - who shows pictures; all calls come from the display's thread, any may be NULL
 * @resize: a screen has this size from now on; 0 by 0: it is dark
 * @row: @rect is one row high; @pixels are rect->width times x8r8g8b8, the caller's after the call
 * @done: all rows of one picture have come
 * @gone: the daemon hung up, or was hung up on; all screens are dark
 */
struct screen {
	void (*resize)(void *data, unsigned int screen, unsigned int width, unsigned int height);
	void (*row)(void *data, const struct display_rect *rect, const uint32_t *pixels);
	void (*done)(void *data, unsigned int screen);
	void (*gone)(void *data);
};

/**
 * display_new - screens that nobody draws on yet
 * @width: what the driver is told to be the best size; likewise @height. 0: 1280 by 800
 * @num_screens: 1 to DISPLAY_MAX_SCREENS
 * @screen: who shows them; must outlive the display. NULL: nobody
 *
 * Returns 0 or -errno.
 */
int display_new(unsigned int width, unsigned int height, unsigned int num_screens, const struct screen *screen,
	void *data, struct display **display);
void display_free(struct display *d); /* hangs up first; NULL is fine */

/*
 * Hang up on the last daemon and make a connection for the next. *@fd is the daemon's end,
 * for VHOST_USER_GPU_SET_SOCKET, and the caller's to close. 0 or -errno.
 */
int display_connect(struct display *d, int *fd);
void display_disconnect(struct display *d); /* waits for the thread; without a connection it does nothing */

#endif /* ADAPTER_DISPLAY_H */
