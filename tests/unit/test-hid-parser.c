// SPDX-License-Identifier: MIT
/* Report descriptors, sound and hostile. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "hid-builder.h"
#include "vhost-user-input-hidraw/hid-touch.h"

static const struct layout ten = { .contacts = 10, .maximum = 10, .report_id = 1, .count = true, .scan_time = true };

static struct hid_table *parse(const struct builder *b)
{
	struct hid_error error;
	struct hid_table *table;

	if (hid_parse(b->bytes, b->size, &table, &error))
		fail_msg("%s", error.text);
	return table;
}

static void refuses(const struct builder *b, int code, const char *what)
{
	struct hid_error error;
	struct hid_table *table;

	assert_int_equal(hid_parse(b->bytes, b->size, &table, &error), code);
	assert_null(table);
	if (!strstr(error.text, what))
		fail_msg("\"%s\" does not say \"%s\"", error.text, what);
}

static void mouse(void **state)
{
	struct builder b = { 0 };
	struct hid_table *table;

	build_mouse(&b, 0);
	table = parse(&b);
	assert_false(table->numbered);
	assert_int_equal(table->num_fields, 5);
	assert_int_equal(table->bits[HID_INPUT][0], 24);
	assert_int_equal(table->fields[2].usage, HID_USAGE(9, 3));
	assert_int_equal(table->fields[2].bit_offset, 2);
	assert_int_equal(table->fields[3].usage, HID_USAGE(1, 0x30));
	assert_int_equal(table->fields[3].bit_offset, 8);
	assert_int_equal(table->fields[3].min, -127);
	assert_int_equal(table->fields[3].max, 127);
	assert_true(table->fields[3].flags & HID_RELATIVE);
	assert_int_equal(table->collections[table->fields[3].collection].type, HID_COLLECTION_PHYSICAL);
	assert_int_equal(table->collections[table->fields[3].collection].parent, 0);
	hid_table_free(table);
}

static void keyboard(void **state)
{
	struct builder b = { 0 };
	struct hid_table *table;

	build_keyboard(&b);
	table = parse(&b);
	/* 8 modifiers, 5 lamps, one array of 6 keys */
	assert_int_equal(table->num_fields, 14);
	assert_int_equal(table->bits[HID_INPUT][0], 64);
	assert_int_equal(table->bits[HID_OUTPUT][0], 5);
	assert_int_equal(table->fields[13].count, 6);
	assert_false(table->fields[13].flags & HID_VARIABLE);
	assert_int_equal(table->fields[13].bit_offset, 16);
	hid_table_free(table);
}

static void numbered_reports_have_their_own_offsets(void **state)
{
	struct builder b = { 0 };
	struct hid_table *table;

	build_mouse(&b, 5);
	build_touch_screen(&b, &ten);
	build_pen(&b, 9);
	table = parse(&b);
	assert_true(table->numbered);
	assert_int_equal(table->bits[HID_INPUT][5], 24);
	assert_int_equal(table->bits[HID_INPUT][1], 10 * 48 + 8 + 16);
	assert_int_equal(table->bits[HID_INPUT][9], 40);
	assert_int_equal(table->bits[HID_FEATURE][2], 8);
	hid_table_free(table);
}

static void logical_maximum_is_signed_only_with_the_minimum(void **state)
{
	struct builder b = { 0 };
	struct hid_table *table;

	b.bytes[b.size++] = 0x25; /* Logical Maximum, one byte */
	b.bytes[b.size++] = 0xff;
	item(&b, I_PAGE, 1);
	item(&b, I_SIZE, 8);
	item(&b, I_COUNT, 1);
	item(&b, I_MIN, 0);
	item(&b, I_USAGE, 0x30);
	item(&b, I_INPUT, 2);
	item(&b, I_MIN, -2);
	item(&b, I_USAGE, 0x31);
	item(&b, I_INPUT, 2);
	table = parse(&b);
	assert_int_equal(table->fields[0].max, 255);
	assert_int_equal(table->fields[1].max, -1);
	assert_int_equal(table->fields[1].collection, -1);
	hid_table_free(table);
}

