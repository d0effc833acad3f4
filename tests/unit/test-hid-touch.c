// SPDX-License-Identifier: MIT
/* Which touch screens are found in a descriptor, and what becomes of their reports. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "hid-builder.h"
#include "vhost-user-input-hidraw/hid-touch.h"

struct panel {
	struct layout layout;
	struct hid_touch *touch;
	struct touch_frame frame;
	uint16_t time;
};

static struct hid_touch *understand(const struct builder *b)
{
	struct hid_error error;
	struct hid_table *table;
	struct hid_touch *touch = NULL;

	if (hid_parse(b->bytes, b->size, &table, &error) || hid_touch_new(table, &touch, &error))
		fail_msg("%s", error.text);
	return touch;
}

static struct panel plug(struct layout layout)
{
	struct panel panel = { .layout = layout };
	struct builder b = { 0 };

	build_touch_screen(&b, &layout);
	panel.touch = understand(&b);
	return panel;
}

/* One report with these fingers; returns what hid_touch_decode() does. */
static int send(struct panel *panel, const struct finger *fingers, unsigned int num, unsigned int count)
{
	uint8_t report[512];
	size_t size = pack_report(&panel->layout, fingers, num, count, panel->time, report);

	return hid_touch_decode(panel->touch, report, size, &panel->frame);
}

static void check_contact(const struct panel *panel, unsigned int index, const struct finger *finger)
{
	const struct touch_contact *contact = &panel->frame.contacts[index];

	assert_int_equal(contact->id, finger->id);
	assert_int_equal(contact->down, finger->down);
	assert_int_equal(contact->axis[TOUCH_X], finger->x);
	assert_int_equal(contact->axis[TOUCH_Y], finger->y);
}

static void fill(struct finger *fingers, unsigned int num, unsigned int first)
{
	unsigned int i;

	for (i = 0; i < num; i++)
		fingers[i] = (struct finger) { .id = first + i, .down = true, .x = 100 * i + 1, .y = 4000 - 100 * i };
}

static void axes(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 10, .count = true, .maximum = 7, .geometry = true });
	const struct touch_axes *found = hid_touch_axes(panel.touch);

	/* as Linux does it: what the panel says, whatever its reports have room for */
	assert_int_equal(found->slots, 7);
	assert_int_equal(hid_touch_per_report(panel.touch), 10);
	assert_int_equal(found->range[TOUCH_X].max, 4095);
	assert_int_equal(found->range[TOUCH_X].resolution, 20);
	assert_int_equal(found->range[TOUCH_Y].resolution, 40);
	assert_true(found->range[TOUCH_MAJOR].present && found->range[TOUCH_MINOR].present);
	assert_int_equal(found->range[TOUCH_PRESSURE].max, 255);
	assert_int_equal(found->range[TOUCH_ORIENTATION].max, 1);
	hid_touch_free(panel.touch);

	panel = plug((struct layout) { .contacts = 2, .count = true });
	found = hid_touch_axes(panel.touch);
	assert_false(found->range[TOUCH_PRESSURE].present || found->range[TOUCH_MAJOR].present);
	assert_int_equal(found->slots, 10); /* what Linux assumes of a panel that does not say */
	hid_touch_free(panel.touch);
}

static void maximum_of_the_feature_report(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 2, .report_id = 4, .count = true, .maximum = 20 });
	uint8_t answer = 12, id;
	size_t size;

	assert_int_equal(hid_touch_axes(panel.touch)->slots, 20);
	assert_int_equal(hid_touch_maximum_report(panel.touch, &id, &size), 0);
	assert_int_equal(id, 5);
	assert_int_equal(size, 1);
	hid_touch_set_maximum(panel.touch, &answer, 1);
	assert_int_equal(hid_touch_axes(panel.touch)->slots, 12);
	hid_touch_set_maximum(panel.touch, &answer, 0);
	answer = 255;
	hid_touch_set_maximum(panel.touch, &answer, 1);
	assert_int_equal(hid_touch_axes(panel.touch)->slots, 12); /* no answer, and one that cannot be */
	hid_touch_free(panel.touch);
}

