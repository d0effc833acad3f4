/* SPDX-License-Identifier: MIT */
/*
 * Fingers in slots, and the evdev events that turn one state into another
 * (Documentation/input/multi-touch-protocol.rst, type B, with the emulation of a
 * single-touch screen by the oldest finger). Slots are given out, and events are
 * ordered, as hid-multitouch and drivers/input/input-mt.c of Linux do it, so that
 * a reader cannot tell which of the two it listens to.
 *
 * The same structure holds what is true on the glass, what has been said so
 * far, and what a reader of the events knows.
 */
#ifndef TOUCH_STATE_H
#define TOUCH_STATE_H

#include "touch.h"

#define TOUCH_TRACKING_MAX 65535 /* ABS_MT_TRACKING_ID counts 0 to this and begins again */
#define TOUCH_UP	   (-1)

/* Three frames of every axis of every slot, the pointer's axes, button and end mark. */
#define TOUCH_MAX_EVENTS (3 * (TOUCH_MAX_SLOTS * (TOUCH_NUM_AXES + 2) + 5))

struct touch_event {
	uint16_t type;
	uint16_t code;
	int32_t value;
};

/**
 * struct touch_slot - one slot
 * @tracking: TOUCH_UP or 0 to TOUCH_TRACKING_MAX
 * @palm_left: the tracking id of a finger that was found to be a palm as it left, else TOUCH_UP
 * @contact: the panel's id; means nothing while up
 * @age: orders the fingers by when they came down
 */
struct touch_slot {
	int32_t tracking;
	int32_t palm_left;
	uint32_t contact;
	uint64_t age;
	int32_t axis[TOUCH_NUM_AXES];
};

#define TOUCH_NUM_POINTER 3 /* TOUCH_X, TOUCH_Y, TOUCH_PRESSURE have a single-touch twin */

/**
 * struct touch_state - the fingers at one moment
 * @current: slot that events are about; -1: not known
 * @pressed: BTN_TOUCH
 * @pointer: the single-touch axes
 * @presses: fingers that came down so far; gives tracking ids and ages
 * @order: all slots; first those of the last frame in the order in which it listed them
 */
struct touch_state {
	unsigned int num_slots;
	int current;
	bool pressed;
	int32_t pointer[TOUCH_NUM_POINTER];
	uint64_t presses;
	uint8_t order[TOUCH_MAX_SLOTS];
	struct touch_slot slots[TOUCH_MAX_SLOTS];
};

/* All fingers up. */
void touch_state_init(struct touch_state *state, unsigned int num_slots);

/*
 * Take in what the panel saw. Returns the fingers for which no slot was free; a
 * slot that is left is free in the next frame, when such a finger gets its chance.
 */
unsigned int touch_state_apply(struct touch_state *state, const struct touch_frame *frame);

/* All fingers up from now on; tracking ids go on. Returns whether one was down. */
bool touch_state_lift(struct touch_state *state);

/**
 * touch_state_diff - the events that lead from @told to @want
 * @axes: which axes the device has
 * @told: what the reader knows; becomes equal to @want
 * @events: room for TOUCH_MAX_EVENTS
 *
 * Returns how many events there are: none, or one to three frames that end with
 * SYN_REPORT. It takes one more when a slot changes from one finger to another, for
 * readers that expect to see the first one go, and one more when a finger turned out
 * to be a palm as it left, which a reader has to know before that.
 */
unsigned int touch_state_diff(const struct touch_axes *axes, struct touch_state *told, const struct touch_state *want,
	struct touch_event *events);

/*
 * The events that lift every finger of a reader of whom nothing is known, and
 * @told as it is afterwards. Returns how many, at most TOUCH_MAX_EVENTS.
 */
unsigned int touch_state_forget(struct touch_state *told, struct touch_event *events);

/* What a reader of @event knows after it. */
void touch_state_consume(struct touch_state *state, const struct touch_event *event);

#endif /* TOUCH_STATE_H */
