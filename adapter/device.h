/* SPDX-License-Identifier: MIT */
/*
 * The life of one device: wait for its daemon, create it in the kernel, serve the
 * kernel's requests, survive the daemon.
 *
 *	daemon		kernel device	driver
 *	none		none		-		waiting: connect again and again
 *	connected	created		unbound		idle
 *	connected	created		bound		running; systemd is told READY=1
 *	none		created		unbound/bound	away: until --grace has passed, the
 *							daemon is back, or the adapter ends
 */
#ifndef ADAPTER_DEVICE_H
#define ADAPTER_DEVICE_H

#include <systemd/sd-event.h>

#include "adapter/options.h"

struct device;

/**
 * device_new - start the life of a device
 * @opt: stays the caller's and must outlive the device
 * @event: the loop; a reference is taken. It ends with sd_event_exit() and a negative
 *	errno when the device cannot go on; why has been logged then
 *
 * Returns 0, or -errno after the reason was logged.
 */
int device_new(const struct options *opt, sd_event *event, struct device **dev);
void device_free(struct device *dev); /* takes it away from the kernel; NULL is fine */

#endif /* ADAPTER_DEVICE_H */
