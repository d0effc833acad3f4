// SPDX-License-Identifier: MIT
/* Fingers in slots, and the events between two states. */
#include <linux/input.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost-user-input-hidraw/touch-state.h"

static const struct touch_axes plain = {
	.slots = 3,
	.range = { [TOUCH_X] = { true, 0, 1000, 0 }, [TOUCH_Y] = { true, 0, 1000, 0 } },
};

static const struct touch_axes full = {
	.slots = 3,
	.range = {
		[TOUCH_X] = { true, 0, 1000, 0 },
		[TOUCH_Y] = { true, 0, 1000, 0 },
		[TOUCH_PRESSURE] = { true, 0, 255, 0 },
		[TOUCH_MAJOR] = { true, 0, 255, 0 },
		[TOUCH_MINOR] = { true, 0, 255, 0 },
		[TOUCH_ORIENTATION] = { true, 0, 1, 0 },
		[TOUCH_TOOL_X] = { true, 0, 1000, 0 },
		[TOUCH_TOOL_Y] = { true, 0, 1000, 0 },
		[TOUCH_TOOL_TYPE] = { true, 0, MT_TOOL_PALM, 0 },
		[TOUCH_DISTANCE] = { true, 0, 1, 0 },
	},
};

static const struct touch_axes palms = {
	.slots = 3,
	.range = {
		[TOUCH_X] = { true, 0, 1000, 0 },
		[TOUCH_Y] = { true, 0, 1000, 0 },
		[TOUCH_TOOL_TYPE] = { true, 0, MT_TOOL_PALM, 0 },
	},
};

struct glass {
	const struct touch_axes *axes;
	struct touch_state want;
	struct touch_state told;
	struct touch_event events[TOUCH_MAX_EVENTS];
	unsigned int count;
};

static void glass_init(struct glass *glass, const struct touch_axes *axes)
{
	glass->axes = axes;
	touch_state_init(&glass->want, axes->slots);
	touch_state_init(&glass->told, axes->slots);
}

static struct touch_contact at(uint32_t id, int32_t x, int32_t y)
{
	return (struct touch_contact) { .id = id, .down = true, .axis = { [TOUCH_X] = x, [TOUCH_Y] = y } };
}

static unsigned int show(struct glass *glass, const struct touch_contact *contacts, unsigned int count)
{
	struct touch_frame frame = { .whole = true, .count = count };
	unsigned int refused;

	if (count)
		memcpy(frame.contacts, contacts, count * sizeof(*contacts));
	refused = touch_state_apply(&glass->want, &frame);
	glass->count = touch_state_diff(glass->axes, &glass->told, &glass->want, glass->events);
	return refused;
}

static void expect(const struct glass *glass, const struct touch_event *events, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < glass->count && i < count; i++) {
		const struct touch_event *got = &glass->events[i];

		if (got->type != events[i].type || got->code != events[i].code || got->value != events[i].value)
			fail_msg("event %u is %u %u %d, not %u %u %d", i, got->type, got->code, got->value,
				events[i].type, events[i].code, events[i].value);
	}
	assert_int_equal(glass->count, count);
}

#define EXPECT(glass, ...) \
	do { \
		const struct touch_event wanted[] = { __VA_ARGS__ }; \
		expect((glass), wanted, sizeof(wanted) / sizeof(wanted[0])); \
	} while (0)
#define SLOT(n) \
	{ \
		EV_ABS, ABS_MT_SLOT, (n) \
	}
#define TRACKING(n) \
	{ \
		EV_ABS, ABS_MT_TRACKING_ID, (n) \
	}
#define MT_X(n) \
	{ \
		EV_ABS, ABS_MT_POSITION_X, (n) \
	}
#define MT_Y(n) \
	{ \
		EV_ABS, ABS_MT_POSITION_Y, (n) \
	}
#define PRESS(n) \
	{ \
		EV_KEY, BTN_TOUCH, (n) \
	}
#define X(n) \
	{ \
		EV_ABS, ABS_X, (n) \
	}
#define Y(n) \
	{ \
		EV_ABS, ABS_Y, (n) \
	}
