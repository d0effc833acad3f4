// SPDX-License-Identifier: MIT
/* Turned, mirrored and calibrated touches: every corner by its exact value. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost-user-input-hidraw/transform.h"

#define X_MIN (-100)
#define X_MAX 16383
#define Y_MIN 5
#define Y_MAX 4095

static const struct touch_axes axes = {
	.slots = 10,
	.range = {
		[TOUCH_X] = { true, X_MIN, X_MAX, 106 },
		[TOUCH_Y] = { true, Y_MIN, Y_MAX, 47 },
		[TOUCH_MAJOR] = { true, 0, 255, 3 },
		[TOUCH_MINOR] = { true, 0, 255, 3 },
		[TOUCH_ORIENTATION] = { true, -90, 90, 0 },
	},
};

static struct touch_contact one(const struct transform *transform, int32_t x, int32_t y, int32_t orientation)
{
	struct touch_frame frame = {
		.whole = true, .count = 2, .contacts = { { .id = 3, .down = true }, { .id = 4, .down = true } }
	};
	struct touch_contact *contact = &frame.contacts[1];

	contact->axis[TOUCH_X] = x;
	contact->axis[TOUCH_Y] = y;
	contact->axis[TOUCH_MAJOR] = 40;
	contact->axis[TOUCH_MINOR] = 20;
	contact->axis[TOUCH_ORIENTATION] = orientation;
	transform_frame(transform, &axes, &frame);
	assert_int_equal(contact->id, 4);
	assert_true(contact->down);
	assert_int_equal(contact->axis[TOUCH_MAJOR], 40);
	assert_int_equal(contact->axis[TOUCH_MINOR], 20);
	return *contact;
}

static void expect(const struct transform *transform, int32_t x, int32_t y, int32_t wanted_x, int32_t wanted_y)
{
	struct touch_contact contact = one(transform, x, y, 0);

	assert_int_equal(contact.axis[TOUCH_X], wanted_x);
	assert_int_equal(contact.axis[TOUCH_Y], wanted_y);
}

static struct transform make(const char *rotate, const char *mirror, const char *calibration)
{
	struct transform transform;

	transform_init(&transform);
	assert_int_equal(transform_parse_rotate(&transform, rotate), 0);
	if (mirror)
		assert_int_equal(transform_parse_mirror(&transform, mirror), 0);
	if (calibration)
		assert_int_equal(transform_parse_calibration(&transform, calibration), 0);
	return transform;
}

static void nothing_changes_without_options(void **state)
{
	struct transform transform = make("0", NULL, NULL);
	struct touch_axes out;
	int32_t x;

	for (x = X_MIN; x <= X_MAX; x++)
		expect(&transform, x, Y_MIN + x % 4000 / 2 + 100, x, Y_MIN + x % 4000 / 2 + 100);
	transform_axes(&transform, &axes, &out);
	assert_memory_equal(&out, &axes, sizeof(out));
}

static void half_a_turn(void **state)
{
	struct transform transform = make("180", NULL, NULL);

	expect(&transform, X_MIN, Y_MIN, X_MAX, Y_MAX);
	expect(&transform, X_MAX, Y_MIN, X_MIN, Y_MAX);
	expect(&transform, X_MIN, Y_MAX, X_MAX, Y_MIN);
	expect(&transform, X_MAX - 1, Y_MAX - 2, X_MIN + 1, Y_MIN + 2);
}

/* Top left goes to top right; the long axis becomes the upright one. */
static void quarter_clockwise(void **state)
{
	struct transform transform = make("90", NULL, NULL);
	struct touch_axes out;

	expect(&transform, X_MIN, Y_MIN, Y_MAX, X_MIN);
	expect(&transform, X_MAX, Y_MIN, Y_MAX, X_MAX);
	expect(&transform, X_MAX, Y_MAX, Y_MIN, X_MAX);
	expect(&transform, X_MIN, Y_MAX, Y_MIN, X_MIN);
	expect(&transform, X_MIN + 7, Y_MIN + 3, Y_MAX - 3, X_MIN + 7);
	transform_axes(&transform, &axes, &out);
	assert_int_equal(out.range[TOUCH_X].min, Y_MIN);
	assert_int_equal(out.range[TOUCH_X].max, Y_MAX);
	assert_int_equal(out.range[TOUCH_X].resolution, 47);
	assert_int_equal(out.range[TOUCH_Y].max, X_MAX);
	assert_int_equal(out.range[TOUCH_Y].resolution, 106);
	assert_int_equal(out.slots, 10);
}

