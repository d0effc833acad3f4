// SPDX-License-Identifier: MIT
/* The feature reports of HTT panels, byte for byte. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost-user-input-hidraw/htt-features.h"

/* What goes over the wire, for reports that can be set and for those that can only be read. */
static const struct {
	uint8_t id;
	uint32_t values[HTT_MAX_FIELDS];
	size_t size;
	const char *bytes;
} wire[] = {
	{ HTT_DRIVER, { 3 }, 2, "\x04\x03" },
	{ HTT_SENSITIVITY, { 2 }, 2, "\x07\x02" },
	{ HTT_ROTATION, { 3 }, 2, "\x08\x03" },
	{ HTT_FIRMWARE, { 0x01020304 }, 5, "\x09\x04\x03\x02\x01" },
	{ HTT_BACKLIGHT, { 200, 1 }, 3, "\x0a\xc8\x01" },
	{ HTT_HAPTIC, { 10 }, 2, "\x0b\x0a" },
	{ HTT_PIEZO, { 100 }, 2, "\x0c\x64" },
	{ HTT_FEEDBACK, { 3 }, 2, "\x0f\x03" },
	{ HTT_DIMMING, { 1, 2, 3, 255, 60, 300, 600, 0x1234 }, 13,
		"\x10\x01\x02\x03\xff\x00\x3c\x01\x2c\x02\x58\x12\x34" },
	{ HTT_CALIBRATE, { 0 }, 2, "\x11\x00" },
	{ HTT_FADE, { 0x0102, 0 }, 4, "\x12\x01\x02\x00" },
	{ HTT_FACTORY_RESET, { 0 }, 2, "\x13\x00" },
	{ HTT_ALARM, { 17, 0xffff, 10 }, 5, "\x14\x11\xff\xff\x0a" },
	{ HTT_THRESHOLD, { 300 }, 3, "\x1a\x01\x2c" },
};

#define NUM_WIRE (sizeof(wire) / sizeof(wire[0]))

static void bytes(void **state)
{
	uint32_t values[HTT_MAX_FIELDS];
	uint8_t data[HTT_MAX_REPORT];
	size_t i;

	for (i = 0; i < NUM_WIRE; i++) {
		const struct htt_report *report = htt_report_find(wire[i].id);

		assert_non_null(report);
		assert_int_equal(report->size, wire[i].size);
		assert_true(report->readable || report->writable);
		assert_int_equal(htt_decode(report, (const uint8_t *)wire[i].bytes, wire[i].size, values), 0);
		assert_memory_equal(values, wire[i].values, report->num_fields * sizeof(values[0]));
		if (!report->writable) {
			assert_int_equal(htt_encode(report, values, data), -EPERM);
			continue;
		}
		assert_int_equal(htt_encode(report, values, data), wire[i].size);
		assert_memory_equal(data, wire[i].bytes, wire[i].size);
	}
}

/* The table is whole: sizes add up, nothing is longer than the buffers are, and there are no others. */
static void table(void **state)
{
	unsigned int id, i, found = 0;

	for (id = 0; id < 1000; id++) {
		const struct htt_report *report = htt_report_find(id);
		size_t size = 1;

		if (!report)
			continue;
		found++;
		assert_int_equal(report->id, id);
		assert_true(report->num_fields >= 1 && report->num_fields <= HTT_MAX_FIELDS);
		for (i = 0; i < report->num_fields; i++) {
			assert_non_null(report->fields[i].name);
			size += report->fields[i].size;
		}
		assert_int_equal(report->size, size);
		assert_true(size <= HTT_MAX_REPORT);
		assert_int_equal(report->reboots, id == HTT_SENSITIVITY || id == HTT_FACTORY_RESET);
	}
	assert_int_equal(found, NUM_WIRE);
}

static void length_and_id(void **state)
{
	const struct htt_report *report = htt_report_find(HTT_SENSITIVITY);
	uint32_t value = 77;

	assert_int_equal(htt_decode(report, (const uint8_t *)"", 0, &value), -EBADMSG);
	assert_int_equal(htt_decode(report, (const uint8_t *)"\x07", 1, &value), -EBADMSG);
	assert_int_equal(htt_decode(report, (const uint8_t *)"\x07\x01\x00", 3, &value), -EBADMSG);
	assert_int_equal(htt_decode(report, (const uint8_t *)"\x08\x01", 2, &value), -EBADMSG);
	assert_int_equal(htt_decode(report, (const uint8_t *)"\x07\x03", 2, &value), -ERANGE);
	assert_int_equal(value, 77);
	assert_int_equal(htt_decode(report, (const uint8_t *)"\x07\x02", 2, NULL), 0);
}

