// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "demo/dummy/frame.h"
#include "demo/dummy/gesture.h"

static const struct panel_variant *variant(const char *name)
{
	const struct panel_variant *found = panel_variant_find(name);

	assert_non_null(found);
	return found;
}

/* Bits of input report @id in @descriptor, added up from its items alone. */
static unsigned int input_bits(const uint8_t *descriptor, size_t size, unsigned int id)
{
	unsigned int bits = 0, report_size = 0, report_count = 0, report_id = 0;
	size_t i = 0;

	while (i < size) {
		unsigned int bytes = descriptor[i] & 3, value = 0, b;

		bytes = bytes == 3 ? 4 : bytes;
		for (b = 0; b < bytes && b < 4; b++)
			value |= (unsigned int)descriptor[i + 1 + b] << (8 * b);
		switch (descriptor[i] & 0xfc) {
		case 0x74: report_size = value; break;
		case 0x94: report_count = value; break;
		case 0x84: report_id = value; break;
		case 0x80:
			if (report_id == id)
				bits += report_size * report_count;
			break;
		default: break;
		}
		i += 1 + bytes;
	}
	assert_int_equal(i, size);
	return bits;
}

static void descriptors_agree_with_reports(void **state)
{
	const struct panel_variant *each;
	size_t i;

	for (i = 0; (each = panel_variant_at(i)); i++) {
		assert_ptr_equal(panel_variant_find(each->name), each);
		assert_int_equal(input_bits(each->descriptor, each->descriptor_size, PANEL_TOUCH_REPORT),
			8 * (each->report_size - 1));
		assert_true(each->report_size <= PANEL_MAX_REPORT);
	}
	assert_true(i >= 4);
	assert_null(panel_variant_find("eleven"));
}

static struct frame fingers(unsigned int count)
{
	struct frame frame = { .count = count };
	unsigned int i;

	for (i = 0; i < count; i++)
		frame.contacts[i] = (struct contact) { .id = i, .tip = true, .x = 0x1000 + i, .y = 0x2000 + i };
	return frame;
}

static void ten_fingers_in_one_report(void **state)
{
	struct frame frame = fingers(10);
	uint8_t report[PANEL_MAX_REPORT];

	frame.contacts[9].tip = false;
	assert_int_equal(frame_reports(variant("ten"), &frame), 1);
	assert_int_equal(frame_pack(variant("ten"), &frame, 0, 0x1234, report), 64);
	assert_int_equal(report[0], PANEL_TOUCH_REPORT);
	assert_memory_equal(report + 1, "\x03\x00\x00\x10\x00\x20", 6);
	assert_memory_equal(report + 55, "\x00\x09\x09\x10\x09\x20", 6);
	assert_int_equal(report[61], 10);
	assert_memory_equal(report + 62, "\x34\x12", 2);
	assert_int_equal(frame_touching(&frame), 9);
}

static void seven_fingers_in_two_reports(void **state)
{
	struct frame frame = fingers(7);
	uint8_t report[PANEL_MAX_REPORT];

	assert_int_equal(frame_reports(variant("five"), &frame), 2);
	assert_int_equal(frame_pack(variant("five"), &frame, 0, 0, report), 49);
	assert_int_equal(report[46], 7);
	frame_pack(variant("five"), &frame, 1, 0, report);
	assert_int_equal(report[46], 0);
	assert_int_equal(report[1 + 9 + 1], 6);
	/* The third place of the second report is empty. */
	assert_memory_equal(report + 1 + 18, "\0\0\0\0\0\0\0\0\0", 9);
}

static void one_finger_a_report(void **state)
{
	struct frame frame = fingers(3);
	uint8_t report[PANEL_MAX_REPORT];
	unsigned int part;

	assert_int_equal(frame_reports(variant("serial"), &frame), 3);
	for (part = 0; part < 3; part++) {
		assert_int_equal(frame_pack(variant("serial"), &frame, part, 0, report), 10);
		assert_int_equal(report[2], part);
		assert_int_equal(report[7], part == 0 ? 3 : 0);
	}
	frame.count = 0;
	assert_int_equal(frame_reports(variant("serial"), &frame), 1);
}

static void positions_are_clamped(void **state)
{
	assert_int_equal(frame_units(-0.1), 0);
	assert_int_equal(frame_units(0.0), 0);
	assert_int_equal(frame_units(1.0), PANEL_LOGICAL_MAX);
	assert_int_equal(frame_units(7.0), PANEL_LOGICAL_MAX);
	assert_int_equal(frame_units(0.0 / 0.0), 0);
	assert_int_equal(frame_units(0.5), 8192);
}

static void four_quarters_are_a_full_turn(void **state)
{
	struct frame frame = fingers(1), turned = frame;

	frame_rotate(&turned, 1);
	assert_int_equal(turned.contacts[0].x, PANEL_LOGICAL_MAX - 0x2000);
	assert_int_equal(turned.contacts[0].y, 0x1000);
	frame_rotate(&turned, 3);
	assert_memory_equal(&turned, &frame, sizeof(frame));
}

