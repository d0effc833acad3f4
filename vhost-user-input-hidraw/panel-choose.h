/* SPDX-License-Identifier: MIT */
/* Opens the places that panel-find.h finds, and picks the one that is meant. */
#ifndef PANEL_CHOOSE_H
#define PANEL_CHOOSE_H

#include "panel-find.h"

/* As hidraw_open(), and @info filled in completely. Any thread may do it. */
int panel_place_open(const struct panel_place *place, struct source_info *info, struct hid_error *error);
void panel_place_close(struct source_info *info); /* its @fd and @touch */

/* The one panel that @match allows, opened; returns and @error as panel_open(). */
int panel_choose(struct udev *udev, const struct panel_match *match, struct source_info *info, struct hid_error *error);

#endif /* PANEL_CHOOSE_H */