#define TOOL(n) \
	{ \
		EV_ABS, ABS_MT_TOOL_TYPE, (n) \
	}
#define SYN \
	{ \
		EV_SYN, SYN_REPORT, 0 \
	}

static void tap(void **state)
{
	struct touch_contact finger = at(9, 10, 20);
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, &finger, 1);
	EXPECT(&glass, SLOT(0), TRACKING(0), MT_X(10), MT_Y(20), PRESS(1), X(10), Y(20), SYN);
	show(&glass, &finger, 1);
	assert_int_equal(glass.count, 0);
	finger.axis[TOUCH_X] = 11;
	show(&glass, &finger, 1);
	EXPECT(&glass, MT_X(11), X(11), SYN);
	show(&glass, NULL, 0);
	EXPECT(&glass, TRACKING(-1), PRESS(0), SYN);
	show(&glass, &finger, 1);
	EXPECT(&glass, TRACKING(1), MT_X(11), MT_Y(20), PRESS(1), X(11), Y(20), SYN);
}

static void oldest_finger_points(void **state)
{
	struct touch_contact fingers[] = { at(1, 10, 20), at(2, 30, 40) };
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, fingers, 1);
	show(&glass, fingers, 2);
	EXPECT(&glass, SLOT(1), TRACKING(1), MT_X(30), MT_Y(40), SYN);
	show(&glass, fingers + 1, 1);
	EXPECT(&glass, SLOT(0), TRACKING(-1), X(30), Y(40), SYN);
	/* the first finger again, in the free slot, but the other one is older now */
	show(&glass, fingers, 2);
	EXPECT(&glass, TRACKING(2), MT_X(10), MT_Y(20), SYN);
}

static void a_slot_that_is_left_is_free_in_the_next_frame(void **state)
{
	struct touch_contact before[] = { at(1, 1, 1), at(2, 2, 2), at(3, 3, 3) };
	struct touch_contact after[] = { at(1, 1, 1), at(4, 4, 4), at(3, 3, 3) };
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, before, 3);
	assert_int_equal(show(&glass, after, 3), 1);
	EXPECT(&glass, SLOT(1), TRACKING(-1), SYN);
	assert_int_equal(show(&glass, after, 3), 0);
	EXPECT(&glass, TRACKING(3), MT_X(4), MT_Y(4), SYN);
}

/* A reader that was not told of every frame. */
static void a_slot_with_a_new_finger_takes_two_frames(void **state)
{
	struct touch_frame frame = { .whole = true };
	struct touch_contact before = at(1, 1, 1);
	struct touch_contact after = at(2, 2, 2);
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, &before, 1);
	touch_state_apply(&glass.want, &frame);
	show(&glass, &after, 1);
	EXPECT(&glass, TRACKING(-1), PRESS(0), SYN, TRACKING(1), MT_X(2), MT_Y(2), PRESS(1), X(2), Y(2), SYN);
}

static void another_finger_takes_another_slot(void **state)
{
	struct touch_contact before = at(1, 1, 1), after = at(2, 2, 2);
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, &before, 1);
	show(&glass, &after, 1);
	EXPECT(&glass, SLOT(1), TRACKING(1), MT_X(2), MT_Y(2), SLOT(0), TRACKING(-1), X(2), Y(2), SYN);
}

static void events_come_as_the_panel_lists_its_fingers(void **state)
{
	struct touch_contact fingers[] = { at(1, 1, 1), at(2, 2, 2), at(3, 3, 3) };
	struct touch_contact other_way[] = { at(3, 4, 4), at(1, 5, 5), at(2, 6, 6) };
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, fingers, 3);
	show(&glass, other_way, 3);
	EXPECT(&glass, MT_X(4), MT_Y(4), SLOT(0), MT_X(5), MT_Y(5), SLOT(1), MT_X(6), MT_Y(6), X(5), Y(5), SYN);
}

static void one_leaves_and_one_comes_with_its_id(void **state)
{
	struct touch_contact before = at(1, 1, 1), both[] = { at(1, 1, 1), at(1, 9, 9) };
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, &before, 1);
	both[0].down = false;
	show(&glass, both, 2);
	EXPECT(&glass, TRACKING(-1), SLOT(1), TRACKING(1), MT_X(9), MT_Y(9), X(9), Y(9), SYN);
}