static void quarter_against_the_clock(void **state)
{
	struct transform transform = make("270", NULL, NULL);

	expect(&transform, X_MIN, Y_MIN, Y_MIN, X_MAX);
	expect(&transform, X_MAX, Y_MIN, Y_MIN, X_MIN);
	expect(&transform, X_MAX, Y_MAX, Y_MAX, X_MIN);
	expect(&transform, X_MIN + 7, Y_MIN + 3, Y_MIN + 3, X_MAX - 7);
}

static void mirrors(void **state)
{
	struct transform x = make("0", "x", NULL), y = make("0", "y", NULL), both = make("0", "xy", NULL);

	expect(&x, X_MIN + 2, Y_MIN + 3, X_MAX - 2, Y_MIN + 3);
	expect(&y, X_MIN + 2, Y_MIN + 3, X_MIN + 2, Y_MAX - 3);
	expect(&both, X_MIN + 2, Y_MIN + 3, X_MAX - 2, Y_MAX - 3);
}

/* libinput's own examples of turns: normalised, so the ranges stay. */
static void matrices(void **state)
{
	struct transform quarter = make("0", NULL, "0 -1 1 1 0 0");
	struct transform left_half = make("0", NULL, "2 0 0 0 1 0");
	struct transform shift = make("0", NULL, " 1 0 -0.25  0 1 0.5 ");
	struct touch_axes out;

	expect(&quarter, X_MIN, Y_MIN, X_MAX, Y_MIN);
	expect(&quarter, X_MAX, Y_MIN, X_MAX, Y_MAX);
	transform_axes(&quarter, &axes, &out);
	assert_memory_equal(&out, &axes, sizeof(out));
	expect(&left_half, X_MIN + 10, Y_MIN, X_MIN + 20, Y_MIN);
	expect(&left_half, X_MAX, Y_MAX, X_MAX, Y_MAX); /* clamped */
	expect(&shift, X_MIN, Y_MAX, X_MIN, Y_MAX);
	expect(&shift, X_MAX, Y_MIN, X_MAX - 4121, Y_MIN + 2045); /* a quarter of 16483, half of 4090 */
}

/* First the matrix, then the mirror, then the turn. */
static void order(void **state)
{
	struct transform transform = make("90", "x", "0.5 0 0 0 1 0");

	/* (1, 0) -> (0.5, 0) -> (0.5, 0) -> (1, 0.5) */
	expect(&transform, X_MAX, Y_MIN, Y_MAX, X_MIN + 8242);
	/* (0, 0) -> (0, 0) -> (1, 0) -> (1, 1) */
	expect(&transform, X_MIN, Y_MIN, Y_MAX, X_MAX);
}

static int32_t turned(const struct transform *transform, int32_t orientation)
{
	return one(transform, X_MIN, Y_MIN, orientation).axis[TOUCH_ORIENTATION];
}

static void ellipses_turn_too(void **state)
{
	struct transform quarter = make("90", NULL, NULL), half = make("180", NULL, NULL);
	struct transform mirror = make("0", "x", NULL), both = make("0", "xy", NULL);
	struct transform upside = make("0", "y", NULL);

	assert_int_equal(turned(&quarter, 0), 90);
	assert_int_equal(turned(&quarter, 30), 120);
	assert_int_equal(turned(&quarter, -30), 60);
	assert_int_equal(turned(&quarter, 150), -120);
	assert_int_equal(turned(&half, 30), -150);
	assert_int_equal(turned(&half, -180), 0);
	assert_int_equal(turned(&mirror, 30), -30);
	assert_int_equal(turned(&upside, 30), 150);
	assert_int_equal(turned(&both, 30), -150); /* both mirrors are half a turn */
}

