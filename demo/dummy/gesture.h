/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_GESTURE_H
#define DEMO_DUMMY_GESTURE_H

#include "frame.h"

/*
 * Gestures are pure functions from a frame's number to the fingers in it, so
 * that the same words give the same reports on every run.
 */
enum gesture_kind {
	GESTURE_TAP, /* one finger at @from */
	GESTURE_DRAG, /* one finger from @from to @to */
	GESTURE_PINCH, /* two fingers around @from, distance @spread[0] to @spread[1] */
	GESTURE_TEN, /* two hands down, moved, up */
	GESTURE_FLOOD, /* @frames frames of @fingers fingers, each frame different */
};

struct gesture_point {
	double x; /* 0.0 left .. 1.0 right */
	double y; /* 0.0 top .. 1.0 bottom */
};

struct gesture {
	enum gesture_kind kind;
	struct gesture_point from;
	struct gesture_point to;
	double spread[2];
	unsigned int ms; /* how long the fingers stay down */
	enum touch_strength strength; /* of all its fingers */
	unsigned int frames; /* flood only */
	unsigned int fingers; /* flood only */
};

/* Frames of the gesture at @rate frames per second, with the last one in which all fingers leave. */
unsigned int gesture_frames(const struct gesture *gesture, unsigned int rate);

/* Fingers of frame @index, 0 <= index < @total; @total is gesture_frames(). */
void gesture_frame(const struct gesture *gesture, unsigned int total, unsigned int index, struct frame *frame);

#endif
