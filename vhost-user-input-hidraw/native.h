/* SPDX-License-Identifier: MIT */
/*
 * The event node that the host's own driver (hid-multitouch) makes of the same
 * panel. Reading hidraw does not silence it: where driver and daemon share one
 * kernel every finger would arrive twice. It is grabbed (EVIOCGRAB) for as long
 * as the panel is ours, also when it appears later than the hidraw node.
 */
#ifndef NATIVE_H
#define NATIVE_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct native;

/* 0, -ENOMEM or what udev said. */
int native_new(sd_event *event, struct native **native);
void native_free(struct native *native); /* releases; NULL is fine */

/*
 * Grab the touch screen nodes of the HID device at @sysfs, now and when they
 * appear. A node that cannot be grabbed is logged and left alone. @settled: the
 * device is there for longer; if not, a node that may not be opened is tried
 * again when udev has set its permissions.
 */
void native_follow(struct native *native, const char *sysfs, bool settled);
void native_release(struct native *native);

#endif /* NATIVE_H */