static void a_palm_is_shown_before_it_leaves(void **state)
{
	struct touch_contact fingers[] = { at(1, 1, 1), at(2, 2, 2), at(3, 3, 3) };
	struct glass glass;

	glass_init(&glass, &palms);
	show(&glass, fingers, 3);
	/* a palm that stays */
	fingers[2].axis[TOUCH_TOOL_TYPE] = MT_TOOL_PALM;
	show(&glass, fingers, 3);
	EXPECT(&glass, TOOL(MT_TOOL_PALM), SYN);
	/* two that leave, one of them nobody took for one before, and a finger; listed from the last to the first */
	fingers[0] = (struct touch_contact) { .id = 3, .axis = { 3, 3, [TOUCH_TOOL_TYPE] = MT_TOOL_PALM } };
	fingers[1] = (struct touch_contact) { .id = 2, .axis = { 7, 2 } };
	fingers[2] = (struct touch_contact) { .id = 1, .axis = { 5, 1, [TOUCH_TOOL_TYPE] = MT_TOOL_PALM } };
	show(&glass, fingers, 3);
	EXPECT(&glass, SLOT(1), TRACKING(-1), SLOT(0), TOOL(MT_TOOL_PALM), MT_X(5), X(5), SYN, TRACKING(-1), SLOT(2),
		TRACKING(-1), PRESS(0), SYN);
	/* the slot's next finger is none */
	fingers[0] = at(1, 5, 1);
	show(&glass, fingers, 1);
	EXPECT(&glass, SLOT(0), TRACKING(3), TOOL(MT_TOOL_FINGER), MT_X(5), MT_Y(1), PRESS(1), X(5), Y(1), SYN);
	show(&glass, NULL, 0);
	EXPECT(&glass, TRACKING(-1), PRESS(0), SYN);
}

static void more_fingers_than_slots(void **state)
{
	struct touch_contact fingers[] = { at(1, 1, 1), at(2, 2, 2), at(3, 3, 3), at(4, 4, 4) };
	struct glass glass;

	glass_init(&glass, &plain);
	assert_int_equal(show(&glass, fingers, 4), 1);
	assert_int_equal(show(&glass, fingers + 1, 3), 1);
	assert_int_equal(show(&glass, fingers + 1, 3), 0);
}

static void all_axes(void **state)
{
	struct touch_contact finger = at(1, 10, 20);
	struct glass glass;

	glass_init(&glass, &full);
	finger.axis[TOUCH_PRESSURE] = 50;
	finger.axis[TOUCH_MAJOR] = 9;
	finger.axis[TOUCH_MINOR] = 3;
	finger.axis[TOUCH_ORIENTATION] = 1;
	finger.axis[TOUCH_TOOL_X] = 11;
	finger.axis[TOUCH_TOOL_Y] = 21;
	finger.axis[TOUCH_DISTANCE] = 1;
	show(&glass, &finger, 1);
	EXPECT(&glass, SLOT(0), TRACKING(0), TOOL(MT_TOOL_FINGER), MT_X(10), MT_Y(20), { EV_ABS, ABS_MT_TOOL_X, 11 },
		{ EV_ABS, ABS_MT_TOOL_Y, 21 }, { EV_ABS, ABS_MT_DISTANCE, 1 }, { EV_ABS, ABS_MT_ORIENTATION, 1 },
		{ EV_ABS, ABS_MT_PRESSURE, 50 }, { EV_ABS, ABS_MT_TOUCH_MAJOR, 9 }, { EV_ABS, ABS_MT_TOUCH_MINOR, 3 },
		PRESS(1), X(10), Y(20), { EV_ABS, ABS_PRESSURE, 50 }, SYN);
	show(&glass, NULL, 0);
	EXPECT(&glass, TRACKING(-1), PRESS(0), { EV_ABS, ABS_PRESSURE, 0 }, SYN);
}

