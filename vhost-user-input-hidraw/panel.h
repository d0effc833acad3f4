/* SPDX-License-Identifier: MIT */
/*
 * A panel as a source of reports: found through udev, read through hidraw, and
 * picked up again after it was away, be it unplugged or restarting itself.
 */
#ifndef PANEL_H
#define PANEL_H

#include <systemd/sd-event.h>

#include "source.h"
#include "worker.h"

struct panel;

/**
 * struct panel_match - which panel
 * @vendor, @product: its ids; not looked at when @path is given
 * @serial: its serial number, NULL: any
 * @path: its hidraw node or a link to it, NULL: any
 */
struct panel_match {
	uint16_t vendor;
	uint16_t product;
	const char *serial;
	const char *path;
};

/**
 * panel_new - prepare to look for a panel
 * @match: its strings must live as long as the panel
 * @event: NULL for a panel that is only looked at, see panel_peek()
 * @worker: opens the panel when it comes back; outlives the panel. NULL as @event
 *
 * Nothing is searched yet. Returns 0 or -errno.
 */
int panel_new(const struct panel_match *match, sd_event *event, struct worker *worker, const struct source_ops *ops,
	void *context, struct panel **panel);
void panel_free(struct panel *panel); /* NULL is fine; says nothing to the ops */

/**
 * panel_open - find the panel and begin to read it
 * @error: a whole sentence without its full stop, filled in unless 0 is returned
 *
 * May block for as long as the panel takes to answer. Returns 0 (ops->found was called), -ENODEV (there is none), -ENOTUNIQ (there are
 * several), what hidraw_open() or ops->found said. After a failure other than of
 * ops->found, the panel is taken as soon as it is plugged in.
 */
int panel_open(struct panel *panel, struct hid_error *error);

/* Is it there, being read? */
bool panel_present(const struct panel *panel);

/* Find the panel as panel_open() does, tell what it is, and let go of it; info->touch is the caller's. */
int panel_peek(struct panel *panel, struct source_info *info, struct hid_error *error);

#endif /* PANEL_H */