static void exponents(void **state)
{
	static const struct {
		int64_t written;
		int read;
	} cases[] = { { 0, 0 }, { 7, 7 }, { 0x0d, -3 }, { 8, -8 }, { 0xfd, -3 }, { 0xff, -1 } };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct builder b = { 0 };
		struct hid_table *table;

		item(&b, I_SIZE, 8);
		item(&b, I_COUNT, 1);
		item(&b, I_EXPONENT, cases[i].written);
		item(&b, I_USAGE, 1);
		item(&b, I_INPUT, 2);
		table = parse(&b);
		assert_int_equal(table->fields[0].exponent, cases[i].read);
		hid_table_free(table);
	}
}

static void usages_with_a_page_of_their_own(void **state)
{
	struct builder b = { 0 };
	struct hid_table *table;

	item(&b, I_SIZE, 8);
	item(&b, I_COUNT, 5);
	item(&b, I_PAGE, 9);
	item4(&b, I_USAGE_MIN, HID_USAGE(0x0d, 0x50));
	item4(&b, I_USAGE_MAX, HID_USAGE(0x0d, 0x51));
	item(&b, I_USAGE, 7);
	item(&b, I_PAGE, 0x0c); /* the page in force at the main item counts */
	item(&b, I_INPUT, 2);
	table = parse(&b);
	assert_int_equal(table->num_fields, 3);
	assert_int_equal(table->fields[1].usage, HID_USAGE(0x0d, 0x51));
	assert_int_equal(table->fields[2].usage, HID_USAGE(0x0c, 7));
	assert_int_equal(table->fields[2].count, 3); /* the last usage stands for what is left */
	hid_table_free(table);
}

static void of_alternatives_the_first_counts(void **state)
{
	struct builder b = { 0 };
	struct hid_table *table;

	item(&b, I_SIZE, 8);
	item(&b, I_COUNT, 2);
	item(&b, I_PAGE, 1);
	item(&b, I_DELIMITER, 1);
	item(&b, I_USAGE, 0x30);
	item(&b, I_USAGE, 0x36);
	item(&b, I_DELIMITER, 0);
	item(&b, I_USAGE, 0x31);
	item(&b, I_INPUT, 2);
	table = parse(&b);
	assert_int_equal(table->num_fields, 2);
	assert_int_equal(table->fields[0].usage, HID_USAGE(1, 0x30));
	assert_int_equal(table->fields[1].usage, HID_USAGE(1, 0x31));
	hid_table_free(table);
}

static void long_and_reserved_items_are_stepped_over(void **state)
{
	struct builder b = { 0 };
	struct hid_table *table;
	static const uint8_t long_item[] = { 0xfe, 3, 0xf0, 0xa1, 0xa1, 0xa1 };

	memcpy(b.bytes, long_item, sizeof(long_item));
	b.size = sizeof(long_item);
	item(&b, 0x0c, 5); /* reserved type 3 */
	item(&b, 0xd4, 5); /* reserved global tag */
	build_mouse(&b, 0);
	table = parse(&b);
	assert_int_equal(table->num_fields, 5);
	hid_table_free(table);
}

