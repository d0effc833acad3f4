// SPDX-License-Identifier: MIT
#include <string.h>

#include "gesture.h"

/* Where two relaxed hands rest on a 7" panel, thumbs inside. */
static const struct gesture_point hands[PANEL_MAX_CONTACTS] = {
	{ 0.16, 0.45 },
	{ 0.22, 0.30 },
	{ 0.29, 0.25 },
	{ 0.36, 0.32 },
	{ 0.42, 0.60 },
	{ 0.58, 0.60 },
	{ 0.64, 0.32 },
	{ 0.71, 0.25 },
	{ 0.78, 0.30 },
	{ 0.84, 0.45 },
};

/* How far ten fingers move down, as a share of the glass. */
#define HANDS_STROKE 0.20

unsigned int gesture_frames(const struct gesture *gesture, unsigned int rate)
{
	unsigned long long down;

	if (gesture->kind == GESTURE_FLOOD)
		return gesture->frames;
	down = (unsigned long long)gesture->ms * rate / 1000;
	/* A finger that moves is seen at both ends of its way at least. */
	if (down < 2)
		down = 2;
	return (unsigned int)down + 1;
}

static void put_contact(struct frame *frame, double x, double y)
{
	struct contact *contact = &frame->contacts[frame->count];

	contact->id = frame->count;
	contact->tip = true;
	contact->x = frame_units(x);
	contact->y = frame_units(y);
	frame->count++;
}

/* The sequence number is readable in finger 0: x counts, y carries. */
static void flood_frame(const struct gesture *gesture, unsigned int index, struct frame *frame)
{
	unsigned int span = PANEL_LOGICAL_MAX + 1;
	unsigned int i;

	for (i = 0; i < gesture->fingers; i++) {
		struct contact *contact = &frame->contacts[i];

		contact->id = i;
		contact->tip = true;
		contact->x = (index + i * (span / PANEL_MAX_CONTACTS)) % span;
		contact->y = (index / span + i) % span;
	}
	frame->count = gesture->fingers;
}

static void moving_frame(const struct gesture *gesture, double progress, struct frame *frame)
{
	const struct gesture_point *from = &gesture->from;
	const struct gesture_point *to = &gesture->to;
	double half;
	size_t i;

	switch (gesture->kind) {
	case GESTURE_TAP: put_contact(frame, from->x, from->y); break;
	case GESTURE_DRAG:
		put_contact(frame, from->x + (to->x - from->x) * progress, from->y + (to->y - from->y) * progress);
		break;
	case GESTURE_PINCH:
		half = gesture->spread[0] + (gesture->spread[1] - gesture->spread[0]) * progress;
		half /= 2;
		put_contact(frame, from->x - half, from->y - half);
		put_contact(frame, from->x + half, from->y + half);
		break;
	case GESTURE_TEN:
		for (i = 0; i < PANEL_MAX_CONTACTS; i++)
			put_contact(frame, hands[i].x, hands[i].y + HANDS_STROKE * progress);
		break;
	case GESTURE_FLOOD: break;
	}
}

void gesture_frame(const struct gesture *gesture, unsigned int total, unsigned int index, struct frame *frame)
{
	bool leaving = index + 1 >= total;
	unsigned int step = leaving && total > 1 ? total - 2 : index;
	unsigned int i;

	memset(frame, 0, sizeof(*frame));
	if (gesture->kind == GESTURE_FLOOD)
		flood_frame(gesture, step, frame);
	else
		moving_frame(gesture, total > 2 ? (double)step / (total - 2) : 0.0, frame);
	/* Fingers leave where they were last: a panel has no other position to tell. */
	for (i = 0; i < frame->count; i++) {
		frame->contacts[i].tip = !leaving;
		frame->contacts[i].strength = gesture->strength;
	}
}
