// SPDX-License-Identifier: MIT
/*
 * Each family of descriptors: what is found in it, and what becomes of hundreds of frames as that family's panels send
 * them. What is expected is worked out here from the places of the frame, the simple way: one place, one contact.
 */
#include <linux/input.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/families/scenes.h"
#include "vhost-user-input-hidraw/hid-touch.h"
#include "vhost-user-input-hidraw/touch-state.h"

#define FRAMES 400

struct watch {
	const struct scene *scene;
	struct hid_touch *touch;
	struct touch_frame frame;
	struct touch_state glass;
	struct touch_state told;
	struct touch_state reader;
	struct touch_event events[TOUCH_MAX_EVENTS];
	unsigned int frames;
};

static struct hid_touch *understand(const struct family *family)
{
	struct hid_touch *touch = NULL;
	struct builder b = { 0 };
	struct hid_error error;
	struct hid_table *table;

	family_descriptor(family, &b);
	if (hid_parse(b.bytes, b.size, &table, &error) || hid_touch_new(table, &touch, &error))
		fail_msg("%s: %s", family->name, error.text);
	return touch;
}

static bool certified(const struct family *family)
{
	return family->flags & FAMILY_CERTIFIED;
}

static bool is_down(const struct family *family, const struct record *record)
{
	return record->value[PART_TIP] ||
		(certified(family) && family_has(family, PART_IN_RANGE) && record->value[PART_IN_RANGE]);
}

static const struct {
	enum touch_axis axis;
	enum part_kind kind;
} plain[] = {
	{ TOUCH_X, PART_X },
	{ TOUCH_Y, PART_Y },
	{ TOUCH_TOOL_X, PART_CENTRE_X },
	{ TOUCH_TOOL_Y, PART_CENTRE_Y },
	{ TOUCH_PRESSURE, PART_PRESSURE },
};

#define NUM_PLAIN (sizeof(plain) / sizeof(plain[0]))

static void check_ellipse(const struct family *family, const int32_t *axis, const struct record *record)
{
	int32_t width = family_has(family, PART_WIDTH) ? record->value[PART_WIDTH] : 0;
	int32_t height = family_has(family, PART_HEIGHT) ? record->value[PART_HEIGHT] : 0;
	int32_t azimuth = record->value[PART_AZIMUTH];

	if (family_has(family, PART_WIDTH))
		assert_int_equal(axis[TOUCH_MAJOR], width > height ? width : height);
	if (family_has(family, PART_HEIGHT))
		assert_int_equal(axis[TOUCH_MINOR], width > height ? height : width);
	/* a full turn is 356 here, four times the quarter of 359 */
	if (family_has(family, PART_AZIMUTH))
		assert_int_equal(axis[TOUCH_ORIENTATION], azimuth > 178 ? 356 - azimuth : -azimuth);
	else if (family_has(family, PART_HEIGHT))
		assert_int_equal(axis[TOUCH_ORIENTATION], width > height);
}

static void check_contact(const struct family *family, const struct touch_contact *contact, const struct record *record)
{
	bool palm = certified(family) && family_has(family, PART_CONFIDENCE) && !record->value[PART_CONFIDENCE];
	size_t i;

	assert_int_equal(contact->id, record->value[PART_ID]);
	assert_int_equal(contact->down, is_down(family, record));
	assert_int_equal(contact->axis[TOUCH_TOOL_TYPE], palm ? MT_TOOL_PALM : MT_TOOL_FINGER);
	if (!contact->down)
		return;
	for (i = 0; i < NUM_PLAIN; i++)
		if (family_has(family, plain[i].kind))
			assert_int_equal(contact->axis[plain[i].axis], record->value[plain[i].kind]);
	check_ellipse(family, contact->axis, record);
	if (certified(family) && family_has(family, PART_IN_RANGE))
		assert_int_equal(contact->axis[TOUCH_DISTANCE], !record->value[PART_TIP]);
}

/* Who has only read the events knows which fingers there are, and where. */
static void check_reader(struct watch *watch, const struct touch_axes *axes)
{
	unsigned int i, axis, count = touch_state_diff(axes, &watch->told, &watch->glass, watch->events);

	assert_in_range(count, 0, TOUCH_MAX_EVENTS);
	for (i = 0; i < count; i++)
		touch_state_consume(&watch->reader, &watch->events[i]);
	for (i = 0; i < axes->slots; i++) {
		const struct touch_slot *slot = &watch->reader.slots[i], *truth = &watch->glass.slots[i];

		assert_int_equal(slot->tracking, truth->tracking);
		for (axis = 0; axis < TOUCH_NUM_AXES && truth->tracking != TOUCH_UP; axis++)
			if (axes->range[axis].present)
				assert_int_equal(slot->axis[axis], truth->axis[axis]);
	}
}

