/* SPDX-License-Identifier: MIT */
/* One hidraw node (Documentation/hid/hidraw.rst). */
#ifndef HIDRAW_H
#define HIDRAW_H

#include "source.h"

/* The kernel keeps 63 reports for a reader and throws further ones away (drivers/hid/hidraw.c). */
#define HIDRAW_KEPT_REPORTS 63

/**
 * hidraw_open - open a node and understand its device
 * @path: the node
 * @fd: non-blocking, the caller's
 * @info: all is filled in but what sysfs knows: @sysfs, @phys and the identity's version; touch is the caller's
 * @error: a whole sentence without its full stop, filled in unless 0 is returned
 *
 * Returns 0, -ENODEV (no touch screen), -EINVAL (its descriptor makes no sense),
 * -ENOTTY (not a hidraw node), -ENXIO (it has gone meanwhile) or -errno of open(2).
 * Asking the device may take the kernel's time-out, five seconds on USB.
 */
int hidraw_open(const char *path, int *fd, struct source_info *info, struct hid_error *error);

/* Parse @size bytes of a report descriptor into @touch; @name is for the sentence. As hidraw_open(). */
int hidraw_understand(
	const char *name, const uint8_t *descriptor, size_t size, struct hid_touch **touch, struct hid_error *error);

#endif /* HIDRAW_H */
