/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_EVDEV_H
#define DEMO_DUMMY_EVDEV_H

#include <stdio.h>

#include "fault.h"
#include "frame.h"

/* A touch screen's event node, read frame by frame (Documentation/input/multi-touch-protocol.rst). */
struct evdev;

/* Which node: NULL means any. */
struct evdev_match {
	const char *name; /* exactly */
	const char *phys; /* its beginning: "virtio" for virtio_input, "htt70a" for the native node */
};

/*
 * Finds the first touch screen with multitouch slots that matches and waits up
 * to @timeout_ms for it to appear; @path (size bytes) receives its node.
 */
int evdev_find(const struct evdev_match *match, unsigned int timeout_ms, char *path, size_t size, struct fault *fault);

int evdev_open(struct evdev **evdev, const char *path, struct fault *fault);
void evdev_close(struct evdev *evdev);

/* What the node says about itself, as "key value" lines. */
void evdev_describe(const struct evdev *evdev, FILE *out);

/*
 * Waits up to @timeout_ms (-1 for ever) for the next frame and its time.
 * Returns 1 with a frame, 0 on timeout, -EOVERFLOW when the kernel dropped
 * events (the frame is then the state after the gap), -ENODEV when the device
 * has gone, or another -errno.
 */
int evdev_next_frame(struct evdev *evdev, int timeout_ms, struct frame *frame, uint64_t *time_us);

#endif