static void parallel(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 10, .report_id = 1, .count = true, .scan_time = true });
	struct finger fingers[10];
	unsigned int i;

	fill(fingers, 10, 20);
	assert_int_equal(send(&panel, fingers, 10, 10), 1);
	assert_true(panel.frame.whole);
	assert_int_equal(panel.frame.count, 10);
	for (i = 0; i < 10; i++)
		check_contact(&panel, i, &fingers[i]);
	panel.time++;
	fingers[0].down = false;
	assert_int_equal(send(&panel, fingers, 2, 2), 1);
	assert_int_equal(panel.frame.count, 2);
	check_contact(&panel, 0, &fingers[0]);
	check_contact(&panel, 1, &fingers[1]);
	hid_touch_free(panel.touch);
}

static void unused_places_are_no_fingers(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 5, .count = true });
	struct finger fingers[5] = { { 0 } };

	/* the finger with id 0 stands behind places that are all zero */
	fingers[3] = (struct finger) { .id = 0, .down = true, .x = 5, .y = 6 };
	assert_int_equal(send(&panel, fingers, 5, 5), 1);
	assert_int_equal(panel.frame.count, 1);
	check_contact(&panel, 0, &fingers[3]);
	hid_touch_free(panel.touch);
}

static void one_id_twice(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 3, .count = true });
	struct finger fingers[3] = { { .id = 1, .x = 5, .y = 6 }, { .id = 1, .down = true, .x = 50, .y = 60 } };

	/* a finger leaves, another one comes */
	assert_int_equal(send(&panel, fingers, 2, 2), 1);
	assert_int_equal(panel.frame.count, 2);
	check_contact(&panel, 0, &fingers[0]);
	check_contact(&panel, 1, &fingers[1]);
	/* what is said later of a finger that is down is not believed */
	fingers[2] = (struct finger) { .id = 1, .x = 7, .y = 8 };
	assert_int_equal(send(&panel, fingers + 1, 2, 2), 1);
	assert_int_equal(panel.frame.count, 1);
	check_contact(&panel, 0, &fingers[1]);
	fingers[2].down = true;
	assert_int_equal(send(&panel, fingers + 1, 2, 2), 1);
	assert_int_equal(panel.frame.count, 1);
	check_contact(&panel, 0, &fingers[1]);
	/* finger 0 leaves at the corner, and nobody else is finger 0 */
	memset(fingers, 0, sizeof(fingers));
	assert_int_equal(send(&panel, fingers, 1, 1), 1);
	assert_int_equal(panel.frame.count, 1);
	check_contact(&panel, 0, &fingers[0]);
	hid_touch_free(panel.touch);
}

static void hybrid(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 5, .report_id = 1, .count = true, .maximum = 10 });
	struct finger fingers[10];
	unsigned int i;

	fill(fingers, 10, 0);
	assert_int_equal(send(&panel, fingers, 5, 7), 0);
	assert_int_equal(send(&panel, fingers + 5, 2, 0), 1);
	assert_true(panel.frame.whole);
	assert_int_equal(panel.frame.count, 7);
	for (i = 0; i < 7; i++)
		check_contact(&panel, i, &fingers[i]);
	/* the number in each report, no scan time: fingers that were there already begin the next frame */
	assert_int_equal(send(&panel, fingers, 5, 10), 0);
	assert_int_equal(send(&panel, fingers + 5, 5, 10), 1);
	assert_int_equal(panel.frame.count, 10);
	assert_int_equal(send(&panel, fingers, 5, 10), 0);
	assert_int_equal(send(&panel, fingers, 5, 10), 0);
	assert_int_equal(send(&panel, fingers + 5, 5, 10), 1);
	assert_int_equal(panel.frame.count, 10);
	hid_touch_free(panel.touch);
}

