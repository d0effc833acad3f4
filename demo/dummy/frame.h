/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_FRAME_H
#define DEMO_DUMMY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descriptors.h"
#include "strength.h"

/* One finger of a scan, in panel units (0..PANEL_LOGICAL_MAX). */
struct contact {
	uint8_t id;
	bool tip; /* false in the one frame in which the finger leaves */
	uint16_t x;
	uint16_t y;
	enum touch_strength strength;
};

/* One scan of the glass: the fingers on it and those that have just left. */
struct frame {
	unsigned int count;
	struct contact contacts[PANEL_MAX_CONTACTS];
};

/* 0.0..1.0 of the glass to panel units; what lies outside is clamped. */
uint16_t frame_units(double position);

/* How many reports @variant needs for @frame, at least one. */
unsigned int frame_reports(const struct panel_variant *variant, const struct frame *frame);

/*
 * Writes report number @part of @frame.  Only the first one carries the
 * contact count, the others say 0 (hybrid mode: the host adds them up).
 * @buffer holds PANEL_MAX_REPORT bytes; returns the report's length.
 * @scan_time is in units of 100 us and wraps.
 */
size_t frame_pack(const struct panel_variant *variant, const struct frame *frame, unsigned int part, uint16_t scan_time,
	uint8_t *buffer);

/* Turns the fingers by @quarters times 90 degrees, as feature report 8 asks. */
void frame_rotate(struct frame *frame, unsigned int quarters);

/*
 * What of @touched a panel reports at sensitivity @level when it reported @last
 * before: fingers that it feels, and the leaving of those that it felt until
 * now.  Empty when there is nothing to say.
 */
void frame_feel(const struct frame *touched, unsigned int level, const struct frame *last, struct frame *reported);

/* The strength of the touch in @frame that is felt most easily; bare when it has none. */
enum touch_strength frame_strength(const struct frame *frame);

/* Number of fingers that touch the glass. */
unsigned int frame_touching(const struct frame *frame);

#endif
