/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_DESCRIPTORS_H
#define DEMO_DUMMY_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Report descriptors of the dummy panel (HID 1.11 section 6.2.2, Digitizers
 * page of the HID Usage Tables).  All variants share one coordinate system:
 * 0..PANEL_LOGICAL_MAX on both axes over the 154.08 x 85.92 mm of a 7" glass.
 */
#define PANEL_MAX_CONTACTS 10
#define PANEL_LOGICAL_MAX  16383
#define PANEL_TOUCH_REPORT 1
#define PANEL_MAX_REPORT   64 /* what one full-speed interrupt transfer carries */

/* One layout of the touch report; constant, lives for ever. */
struct panel_variant {
	const char *name;
	const char *summary;
	const uint8_t *descriptor;
	size_t descriptor_size;
	unsigned int slots; /* contacts that fit in one report */
	bool geometry; /* width, height and pressure follow each contact */
	size_t report_size; /* bytes of a touch report with its id */
};

/* NULL when there is no variant of that name. */
const struct panel_variant *panel_variant_find(const char *name);

/* The variant at @index, NULL past the last one; the first is the default. */
const struct panel_variant *panel_variant_at(size_t index);

#endif