static void every_gesture_ends_with_lifted_fingers(void **state)
{
	const enum gesture_kind kinds[] = { GESTURE_TAP, GESTURE_DRAG, GESTURE_PINCH, GESTURE_TEN, GESTURE_FLOOD };
	struct gesture gesture = {
		.from = { 0.2, 0.3 },
		.to = { 0.9, 0.8 },
		.spread = { 0.5, 0.1 },
		.ms = 200,
		.frames = 40,
		.fingers = 3,
		.strength = STRENGTH_GLOVE,
	};
	struct frame frame = { 0 }, before = { 0 };
	unsigned int i, index, total;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		gesture.kind = kinds[i];
		total = gesture_frames(&gesture, 125);
		assert_true(total >= 3);
		for (index = 0; index < total; index++) {
			before = frame;
			gesture_frame(&gesture, total, index, &frame);
			assert_true(frame.count > 0);
			assert_int_equal(frame_strength(&frame), STRENGTH_GLOVE);
			assert_int_equal(frame_touching(&frame), index + 1 < total ? frame.count : 0);
		}
		/* A finger leaves where it was. */
		assert_int_equal(frame.contacts[0].x, before.contacts[0].x);
	}
}

static void a_drag_starts_and_ends_where_it_should(void **state)
{
	const struct gesture drag = { .kind = GESTURE_DRAG, .from = { 0.25, 0.5 }, .to = { 0.75, 1.0 }, .ms = 400 };
	unsigned int total = gesture_frames(&drag, 125);
	struct frame frame;

	assert_int_equal(total, 51);
	gesture_frame(&drag, total, 0, &frame);
	assert_int_equal(frame.contacts[0].x, frame_units(0.25));
	gesture_frame(&drag, total, total - 1, &frame);
	assert_int_equal(frame.contacts[0].x, frame_units(0.75));
	assert_int_equal(frame.contacts[0].y, PANEL_LOGICAL_MAX);
}

static void a_flood_counts(void **state)
{
	const struct gesture flood = { .kind = GESTURE_FLOOD, .frames = 40000, .fingers = 10 };
	unsigned int index;
	struct frame frame;

	for (index = 0; index + 1 < flood.frames; index += 1111) {
		gesture_frame(&flood, flood.frames, index, &frame);
		assert_int_equal(frame.count, 10);
		assert_int_equal(frame.contacts[0].x + frame.contacts[0].y * (PANEL_LOGICAL_MAX + 1), index);
	}
}

static void gloves_and_drops_look_different(void **state)
{
	static const uint8_t shapes[STRENGTH_COUNT][3] = {
		{ 40, 48, 120 },
		{ 52, 60, 60 },
		{ 60, 70, 30 },
		{ 12, 14, 20 },
	};
	uint8_t report[PANEL_MAX_REPORT];
	struct frame frame = fingers(1);
	int i;

	for (i = 0; i < STRENGTH_COUNT; i++) {
		frame.contacts[0].strength = i;
		frame.contacts[0].tip = true;
		frame_pack(variant("five"), &frame, 0, 0, report);
		assert_memory_equal(report + 7, shapes[i], 3);
		frame.contacts[0].tip = false;
		frame_pack(variant("five"), &frame, 0, 0, report);
		assert_memory_equal(report + 7, "\0\0\0", 3);
	}
}

/* One contact of each strength; the id is the strength. */
static struct frame one_of_each(void)
{
	struct frame frame = fingers(STRENGTH_COUNT);
	int i;

	for (i = 0; i < STRENGTH_COUNT; i++)
		frame.contacts[i].strength = i;
	return frame;
}

static void sensitivity_decides_what_is_felt(void **state)
{
	static const unsigned int felt_at[] = { 1, 2, 4 };
	const struct frame all = one_of_each(), nothing = { 0 };
	struct frame felt;
	unsigned int level;

	for (level = 0; level < 3; level++) {
		frame_feel(&all, level, &nothing, &felt);
		assert_int_equal(felt.count, felt_at[level]);
		assert_int_equal(frame_touching(&felt), felt_at[level]);
		assert_memory_equal(felt.contacts, all.contacts, felt.count * sizeof(felt.contacts[0]));
	}
	assert_int_equal(frame_strength(&all), STRENGTH_BARE);
	assert_int_equal(frame_strength(&nothing), STRENGTH_BARE);
}

static void what_was_felt_is_lifted(void **state)
{
	const struct frame nothing = { 0 };
	struct frame all = one_of_each(), last, felt;

	/* Less sensitive all of a sudden: gloves and drops leave, once. */
	frame_feel(&all, 2, &nothing, &last);
	frame_feel(&all, 0, &last, &felt);
	assert_int_equal(felt.count, 4);
	assert_int_equal(frame_touching(&felt), 1);
	frame_feel(&all, 0, &felt, &last);
	assert_int_equal(last.count, 1);
	/* A touch that was never felt does not leave either. */
	all.contacts[STRENGTH_GLOVE].tip = false;
	frame_feel(&all, 0, &last, &felt);
	assert_int_equal(felt.count, 1);
	assert_int_equal(felt.contacts[0].id, STRENGTH_BARE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_agree_with_reports),
		cmocka_unit_test(ten_fingers_in_one_report),
		cmocka_unit_test(seven_fingers_in_two_reports),
		cmocka_unit_test(one_finger_a_report),
		cmocka_unit_test(positions_are_clamped),
		cmocka_unit_test(four_quarters_are_a_full_turn),
		cmocka_unit_test(every_gesture_ends_with_lifted_fingers),
		cmocka_unit_test(a_drag_starts_and_ends_where_it_should),
		cmocka_unit_test(a_flood_counts),
		cmocka_unit_test(gloves_and_drops_look_different),
		cmocka_unit_test(sensitivity_decides_what_is_felt),
		cmocka_unit_test(what_was_felt_is_lifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
