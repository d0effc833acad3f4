/* SPDX-License-Identifier: MIT */
/* Looks through sysfs for the hidraw nodes that may be the panel. Opens none of them. */
#ifndef PANEL_FIND_H
#define PANEL_FIND_H

#include <libudev.h>

#include "panel.h"

/* A panel with more interfaces than this, or so many panels at once, are not looked at. */
#define PANEL_MAX_PLACES 16

/* One hidraw node; the strings mean what they do in struct source_info. */
struct panel_place {
	char node[256];
	char sysfs[256];
	char phys[128];
	uint16_t version;
};

/**
 * panel_find - which nodes match?
 * @home: the panel as it was when it was read; only it is looked for then, by its serial number,
 *	or if it has none, by its phys. NULL: any that @match allows
 * @places: the same plug as before comes first
 *
 * Returns how many there are, or -errno.
 */
int panel_find(struct udev *udev, const struct panel_match *match, const struct source_info *home,
	struct panel_place places[PANEL_MAX_PLACES]);

#endif /* PANEL_FIND_H */