static void only_some_fingers_are_listed(void **state)
{
	struct touch_contact fingers[] = { at(1, 10, 20), at(2, 30, 40) };
	struct touch_frame up = { .whole = false, .count = 1, .contacts = { { .id = 1 } } };
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, fingers, 2);
	touch_state_apply(&glass.want, &up);
	assert_int_equal(glass.want.slots[0].tracking, TOUCH_UP);
	assert_int_equal(glass.want.slots[1].tracking, 1);
	up.contacts[0].id = 77; /* was never down */
	touch_state_apply(&glass.want, &up);
	assert_int_equal(glass.want.slots[1].tracking, 1);
}

static void tracking_ids_begin_again(void **state)
{
	struct touch_contact finger = at(1, 10, 20);
	struct glass glass;

	glass_init(&glass, &plain);
	glass.want.presses = TOUCH_TRACKING_MAX;
	show(&glass, &finger, 1);
	assert_int_equal(glass.want.slots[0].tracking, TOUCH_TRACKING_MAX);
	show(&glass, NULL, 0);
	show(&glass, &finger, 1);
	assert_int_equal(glass.want.slots[0].tracking, 0);
}

static void forgetting_lifts_everything(void **state)
{
	struct touch_contact finger = at(1, 10, 20);
	struct glass glass;

	glass_init(&glass, &plain);
	show(&glass, &finger, 1);
	glass.count = touch_state_forget(&glass.told, glass.events);
	EXPECT(&glass, SLOT(0), TRACKING(-1), SLOT(1), TRACKING(-1), SLOT(2), TRACKING(-1), PRESS(0), SYN);
	glass.count = touch_state_diff(&plain, &glass.told, &glass.want, glass.events);
	EXPECT(&glass, SLOT(0), TRACKING(0), MT_X(10), MT_Y(20), PRESS(1), X(10), Y(20), SYN);
	assert_true(touch_state_lift(&glass.want));
	assert_false(touch_state_lift(&glass.want));
}

static void the_worst_frame_fits(void **state)
{
	static struct touch_frame frame;
	struct touch_axes axes = full;
	static struct glass glass;
	unsigned int i, round;

	axes.slots = TOUCH_MAX_SLOTS;
	glass_init(&glass, &axes);
	for (round = 0; round < 4; round++) {
		frame.whole = true;
		frame.count = TOUCH_MAX_SLOTS;
		for (i = 0; i < frame.count; i++) {
			frame.contacts[i] = at(round * 100 + i, (int32_t)(round + i + 1), (int32_t)(round + 2 * i + 1));
			frame.contacts[i].axis[TOUCH_PRESSURE] = (int32_t)round + 1;
			frame.contacts[i].axis[TOUCH_MAJOR] = (int32_t)round + 2;
			frame.contacts[i].axis[TOUCH_MINOR] = (int32_t)round + 1;
			frame.contacts[i].axis[TOUCH_ORIENTATION] = (int32_t)round % 2 + 1;
		}
		glass.told.current = -1;
		touch_state_apply(&glass.want, &frame);
		glass.count = touch_state_diff(&axes, &glass.told, &glass.want, glass.events);
		assert_in_range(glass.count, 1, TOUCH_MAX_EVENTS);
	}
	assert_in_range(touch_state_forget(&glass.told, glass.events), 1, TOUCH_MAX_EVENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tap),
		cmocka_unit_test(oldest_finger_points),
		cmocka_unit_test(a_slot_with_a_new_finger_takes_two_frames),
		cmocka_unit_test(a_slot_that_is_left_is_free_in_the_next_frame),
		cmocka_unit_test(another_finger_takes_another_slot),
		cmocka_unit_test(events_come_as_the_panel_lists_its_fingers),
		cmocka_unit_test(one_leaves_and_one_comes_with_its_id),
		cmocka_unit_test(a_palm_is_shown_before_it_leaves),
		cmocka_unit_test(more_fingers_than_slots),
		cmocka_unit_test(all_axes),
		cmocka_unit_test(only_some_fingers_are_listed),
		cmocka_unit_test(tracking_ids_begin_again),
		cmocka_unit_test(forgetting_lifts_everything),
		cmocka_unit_test(the_worst_frame_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