static void hybrid_by_scan_time(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 2, .count = true, .scan_time = true });
	struct finger fingers[4];

	fill(fingers, 4, 0);
	panel.time = 100;
	assert_int_equal(send(&panel, fingers, 2, 2), 1);
	panel.time = 200;
	assert_int_equal(send(&panel, fingers, 2, 4), 0);
	/* the second half is lost; the next frame begins with other fingers, but at another time */
	panel.time = 300;
	assert_int_equal(send(&panel, fingers + 2, 2, 4), 0);
	assert_int_equal(send(&panel, fingers, 2, 4), 1);
	assert_int_equal(panel.frame.count, 4);
	/* a report that only fills the frame up is no empty glass */
	assert_int_equal(send(&panel, NULL, 0, 0), 0);
	panel.time = 400;
	assert_int_equal(send(&panel, NULL, 0, 0), 1);
	assert_int_equal(panel.frame.count, 0);
	hid_touch_free(panel.touch);
}

static void lost_first_report(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 5, .count = true });
	struct finger fingers[10];

	fill(fingers, 10, 0);
	assert_int_equal(send(&panel, fingers + 5, 5, 0), 0);
	assert_int_equal(send(&panel, fingers, 5, 5), 1);
	/* and the rest of a frame, followed by the next one */
	assert_int_equal(send(&panel, fingers, 5, 10), 0);
	assert_int_equal(send(&panel, fingers, 3, 3), 1);
	assert_int_equal(panel.frame.count, 3);
	/* forgotten halves stay forgotten */
	assert_int_equal(send(&panel, fingers, 5, 10), 0);
	hid_touch_reset(panel.touch);
	assert_int_equal(send(&panel, fingers + 5, 5, 0), 0);
	hid_touch_free(panel.touch);
}

static void serial(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 1, .count = true });
	struct finger fingers[3];

	fill(fingers, 3, 7);
	assert_int_equal(send(&panel, fingers, 1, 3), 0);
	assert_int_equal(send(&panel, fingers + 1, 1, 0), 0);
	assert_int_equal(send(&panel, fingers + 2, 1, 0), 1);
	assert_true(panel.frame.whole);
	assert_int_equal(panel.frame.count, 3);
	hid_touch_free(panel.touch);

	panel = plug((struct layout) { .contacts = 1 });
	assert_int_equal(send(&panel, fingers + 1, 1, 0), 1);
	assert_false(panel.frame.whole); /* the others are somewhere, too */
	assert_int_equal(panel.frame.count, 1);
	check_contact(&panel, 0, &fingers[1]);
	fingers[1].down = false;
	assert_int_equal(send(&panel, fingers + 1, 1, 0), 1);
	check_contact(&panel, 0, &fingers[1]);
	hid_touch_free(panel.touch);
}

static void single_touch(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 1, .no_id = true, .report_id = 3 });
	struct finger finger = { .id = 0, .down = true, .x = 4095, .y = 0 };

	assert_int_equal(hid_touch_axes(panel.touch)->slots, 1);
	assert_int_equal(send(&panel, &finger, 1, 0), 1);
	check_contact(&panel, 0, &finger);
	hid_touch_free(panel.touch);
}

/* Two layouts of one screen, each with its own report id, in a collection each. */
static void two_collections(void **state)
{
	struct panel panel = { .layout = { .contacts = 2, .report_id = 1, .count = true, .scan_time = true } };
	const struct layout other = { .contacts = 5, .report_id = 4, .count = true, .flat = true };
	struct finger fingers[5];
	struct builder b = { 0 };
	unsigned int i;

	build_touch_screen(&b, &panel.layout);
	build_touch_screen(&b, &other);
	panel.touch = understand(&b);
	assert_int_equal(hid_touch_per_report(panel.touch), 5);
	fill(fingers, 5, 3);
	for (i = 0; i < 4; i++) {
		panel.time += 100;
		assert_int_equal(send(&panel, fingers, 2, 2), 1);
		assert_int_equal(panel.frame.count, 2);
		check_contact(&panel, 1, &fingers[1]);
		panel.layout.report_id = panel.layout.report_id == 1 ? 4 : 1;
		panel.layout.contacts = 7 - panel.layout.contacts;
		panel.layout.scan_time = !panel.layout.scan_time;
	}
	hid_touch_free(panel.touch);
}

static void no_contact_count(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 4 });
	struct finger fingers[4] = { { 0 } };

	fingers[2] = (struct finger) { .id = 0, .down = true, .x = 1, .y = 2 };
	assert_int_equal(send(&panel, fingers, 4, 0), 1);
	assert_true(panel.frame.whole);
	assert_int_equal(panel.frame.count, 1);
	check_contact(&panel, 0, &fingers[2]);
	hid_touch_free(panel.touch);
}

