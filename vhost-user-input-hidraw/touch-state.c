// SPDX-License-Identifier: MIT
#include <linux/input.h>
#include <stddef.h>
#include <string.h>

#include "touch-state.h"

/* In the order in which hid-multitouch reports them. */
static const struct {
	enum touch_axis axis;
	uint16_t code;
} slot_codes[TOUCH_NUM_AXES] = {
	{ TOUCH_TOOL_TYPE, ABS_MT_TOOL_TYPE },
	{ TOUCH_X, ABS_MT_POSITION_X },
	{ TOUCH_Y, ABS_MT_POSITION_Y },
	{ TOUCH_TOOL_X, ABS_MT_TOOL_X },
	{ TOUCH_TOOL_Y, ABS_MT_TOOL_Y },
	{ TOUCH_DISTANCE, ABS_MT_DISTANCE },
	{ TOUCH_ORIENTATION, ABS_MT_ORIENTATION },
	{ TOUCH_PRESSURE, ABS_MT_PRESSURE },
	{ TOUCH_MAJOR, ABS_MT_TOUCH_MAJOR },
	{ TOUCH_MINOR, ABS_MT_TOUCH_MINOR },
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

/* The slots of @listed first, then the others from the lowest on. */
static void set_order(struct touch_state *state, const uint8_t *listed, unsigned int count)
{
	bool placed[TOUCH_MAX_SLOTS] = { false };
	unsigned int i, place = 0;

	for (i = 0; i < count; i++) {
		if (placed[listed[i]])
			continue;
		placed[listed[i]] = true;
		state->order[place++] = listed[i];
	}
	for (i = 0; i < state->num_slots; i++)
		if (!placed[i])
			state->order[place++] = (uint8_t)i;
}

void touch_state_init(struct touch_state *state, unsigned int num_slots)
{
	unsigned int i;

	memset(state, 0, sizeof(*state));
	state->num_slots = num_slots;
	state->current = -1;
	for (i = 0; i < num_slots; i++) {
		state->slots[i].tracking = TOUCH_UP;
		state->slots[i].palm_left = TOUCH_UP;
	}
	set_order(state, NULL, 0);
}

/* As input_mt_get_slot_by_key(): a slot that had a part in this frame is not given away in it. -1: none is left. */
static int find_slot(const struct touch_state *state, uint32_t contact, const bool *seen)
{
	unsigned int i;

	for (i = 0; i < state->num_slots; i++)
		if (state->slots[i].tracking != TOUCH_UP && state->slots[i].contact == contact)
			return (int)i;
	for (i = 0; i < state->num_slots; i++)
		if (state->slots[i].tracking == TOUCH_UP && !seen[i])
			return (int)i;
	return -1;
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

static void show_contact(struct touch_state *state, struct touch_slot *slot, const struct touch_contact *contact)
{
	bool was_down = slot->tracking != TOUCH_UP;

	if (!contact->down && !was_down)
		return;
	if (!contact->down) {
		slot->palm_left = contact->axis[TOUCH_TOOL_TYPE] == MT_TOOL_PALM ? slot->tracking : TOUCH_UP;
		slot->tracking = TOUCH_UP;
		if (slot->palm_left == TOUCH_UP)
			return;
	} else if (!was_down) {
		slot->contact = contact->id;
		slot->palm_left = TOUCH_UP;
		slot->tracking = (int32_t)(state->presses % (TOUCH_TRACKING_MAX + 1));
		slot->age = state->presses++;
	}
	memcpy(slot->axis, contact->axis, sizeof(slot->axis));
}

unsigned int touch_state_apply(struct touch_state *state, const struct touch_frame *frame)
{
	bool seen[TOUCH_MAX_SLOTS] = { false };
	uint8_t listed[TOUCH_MAX_SLOTS];
	unsigned int i, count = 0, refused = 0;

	for (i = 0; i < frame->count; i++) {
		const struct touch_contact *contact = &frame->contacts[i];
		int slot = find_slot(state, contact->id, seen);

		if (slot < 0) {
			refused += contact->down;
			continue;
		}
		seen[slot] = true;
		listed[count++] = (uint8_t)slot;
		show_contact(state, &state->slots[slot], contact);
	}
	for (i = 0; i < state->num_slots && frame->whole; i++)
		if (!seen[i])
			state->slots[i].tracking = TOUCH_UP;
	set_order(state, listed, count);
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
	set_order(state, NULL, 0);
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
	unsigned int i;

	if (new_finger) {
		select_slot(writer, told, index);
		put(writer, EV_ABS, ABS_MT_TRACKING_ID, want->tracking);
	}
	slot->tracking = want->tracking;
	slot->contact = want->contact;
	slot->age = want->age;
	if (want->tracking == TOUCH_UP)
		return;
	for (i = 0; i < TOUCH_NUM_AXES; i++) {
		enum touch_axis axis = slot_codes[i].axis;

		/* A new finger says all: a reader may have been told of the slot's axes by somebody before us. */
		if (!axes->range[axis].present || (!new_finger && slot->axis[axis] == want->axis[axis]))
			continue;
		select_slot(writer, told, index);
		put(writer, EV_ABS, slot_codes[i].code, want->axis[axis]);
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
		diff_slot(writer, axes, told, want->order[i], &want->slots[want->order[i]]);
	diff_pointer(writer, axes, told, want);
	if (writer->count != before)
		put(writer, EV_SYN, SYN_REPORT, 0);
}

/* A slot goes from one finger to another: first all that change are lifted. */
static void diff_exchanged(
	struct writer *writer, const struct touch_axes *axes, struct touch_state *told, const struct touch_state *want)
{
	struct touch_state between = *told;
	bool exchanged = false;
	unsigned int i;

	for (i = 0; i < told->num_slots; i++) {
		int32_t from = told->slots[i].tracking, to = want->slots[i].tracking;

		exchanged |= from != TOUCH_UP && to != TOUCH_UP && from != to;
		if (from != to)
			between.slots[i].tracking = TOUCH_UP;
	}
	if (!exchanged)
		return;
	update_pointer(&between);
	diff_frame(writer, axes, told, &between);
}

/*
 * Fingers left, but as palms: first they are shown as such. What is left to say after
 * that are their lifts, which come in the order of the slots.
 */
static void diff_palms(
	struct writer *writer, const struct touch_axes *axes, struct touch_state *told, struct touch_state *want)
{
	struct touch_state between = *want;
	bool palms = false;
	unsigned int i;

	for (i = 0; i < told->num_slots; i++) {
		const struct touch_slot *slot = &told->slots[i];

		if (slot->tracking == TOUCH_UP || want->slots[i].tracking != TOUCH_UP ||
			want->slots[i].palm_left != slot->tracking)
			continue;
		palms = true;
		between.slots[i].tracking = slot->tracking;
	}
	if (!palms)
		return;
	update_pointer(&between);
	diff_frame(writer, axes, told, &between);
	set_order(want, NULL, 0);
}

unsigned int touch_state_diff(const struct touch_axes *axes, struct touch_state *told, const struct touch_state *want,
	struct touch_event *events)
{
	struct writer writer = { .events = events };
	struct touch_state rest = *want;

	diff_exchanged(&writer, axes, told, want);
	diff_palms(&writer, axes, told, &rest);
	diff_frame(&writer, axes, told, &rest);
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
	unsigned int i;

	if (event->code == ABS_MT_TRACKING_ID)
		slot->tracking = event->value;
	for (i = 0; i < TOUCH_NUM_AXES; i++)
		if (event->code == slot_codes[i].code)
			slot->axis[slot_codes[i].axis] = event->value;
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
