/* SPDX-License-Identifier: MIT */
/*
 * What the parts of this daemon tell each other: a panel's axes and the
 * fingers on it, in the panel's own logical units.
 */
#ifndef TOUCH_H
#define TOUCH_H

#include <stdbool.h>
#include <stdint.h>

/* Contacts at a time: six pairs of hands. */
#define TOUCH_MAX_SLOTS 64

enum touch_axis {
	TOUCH_X,
	TOUCH_Y,
	TOUCH_PRESSURE,
	TOUCH_MAJOR, /* length of the contact's ellipse */
	TOUCH_MINOR,
	TOUCH_ORIENTATION, /* as ABS_MT_ORIENTATION of the kernel's multi-touch protocol */
	TOUCH_TOOL_X, /* the contact's centre, of panels that tell it beside the touched point */
	TOUCH_TOOL_Y,
	TOUCH_TOOL_TYPE, /* MT_TOOL_FINGER or MT_TOOL_PALM of linux/input.h */
	TOUCH_DISTANCE, /* 1: hovers over the glass */
	TOUCH_NUM_AXES,
};

/* @resolution is in units per millimetre, 0 when the panel does not tell its size. */
struct touch_range {
	bool present;
	int32_t min;
	int32_t max;
	int32_t resolution;
};

/* What a panel can report; TOUCH_X and TOUCH_Y are always there. */
struct touch_axes {
	unsigned int slots; /* 1 to TOUCH_MAX_SLOTS */
	struct touch_range range[TOUCH_NUM_AXES];
};

/**
 * struct touch_contact - one contact in one frame
 * @id: the panel's: unique among the fingers that are down, used again afterwards
 * @down: on the glass or, with TOUCH_DISTANCE, close to it
 * @axis: within the axis' range; but TOUCH_ORIENTATION up to twice as far, for an ellipse upside down
 */
struct touch_contact {
	uint32_t id;
	bool down;
	int32_t axis[TOUCH_NUM_AXES];
};

/**
 * struct touch_frame - what a panel saw in one scan
 * @whole: fingers that are not listed are up; else they are as before
 * @count: how many of @contacts are in use
 * @contacts: as the panel listed them. An id stands here once; or twice: up, then down, for a finger that left
 *	and another one that came with the same id
 */
struct touch_frame {
	bool whole;
	unsigned int count;
	struct touch_contact contacts[TOUCH_MAX_SLOTS];
};

#endif /* TOUCH_H */