static void flat_and_with_centres(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 3, .flat = true, .count = true, .centre = true });
	struct finger fingers[3];
	unsigned int i;

	fill(fingers, 3, 1);
	assert_int_equal(hid_touch_per_report(panel.touch), 3);
	assert_int_equal(send(&panel, fingers, 3, 3), 1);
	for (i = 0; i < 3; i++)
		check_contact(&panel, i, &fingers[i]);
	hid_touch_free(panel.touch);
}

/* This panel is not certified for Windows 8: see test-hid-families.c for those that are. */
static void confidence_of_old_panels_is_not_believed(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 2, .count = true, .confidence = true });
	struct finger fingers[2];

	fill(fingers, 2, 0);
	fingers[1].palm = true;
	assert_int_equal(send(&panel, fingers, 2, 2), 1);
	check_contact(&panel, 0, &fingers[0]);
	check_contact(&panel, 1, &fingers[1]);
	assert_false(hid_touch_axes(panel.touch)->range[TOUCH_TOOL_TYPE].present);
	hid_touch_free(panel.touch);
}

static void ellipses(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 1, .geometry = true, .azimuth = true });
	struct finger finger = { .down = true, .width = 3, .height = 9, .pressure = 77, .azimuth = 45 };
	static const int turns[][2] = { { 0, 0 }, { 45, -45 }, { 90, -90 }, { 135, -135 }, { 180, -180 }, { 270, 90 },
		{ 315, 45 } };
	const int32_t *axis = panel.frame.contacts[0].axis;
	size_t i;

	assert_int_equal(hid_touch_axes(panel.touch)->range[TOUCH_ORIENTATION].min, -90);
	assert_int_equal(hid_touch_axes(panel.touch)->range[TOUCH_ORIENTATION].max, 90);
	assert_int_equal(send(&panel, &finger, 1, 0), 1);
	assert_int_equal(axis[TOUCH_MAJOR], 9);
	assert_int_equal(axis[TOUCH_MINOR], 3);
	assert_int_equal(axis[TOUCH_PRESSURE], 77);
	for (i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		finger.azimuth = (uint16_t)turns[i][0];
		assert_int_equal(send(&panel, &finger, 1, 0), 1);
		assert_int_equal(axis[TOUCH_ORIENTATION], turns[i][1]);
	}
	hid_touch_free(panel.touch);

	panel = plug((struct layout) { .contacts = 1, .geometry = true });
	assert_int_equal(send(&panel, &finger, 1, 0), 1);
	assert_int_equal(panel.frame.contacts[0].axis[TOUCH_ORIENTATION], 0);
	finger.width = 200;
	assert_int_equal(send(&panel, &finger, 1, 0), 1);
	assert_int_equal(panel.frame.contacts[0].axis[TOUCH_ORIENTATION], 1);
	assert_int_equal(panel.frame.contacts[0].axis[TOUCH_MAJOR], 200);
	hid_touch_free(panel.touch);
}

static void values_outside_the_range_are_clamped(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 1 });
	struct finger finger = { .down = true, .x = 65535, .y = 4096 };

	assert_int_equal(send(&panel, &finger, 1, 0), 1);
	assert_int_equal(panel.frame.contacts[0].axis[TOUCH_X], 4095);
	assert_int_equal(panel.frame.contacts[0].axis[TOUCH_Y], 4095);
	hid_touch_free(panel.touch);
}

static void impossible_counts(void **state)
{
	struct panel panel = plug((struct layout) { .contacts = 5, .count = true });
	struct finger fingers[5];
	unsigned int i;

	fill(fingers, 5, 0);
	/* never more than the frame can hold, whatever the panel says and however often */
	for (i = 0; i < 100; i++) {
		fill(fingers, 5, i * 5);
		send(&panel, fingers, 5, i ? 0 : 255);
	}
	assert_in_range(panel.frame.count, 0, TOUCH_MAX_SLOTS);
	fill(fingers, 5, 0);
	assert_int_equal(send(&panel, fingers, 5, 5), 1);
	hid_touch_free(panel.touch);
}

