// SPDX-License-Identifier: MIT
#include <linux/input.h>
#include <stddef.h>
#include <string.h>

#include "touch-state.h"

static const uint16_t slot_code[TOUCH_NUM_AXES] = {
	[TOUCH_X] = ABS_MT_POSITION_X,
	[TOUCH_Y] = ABS_MT_POSITION_Y,
	[TOUCH_PRESSURE] = ABS_MT_PRESSURE,
	[TOUCH_MAJOR] = ABS_MT_TOUCH_MAJOR,
	[TOUCH_MINOR] = ABS_MT_TOUCH_MINOR,
	[TOUCH_ORIENTATION] = ABS_MT_ORIENTATION,
};

static const uint16_t pointer_code[TOUCH_NUM_POINTER] = {
	[TOUCH_X] = ABS_X,
	[TOUCH_Y] = ABS_Y,
	[TOUCH_PRESSURE] = ABS_PRESSURE,
};

/* Where the events go. */
struct writer {
	struct touch_event *events;
	unsigned int count;
};

static void put(struct writer *writer, uint16_t type, uint16_t code, int32_t value)
{
	writer->events[writer->count++] = (struct touch_event) { type, code, value };
}

void touch_state_init(struct touch_state *state, unsigned int num_slots)
{
	unsigned int i;

	memset(state, 0, sizeof(*state));
	state->num_slots = num_slots;
	state->current = -1;
	for (i = 0; i < num_slots; i++)
		state->slots[i].tracking = TOUCH_UP;
}

static struct touch_slot *find_slot(struct touch_state *state, uint32_t contact)
{
	unsigned int i;

	for (i = 0; i < state->num_slots; i++)
		if (state->slots[i].tracking != TOUCH_UP && state->slots[i].contact == contact)
			return &state->slots[i];
	return NULL;
}

static struct touch_slot *free_slot(struct touch_state *state, const bool *was_down)
{
	struct touch_slot *second_best = NULL;
	unsigned int i;

	/* A slot that was left in this very frame costs the reader a frame more. */
	for (i = 0; i < state->num_slots; i++) {
		if (state->slots[i].tracking != TOUCH_UP)
			continue;
		if (!was_down[i])
			return &state->slots[i];
		if (!second_best)
			second_best = &state->slots[i];
	}
	return second_best;
}

static bool is_down(const struct touch_frame *frame, uint32_t contact, bool otherwise)
{
	unsigned int i;

	for (i = 0; i < frame->count; i++)
		if (frame->contacts[i].id == contact)
			return frame->contacts[i].down;
	return otherwise;
}

static void update_pointer(struct touch_state *state)
{
	const struct touch_slot *oldest = NULL;
	unsigned int i;

	for (i = 0; i < state->num_slots; i++) {
		const struct touch_slot *slot = &state->slots[i];

		if (slot->tracking != TOUCH_UP && (!oldest || slot->age < oldest->age))
			oldest = slot;
	}
	state->pressed = oldest;
	if (oldest)
		memcpy(state->pointer, oldest->axis, sizeof(state->pointer));
	else
		state->pointer[TOUCH_PRESSURE] = 0;
}

unsigned int touch_state_apply(struct touch_state *state, const struct touch_frame *frame)
{
	bool was_down[TOUCH_MAX_SLOTS];
	unsigned int i, refused = 0;

	for (i = 0; i < state->num_slots; i++) {
		struct touch_slot *slot = &state->slots[i];

		was_down[i] = slot->tracking != TOUCH_UP;
		if (was_down[i] && !is_down(frame, slot->contact, !frame->whole))
			slot->tracking = TOUCH_UP;
	}
	for (i = 0; i < frame->count; i++) {
		const struct touch_contact *contact = &frame->contacts[i];
		struct touch_slot *slot;

		if (!contact->down)
			continue;
		slot = find_slot(state, contact->id);
		if (!slot) {
			slot = free_slot(state, was_down);
			if (!slot) {
				refused++;
				continue;
			}
			slot->contact = contact->id;
			slot->tracking = (int32_t)(state->presses % (TOUCH_TRACKING_MAX + 1));
			slot->age = state->presses++;
		}
		memcpy(slot->axis, contact->axis, sizeof(slot->axis));
	}
	update_pointer(state);
	return refused;
}

bool touch_state_lift(struct touch_state *state)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < state->num_slots; i++) {
		any |= state->slots[i].tracking != TOUCH_UP;
		state->slots[i].tracking = TOUCH_UP;
	}
	update_pointer(state);
	return any;
}

static void select_slot(struct writer *writer, struct touch_state *told, unsigned int slot)
{
	if (told->current == (int)slot)
		return;
	told->current = (int)slot;
	put(writer, EV_ABS, ABS_MT_SLOT, (int32_t)slot);
}