/* The contact's centre goes with it, over its own range. */
static void centres(void **state)
{
	struct transform quarter = make("90", NULL, NULL);
	struct touch_axes wide = axes, out;
	struct touch_frame frame = { .count = 1 };

	wide.range[TOUCH_TOOL_X] = (struct touch_range) { true, 0, 100, 1 };
	wide.range[TOUCH_TOOL_Y] = (struct touch_range) { true, 0, 50, 2 };
	frame.contacts[0].axis[TOUCH_TOOL_X] = 10;
	frame.contacts[0].axis[TOUCH_TOOL_Y] = 20;
	transform_axes(&quarter, &wide, &out);
	assert_int_equal(out.range[TOUCH_TOOL_X].max, 50);
	assert_int_equal(out.range[TOUCH_TOOL_Y].max, 100);
	transform_frame(&quarter, &wide, &frame);
	assert_int_equal(frame.contacts[0].axis[TOUCH_TOOL_X], 30);
	assert_int_equal(frame.contacts[0].axis[TOUCH_TOOL_Y], 10);
}

static void ellipses_that_lie_or_stand(void **state)
{
	struct touch_axes two = axes;
	struct transform quarter = make("270", NULL, NULL), mirror = make("180", "y", NULL);
	struct touch_frame frame = { .count = 2 };

	two.range[TOUCH_ORIENTATION] = (struct touch_range) { true, 0, 1, 0 };
	frame.contacts[1].axis[TOUCH_ORIENTATION] = 1;
	transform_frame(&mirror, &two, &frame);
	assert_int_equal(frame.contacts[0].axis[TOUCH_ORIENTATION], 0);
	assert_int_equal(frame.contacts[1].axis[TOUCH_ORIENTATION], 1);
	transform_frame(&quarter, &two, &frame);
	assert_int_equal(frame.contacts[0].axis[TOUCH_ORIENTATION], 1);
	assert_int_equal(frame.contacts[1].axis[TOUCH_ORIENTATION], 0);
}

static void widest_axis(void **state)
{
	struct touch_axes wide = axes;
	struct touch_frame frame = { .count = 1 };
	struct transform half = make("180", NULL, NULL);

	wide.range[TOUCH_X] = (struct touch_range) { true, INT32_MIN, INT32_MAX, 0 };
	wide.range[TOUCH_Y] = (struct touch_range) { true, 7, 7, 0 }; /* and one without any width */
	frame.contacts[0].axis[TOUCH_X] = INT32_MIN + 1;
	frame.contacts[0].axis[TOUCH_Y] = 7;
	transform_frame(&half, &wide, &frame);
	assert_int_equal(frame.contacts[0].axis[TOUCH_X], INT32_MAX - 1);
	assert_int_equal(frame.contacts[0].axis[TOUCH_Y], 7);
}

static void options_that_make_no_sense(void **state)
{
	static const char *const matrices[] = { "", "1 0 0 0 1", "1 0 0 0 1 0 0", "1 0 0 0 1 x", "nan 0 0 0 1 0",
		"inf 0 0 0 1 0", "1e9 0 0 0 1 0", "0 0 0 0 0 0", "1 1 0 1 1 0", "1,0,0,0,1,0" };
	struct transform transform, before;
	size_t i;

	transform_init(&transform);
	before = transform;
	for (i = 0; i < sizeof(matrices) / sizeof(matrices[0]); i++)
		assert_int_equal(transform_parse_calibration(&transform, matrices[i]), -EINVAL);
	assert_int_equal(transform_parse_rotate(&transform, "45"), -EINVAL);
	assert_int_equal(transform_parse_rotate(&transform, "90 "), -EINVAL);
	assert_int_equal(transform_parse_rotate(&transform, "-90"), -EINVAL);
	assert_int_equal(transform_parse_mirror(&transform, ""), -EINVAL);
	assert_int_equal(transform_parse_mirror(&transform, "yx"), -EINVAL);
	assert_memory_equal(&transform, &before, sizeof(transform));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_without_options),
		cmocka_unit_test(half_a_turn),
		cmocka_unit_test(quarter_clockwise),
		cmocka_unit_test(quarter_against_the_clock),
		cmocka_unit_test(mirrors),
		cmocka_unit_test(matrices),
		cmocka_unit_test(order),
		cmocka_unit_test(ellipses_turn_too),
		cmocka_unit_test(centres),
		cmocka_unit_test(ellipses_that_lie_or_stand),
		cmocka_unit_test(widest_axis),
		cmocka_unit_test(options_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