static void foreign_and_short_reports(void **state)
{
	const struct layout layout = { .contacts = 2, .report_id = 1, .count = true, .scan_time = true };
	struct builder b = { 0 };
	struct touch_frame frame;
	struct hid_touch *touch;
	struct finger fingers[2];
	uint8_t report[64];
	size_t size, shorter;

	build_mouse(&b, 5);
	build_pen(&b, 6);
	build_touch_screen(&b, &layout);
	touch = understand(&b);
	assert_int_equal(hid_touch_per_report(touch), 2);
	assert_int_equal(hid_touch_axes(touch)->range[TOUCH_X].max, 4095); /* not the pen's */
	fill(fingers, 2, 0);
	size = pack_report(&layout, fingers, 2, 2, 0, report);
	assert_int_equal(hid_touch_decode(touch, report, size, &frame), 1);
	for (shorter = 0; shorter < size; shorter++) {
		uint8_t *exact = copy_exact(report, shorter);

		assert_int_equal(hid_touch_decode(touch, exact, shorter, &frame), -EMSGSIZE);
		free_exact(exact);
	}
	report[0] = 5;
	assert_int_equal(hid_touch_decode(touch, report, size, &frame), 0);
	report[0] = 77;
	assert_int_equal(hid_touch_decode(touch, report, size, &frame), 0);
	hid_touch_free(touch);
}

static void refuses(const struct builder *b, int code, const char *what)
{
	struct hid_error error;
	struct hid_table *table;
	struct hid_touch *touch;

	assert_int_equal(hid_parse(b->bytes, b->size, &table, &error), 0);
	assert_int_equal(hid_touch_new(table, &touch, &error), code);
	assert_null(touch);
	if (!strstr(error.text, what))
		fail_msg("\"%s\" does not say \"%s\"", error.text, what);
}

static void no_touch_screens(void **state)
{
	const struct layout two_without_ids = { .contacts = 2, .no_id = true };
	struct builder mouse = { 0 }, pen = { 0 }, empty = { 0 }, anonymous = { 0 }, dot = { 0 };

	build_mouse(&mouse, 0);
	refuses(&mouse, -ENODEV, "no touch screen collection");
	build_pen(&pen, 1);
	refuses(&pen, -ENODEV, "no touch screen collection");
	build_touch_screen(&empty, &(struct layout) { .count = true });
	refuses(&empty, -EINVAL, "no contact with tip switch");
	build_touch_screen(&anonymous, &two_without_ids);
	refuses(&anonymous, -EINVAL, "no contact identifier");

	item(&dot, I_PAGE, 0x0d);
	item(&dot, I_USAGE, 4);
	item(&dot, I_COLLECTION, 1);
	item(&dot, I_SIZE, 8);
	item(&dot, I_COUNT, 4);
	item(&dot, I_USAGE, 0x42);
	item(&dot, I_USAGE, 0x51);
	item4(&dot, I_USAGE, 0x00010030);
	item4(&dot, I_USAGE, 0x00010031);
	item(&dot, I_INPUT, 2);
	item0(&dot, I_END);
	refuses(&dot, -EINVAL, "logical range");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(axes),
		cmocka_unit_test(maximum_of_the_feature_report),
		cmocka_unit_test(parallel),
		cmocka_unit_test(unused_places_are_no_fingers),
		cmocka_unit_test(hybrid),
		cmocka_unit_test(hybrid_by_scan_time),
		cmocka_unit_test(lost_first_report),
		cmocka_unit_test(serial),
		cmocka_unit_test(single_touch),
		cmocka_unit_test(two_collections),
		cmocka_unit_test(no_contact_count),
		cmocka_unit_test(flat_and_with_centres),
		cmocka_unit_test(one_id_twice),
		cmocka_unit_test(confidence_of_old_panels_is_not_believed),
		cmocka_unit_test(ellipses),
		cmocka_unit_test(values_outside_the_range_are_clamped),
		cmocka_unit_test(impossible_counts),
		cmocka_unit_test(foreign_and_short_reports),
		cmocka_unit_test(no_touch_screens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