static void take_report(void *context, const uint8_t *report, size_t size, bool down)
{
	struct watch *watch = context;
	const struct scene *scene = watch->scene;
	uint8_t *exact = copy_exact(report, size);
	int ret = hid_touch_decode(watch->touch, exact, size, &watch->frame);
	unsigned int i;

	free_exact(exact);
	if (ret == 0)
		return;
	assert_int_equal(ret, 1);
	watch->frames++;
	assert_int_equal(watch->frame.count, scene->num_records);
	for (i = 0; i < watch->frame.count; i++)
		check_contact(scene->family, &watch->frame.contacts[i], &scene->records[i]);
	touch_state_apply(&watch->glass, &watch->frame);
	check_reader(watch, hid_touch_axes(watch->touch));
}

static unsigned int fingers(const struct touch_state *state)
{
	unsigned int i, count = 0;

	for (i = 0; i < state->num_slots; i++)
		count += state->slots[i].tracking != TOUCH_UP;
	return count;
}

static void check_frames(const struct family *family, uint64_t seed)
{
	static struct watch watch;
	struct scene scene;
	unsigned int slots;

	watch = (struct watch) { .touch = understand(family), .scene = &scene };
	slots = hid_touch_axes(watch.touch)->slots;
	touch_state_init(&watch.glass, slots);
	watch.told = watch.glass;
	watch.reader = watch.glass;
	scene_init(&scene, family, seed, take_report, &watch);
	scene_directed(&scene);
	assert_int_equal(fingers(&watch.reader), 0);
	scene_random(&scene, FRAMES);
	scene_clear(&scene);
	assert_int_equal(fingers(&watch.reader), 0);
	assert_true(watch.frames > FRAMES / 2);
	hid_touch_free(watch.touch);
}

static void every_family_every_frame(void **state)
{
	unsigned int i;

	for (i = 0; i < num_families; i++) {
		print_message("# %s\n", families[i].name);
		check_frames(&families[i], i + 1);
		check_frames(&families[i], i + 1000);
	}
}

static void check_range(const struct family *family, const struct touch_range *range, enum part_kind kind)
{
	int32_t min, max;

	assert_int_equal(range->present, family_has(family, kind));
	if (!range->present)
		return;
	family_range(family, kind, &min, &max);
	assert_int_equal(range->min, min);
	assert_int_equal(range->max, max);
}

static void every_family_its_axes(void **state)
{
	unsigned int i;
	size_t j;

	for (i = 0; i < num_families; i++) {
		const struct family *family = &families[i];
		struct hid_touch *touch = understand(family);
		const struct touch_axes *axes = hid_touch_axes(touch);

		print_message("# %s\n", family->name);
		assert_int_equal(axes->slots, family->maximum ? family->maximum : 10);
		assert_int_equal(hid_touch_per_report(touch), family->contacts);
		assert_int_equal(hid_touch_repeats(touch), certified(family));
		for (j = 0; j < NUM_PLAIN; j++)
			check_range(family, &axes->range[plain[j].axis], plain[j].kind);
		check_range(family, &axes->range[TOUCH_MAJOR], PART_WIDTH);
		check_range(family, &axes->range[TOUCH_MINOR], PART_HEIGHT);
		assert_int_equal(
			axes->range[TOUCH_TOOL_TYPE].present, certified(family) && family_has(family, PART_CONFIDENCE));
		assert_int_equal(
			axes->range[TOUCH_DISTANCE].present, certified(family) && family_has(family, PART_IN_RANGE));
		hid_touch_free(touch);
	}
}

static void check_resolution(const char *name, int x, int y)
{
	struct hid_touch *touch = understand(family_find(name));
	const struct touch_axes *axes = hid_touch_axes(touch);

	assert_int_equal(axes->range[TOUCH_X].resolution, x);
	assert_int_equal(axes->range[TOUCH_Y].resolution, y);
	hid_touch_free(touch);
}

/* Worked out by hand: units, divided by millimetres. */
static void physical_units(void **state)
{
	check_resolution("parallel", 20, 20); /* 4095 / 200 mm, 2047 / 100 mm */
	check_resolution("ellipses", 16, 32); /* 4095 / 254 mm, 4095 / 127 mm */
	check_resolution("negative", 59, 8); /* 4095 / 70 mm, 290 / 35 mm */
	check_resolution("centres", 14, 27); /* 4095 / 300 mm, 4095 / 150 mm; between Push and Pop */
	check_resolution("serial", 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_family_its_axes),
		cmocka_unit_test(every_family_every_frame),
		cmocka_unit_test(physical_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