static void values_of_any_size_and_place(void **state)
{
	static const uint8_t payload[] = { 0x00, 0xf8, 0xff, 0x07, 0x80, 0xff, 0xff, 0xff, 0xff, 0x00 };
	struct hid_field field = { .count = 2, .bits = 16, .bit_offset = 11, .max = 65535 };
	int64_t value;

	assert_int_equal(hid_field_get(&field, 0, payload, sizeof(payload), &value), 0);
	assert_int_equal(value, 0xffff);
	assert_int_equal(hid_field_get(&field, 1, payload, sizeof(payload), &value), 0);
	assert_int_equal(value, 0xf000);
	field.min = -1;
	assert_int_equal(hid_field_get(&field, 0, payload, sizeof(payload), &value), 0);
	assert_int_equal(value, -1);
	field.bits = 32;
	field.bit_offset = 40;
	assert_int_equal(hid_field_get(&field, 0, payload, sizeof(payload), &value), 0);
	assert_int_equal(value, -1);
	field.min = 0;
	assert_int_equal(hid_field_get(&field, 0, payload, sizeof(payload), &value), 0);
	assert_int_equal(value, 0xffffffff);
	assert_int_equal(hid_field_get(&field, 1, payload, sizeof(payload), &value), -EMSGSIZE);
	assert_int_equal(hid_field_get(&field, 2, payload, sizeof(payload), &value), -EINVAL);
	field.bits = 33;
	assert_int_equal(hid_field_get(&field, 0, payload, sizeof(payload), &value), -EINVAL);
	field = (struct hid_field) { .count = 12288, .bits = 32, .bit_offset = UINT32_MAX };
	assert_int_equal(hid_field_get(&field, 12287, payload, sizeof(payload), &value), -EMSGSIZE);
}

static void bad_numbers(void **state)
{
	static const struct {
		unsigned int prefix;
		uint32_t value;
		int code;
		const char *what;
	} cases[] = {
		{ I_SIZE, 257, -E2BIG, "report size 257 is larger than 256 bits at byte 0" },
		{ I_SIZE, 0xffffffff, -E2BIG, "report size 4294967295" },
		{ I_COUNT, 12289, -E2BIG, "report count 12289" },
		{ I_ID, 0, -EINVAL, "report id 0" },
		{ I_ID, 256, -EINVAL, "report id 256" },
		{ I_POP, 0, -EINVAL, "Pop without Push" },
		{ I_END, 0, -EINVAL, "End Collection without Collection" },
		{ I_USAGE_MAX, 5, -EINVAL, "Usage Maximum without" },
		{ I_DELIMITER, 0, -EINVAL, "delimiters" },
		{ I_COLLECTION, 1, -EINVAL, "still open at byte 5" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct builder b = { 0 };

		item4(&b, cases[i].prefix, cases[i].value);
		refuses(&b, cases[i].code, cases[i].what);
	}
}

static void too_much(void **state)
{
	struct builder pushes = { 0 }, depth = { 0 }, usages = { 0 }, fields = { 0 }, report = { 0 }, range = { 0 };
	unsigned int i;

	for (i = 0; i < 9; i++)
		item0(&pushes, I_PUSH);
	refuses(&pushes, -E2BIG, "Push number 9");
	for (i = 0; i < 257; i++)
		item(&depth, I_COLLECTION, 1);
	refuses(&depth, -E2BIG, "more than 256 collections");
	for (i = 0; i < 257; i++)
		item(&usages, I_USAGE, 1);
	refuses(&usages, -E2BIG, "more than 256 usages");
	item(&fields, I_USAGE_MIN, 0);
	item4(&fields, I_USAGE_MAX, 3000);
	refuses(&fields, -EINVAL, "Usage Maximum 0xbb8 does not fit");
	item(&report, I_SIZE, 256);
	item(&report, I_COUNT, 4096);
	item(&report, I_INPUT, 3);
	item(&report, I_INPUT, 3);
	refuses(&report, -E2BIG, "longer than 16384 bytes");
	item(&range, I_SIZE, 1);
	item(&range, I_COUNT, 12288);
	item4(&range, I_USAGE_MIN, 0);
	item4(&range, I_USAGE_MAX, 0xffffffff);
	item(&range, I_INPUT, 2);
	refuses(&range, -E2BIG, "more than 1024 fields");
}

static void sizes(void **state)
{
	static const uint8_t big[HID_MAX_DESCRIPTOR + 1];
	struct hid_error error;
	struct hid_table *table;

	assert_int_equal(hid_parse(big, 0, &table, &error), -EINVAL);
	assert_int_equal(hid_parse(big, sizeof(big), &table, &error), -EINVAL);
	assert_int_equal(hid_parse(big, sizeof(big) - 1, &table, &error), 0);
	hid_table_free(table);
}

static void attempt_report(struct hid_touch *touch, uint64_t *seed)
{
	struct touch_frame frame;
	uint8_t bytes[80], *report;
	size_t i, size = draw(seed, sizeof(bytes));

	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)draw(seed, 256);
	/* mostly an id that may be one of the panel's */
	if (draw(seed, 4))
		bytes[0] = (uint8_t)draw(seed, 4);
	report = copy_exact(bytes, size);
	if (hid_touch_decode(touch, report, size, &frame) == 1)
		assert_in_range(frame.count, 0, TOUCH_MAX_SLOTS);
	free_exact(report);
}