static void ranges(void **state)
{
	uint32_t values[HTT_MAX_FIELDS] = { 0 };
	uint8_t data[HTT_MAX_REPORT];
	size_t i;

	for (i = 0; i < NUM_WIRE; i++) {
		const struct htt_report *report = htt_report_find(wire[i].id);
		unsigned int field;

		for (field = 0; report->writable && field < report->num_fields; field++) {
			values[field] = report->fields[field].max;
			assert_int_equal(htt_encode(report, values, data), report->size);
			assert_int_equal(htt_decode(report, data, report->size, NULL), 0);
			values[field]++;
			assert_int_equal(htt_encode(report, values, data), -ERANGE);
			values[field] = 0;
		}
	}
	/* In an answer the byte that says "save" when set says nothing. */
	assert_int_equal(htt_decode(htt_report_find(HTT_BACKLIGHT), (const uint8_t *)"\x0a\x80\xff", 3, values), 0);
	assert_int_equal(values[0], 128);
	/* A family of controllers that is not known yet is not an error. */
	assert_int_equal(htt_decode(htt_report_find(HTT_DRIVER), (const uint8_t *)"\x04\xff", 2, values), 0);
}

static void names(void **state)
{
	char text[HTT_LEVEL_NAMES];

	assert_string_equal(htt_driver_name(HTT_DRIVER_ILI25XX), "ILI25xx");
	assert_string_equal(htt_driver_name(6), "unknown");
	assert_string_equal(htt_driver_name(UINT32_MAX), "unknown");
	assert_string_equal(htt_level_name(HTT_EXTRA), "extra");
	assert_string_equal(htt_level_name(HTT_NUM_LEVELS), "unknown");
	assert_int_equal(htt_level_parse("normal"), HTT_NORMAL);
	assert_int_equal(htt_level_parse("extra"), HTT_EXTRA);
	assert_int_equal(htt_level_parse("Extra"), -EINVAL);
	assert_int_equal(htt_level_parse(""), -EINVAL);
	htt_driver_level_names(HTT_DRIVER_MXT, text);
	assert_string_equal(text, "normal, high, extra");
	htt_driver_level_names(HTT_DRIVER_GT9XX, text);
	assert_string_equal(text, "normal, high");
	htt_driver_level_names(HTT_DRIVER_RESISTIVE, text);
	assert_string_equal(text, "");
}

static void levels_of_families(void **state)
{
	static const unsigned int expected[] = { 0, 0, 3, 2, 0, 0, 0 };
	unsigned int driver;

	for (driver = 0; driver < sizeof(expected) / sizeof(expected[0]); driver++)
		assert_int_equal(htt_driver_levels(driver), expected[driver]);
	assert_int_equal(htt_driver_levels(UINT32_MAX), 0);
}

static void requests(void **state)
{
	int level;

	assert_int_equal(htt_request_from_level(HTT_EXTRA), 0x0207);
	for (level = 0; level < HTT_NUM_LEVELS; level++)
		assert_int_equal(htt_request_to_level(htt_request_from_level((enum htt_level)level)), level);
	assert_int_equal(htt_request_to_level(0x0307), -EINVAL);
	assert_int_equal(htt_request_to_level(0x0108), -EINVAL);
	assert_int_equal(htt_request_to_level(0x00010107), -EINVAL);
	assert_int_equal(htt_request_to_level(0x80000107), -EINVAL);
	assert_int_equal(htt_request_to_level(0), -EINVAL);
	/* A factory reset is not to be had from a guest. */
	assert_int_equal(htt_request_to_level(HTT_FACTORY_RESET), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(table),
		cmocka_unit_test(length_and_id),
		cmocka_unit_test(ranges),
		cmocka_unit_test(names),
		cmocka_unit_test(levels_of_families),
		cmocka_unit_test(requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