static void diff_slot(struct writer *writer, const struct touch_axes *axes, struct touch_state *told,
	unsigned int index, const struct touch_slot *want)
{
	struct touch_slot *slot = &told->slots[index];
	bool new_finger = slot->tracking != want->tracking;
	unsigned int axis;

	if (new_finger) {
		select_slot(writer, told, index);
		put(writer, EV_ABS, ABS_MT_TRACKING_ID, want->tracking);
	}
	slot->tracking = want->tracking;
	slot->contact = want->contact;
	slot->age = want->age;
	if (want->tracking == TOUCH_UP)
		return;
	for (axis = 0; axis < TOUCH_NUM_AXES; axis++) {
		/* A new finger says all: a reader may have been told of the slot's axes by somebody before us. */
		if (!axes->range[axis].present || (!new_finger && slot->axis[axis] == want->axis[axis]))
			continue;
		select_slot(writer, told, index);
		put(writer, EV_ABS, slot_code[axis], want->axis[axis]);
		slot->axis[axis] = want->axis[axis];
	}
}

static void diff_pointer(
	struct writer *writer, const struct touch_axes *axes, struct touch_state *told, const struct touch_state *want)
{
	bool new_press = want->pressed && !told->pressed;
	unsigned int axis;

	if (want->pressed != told->pressed)
		put(writer, EV_KEY, BTN_TOUCH, want->pressed);
	told->pressed = want->pressed;
	for (axis = 0; axis < TOUCH_NUM_POINTER; axis++) {
		if (!axes->range[axis].present || (!new_press && told->pointer[axis] == want->pointer[axis]))
			continue;
		if (!want->pressed && axis != TOUCH_PRESSURE)
			continue; /* nobody points anywhere */
		put(writer, EV_ABS, pointer_code[axis], want->pointer[axis]);
		told->pointer[axis] = want->pointer[axis];
	}
}

static void diff_frame(
	struct writer *writer, const struct touch_axes *axes, struct touch_state *told, const struct touch_state *want)
{
	unsigned int before = writer->count;
	unsigned int i;

	for (i = 0; i < told->num_slots; i++)
		diff_slot(writer, axes, told, i, &want->slots[i]);
	diff_pointer(writer, axes, told, want);
	if (writer->count != before)
		put(writer, EV_SYN, SYN_REPORT, 0);
}

unsigned int touch_state_diff(const struct touch_axes *axes, struct touch_state *told, const struct touch_state *want,
	struct touch_event *events)
{
	struct writer writer = { .events = events };
	struct touch_state between;
	bool exchanged = false;
	unsigned int i;

	for (i = 0; i < told->num_slots && !exchanged; i++) {
		int32_t from = told->slots[i].tracking;

		exchanged = from != TOUCH_UP && want->slots[i].tracking != TOUCH_UP && from != want->slots[i].tracking;
	}
	if (exchanged) {
		between = *told;
		for (i = 0; i < told->num_slots; i++)
			if (between.slots[i].tracking != want->slots[i].tracking)
				between.slots[i].tracking = TOUCH_UP;
		update_pointer(&between);
		diff_frame(&writer, axes, told, &between);
	}
	diff_frame(&writer, axes, told, want);
	told->presses = want->presses;
	return writer.count;
}

unsigned int touch_state_forget(struct touch_state *told, struct touch_event *events)
{
	struct writer writer = { .events = events };
	unsigned int i;

	touch_state_init(told, told->num_slots);
	for (i = 0; i < told->num_slots; i++) {
		select_slot(&writer, told, i);
		put(&writer, EV_ABS, ABS_MT_TRACKING_ID, TOUCH_UP);
	}
	put(&writer, EV_KEY, BTN_TOUCH, 0);
	put(&writer, EV_SYN, SYN_REPORT, 0);
	return writer.count;
}

static void consume_slot(struct touch_state *state, const struct touch_event *event)
{
	struct touch_slot *slot = &state->slots[state->current];
	unsigned int axis;

	if (event->code == ABS_MT_TRACKING_ID)
		slot->tracking = event->value;
	for (axis = 0; axis < TOUCH_NUM_AXES; axis++)
		if (event->code == slot_code[axis])
			slot->axis[axis] = event->value;
}

void touch_state_consume(struct touch_state *state, const struct touch_event *event)
{
	unsigned int axis;

	if (event->type == EV_KEY && event->code == BTN_TOUCH)
		state->pressed = event->value;
	if (event->type != EV_ABS)
		return;
	if (event->code == ABS_MT_SLOT && event->value >= 0 && event->value < (int)state->num_slots)
		state->current = event->value;
	if (state->current >= 0)
		consume_slot(state, event);
	for (axis = 0; axis < TOUCH_NUM_POINTER; axis++)
		if (event->code == pointer_code[axis])
			state->pointer[axis] = event->value;
}