/* Whatever it is given: an answer, and no step outside. */
static void attempt(const uint8_t *bytes, size_t size, uint64_t *seed)
{
	uint8_t *copy = copy_exact(bytes, size);
	struct hid_touch *touch = NULL;
	struct hid_error error;
	struct hid_table *table;
	unsigned int i;
	int ret;

	ret = hid_parse(copy, size, &table, &error);
	free_exact(copy);
	if (ret || hid_touch_new(table, &touch, &error))
		return;
	assert_in_range(hid_touch_axes(touch)->slots, 1, TOUCH_MAX_SLOTS);
	for (i = 0; i < 8; i++)
		attempt_report(touch, seed);
	hid_touch_free(touch);
}

static void truncated_everywhere(void **state)
{
	struct builder b = { 0 };
	uint64_t seed = 4711;
	size_t size;

	build_mouse(&b, 5);
	build_touch_screen(&b, &ten);
	for (size = 1; size < b.size; size++)
		attempt(b.bytes, size, &seed);
}

static void mutated(void **state)
{
	const struct layout layouts[] = {
		ten,
		{ .contacts = 5, .report_id = 1, .count = true, .geometry = true, .azimuth = true, .maximum = 10 },
		{ .contacts = 2, .flat = true, .centre = true, .confidence = true },
	};
	uint64_t seed = 20;
	unsigned int i, round;

	for (round = 0; round < 20000; round++) {
		struct builder b = { 0 };

		build_touch_screen(&b, &layouts[round % 3]);
		for (i = 0; i <= round % 7; i++)
			b.bytes[draw(&seed, (uint32_t)b.size)] = (uint8_t)draw(&seed, 256);
		attempt(b.bytes, b.size, &seed);
	}
}

static void noise(void **state)
{
	uint8_t bytes[256];
	uint64_t seed = 99;
	unsigned int round;
	size_t i, size;

	for (round = 0; round < 20000; round++) {
		size = 1 + draw(&seed, sizeof(bytes));
		for (i = 0; i < size; i++)
			bytes[i] = (uint8_t)draw(&seed, 256);
		attempt(bytes, size, &seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mouse),
		cmocka_unit_test(keyboard),
		cmocka_unit_test(numbered_reports_have_their_own_offsets),
		cmocka_unit_test(logical_maximum_is_signed_only_with_the_minimum),
		cmocka_unit_test(exponents),
		cmocka_unit_test(usages_with_a_page_of_their_own),
		cmocka_unit_test(of_alternatives_the_first_counts),
		cmocka_unit_test(long_and_reserved_items_are_stepped_over),
		cmocka_unit_test(values_of_any_size_and_place),
		cmocka_unit_test(bad_numbers),
		cmocka_unit_test(too_much),
		cmocka_unit_test(sizes),
		cmocka_unit_test(truncated_everywhere),
		cmocka_unit_test(mutated),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
