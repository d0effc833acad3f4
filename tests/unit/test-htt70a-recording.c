// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "demo/dummy/recording.h"

static void a_recording_is_read(void **state)
{
	static const char text[] = "# made by hand\r\nD: 0\nR: 3 05 0d C0\nN: Some Panel\nP: usb-1/input0\n"
				   "I: 3 1b3d 14c9\n\nE: 000001.000500 2 01 ff \nE: 000002.000000 1 7\n";
	struct recording recording;
	struct fault fault = { "" };

	/* A byte is two digits: the last line is refused, and nothing is kept. */
	assert_int_equal(recording_parse(text, &recording, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "line 9"));
	assert_null(recording.descriptor);
}

static void its_contents_are_kept(void **state)
{
	static const char text[] = "R: 3 05 0d C0\nN: Some Panel\nP: usb-1/input0\nI: 3 1b3d 14c9\n"
				   "E: 000001.000500 2 01 ff \nE: 000002.000000 1 07\nE: 000002.000000 1 08";
	struct recording recording;
	struct fault fault = { "" };

	assert_int_equal(recording_parse(text, &recording, &fault), 0);
	assert_int_equal(recording.descriptor_size, 3);
	assert_memory_equal(recording.descriptor, "\x05\x0d\xc0", 3);
	assert_string_equal(recording.name, "Some Panel");
	assert_string_equal(recording.phys, "usb-1/input0");
	assert_true(recording.has_ids);
	assert_int_equal(recording.vendor, 0x1b3d);
	assert_int_equal(recording.product, 0x14c9);
	assert_int_equal(recording.count, 3);
	assert_int_equal(recording.reports[0].time_us, 1000500);
	assert_memory_equal(recording.reports[0].data, "\x01\xff", 2);
	assert_int_equal(recording.reports[2].data[0], 8);
	recording_release(&recording);
	recording_release(&recording);
}

static void broken_lines_are_named(void **state)
{
	static const char *const lines[] = {
		"R: 3 05 0d",
		"R: 2 05 0d c0",
		"R: 0",
		"R: x",
		"R: 5000 00",
		"R: -1 00",
		"R: 99999999999999999999 00",
		"R: 1 0",
		"R: 1 0g",
		"I: 3 1b3d",
		"I: 3 1b3d 14c9 7",
		"I: zz",
		"E: 1 1 00",
		"E: 0.1 1 00",
		"E: 000000.0000000 1 00",
		"E: 000000.000000",
		"E: 000000.000000 4097 00",
		"E: a.000000 1 00",
		"E: 99999999999.000000 1 00",
		"X: 1",
		"hello",
		"D: 1",
		"N",
		"R",
	};
	struct recording recording;
	struct fault fault = { "" };
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "# comment\n%s\n", lines[i]);
		assert_int_equal(recording_parse(text, &recording, &fault), -EINVAL);
		assert_non_null(strstr(fault.text, "line 2"));
		assert_int_equal(recording.count, 0);
	}
}

static void long_texts_are_refused(void **state)
{
	struct recording recording;
	struct fault fault = { "" };
	char text[1000];

	memset(text, 'n', sizeof(text));
	memcpy(text, "N: ", 3);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(recording_parse(text, &recording, &fault), -EINVAL);
}

static void time_does_not_run_backwards(void **state)
{
	struct recording recording;
	struct fault fault = { "" };

	assert_int_equal(
		recording_parse("E: 000002.000000 1 00\nE: 000001.999999 1 00\n", &recording, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "backwards"));
}

static void two_devices_are_refused(void **state)
{
	struct recording recording;
	struct fault fault = { "" };

	assert_int_equal(recording_parse("R: 1 00\nR: 1 00\n", &recording, &fault), -EINVAL);
}

static void what_is_written_can_be_read(void **state)
{
	uint8_t descriptor[] = { 0x05, 0x0d, 0x09, 0x04 }, report[64];
	struct recording out = { .descriptor = descriptor,
		.descriptor_size = 4,
		.name = "A",
		.phys = "b/c",
		.bus = 3,
		.vendor = 0x1b3d,
		.product = 0x14c9 };
	struct recording in;
	struct fault fault = { "" };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	memset(report, 0xa5, sizeof(report));
	recording_write_header(file, &out);
	recording_write_report(file, 12345678, report, sizeof(report));
	fclose(file);
	assert_int_equal(recording_parse(text, &in, &fault), 0);
	free(text);
	assert_memory_equal(in.descriptor, descriptor, 4);
	assert_int_equal(in.product, 0x14c9);
	assert_int_equal(in.count, 1);
	assert_int_equal(in.reports[0].time_us, 12345678);
	assert_int_equal(in.reports[0].size, 64);
	assert_memory_equal(in.reports[0].data, report, 64);
	recording_release(&in);
}

static void comments_carry_strength(void **state)
{
	static const char text[] = "E: 000001.000000 1 01\n# strength glove\nE: 000002.000000 1 02\n"
				   "# strength of character\n#strength water\nE: 000003.000000 1 03\n";
	struct recording recording;
	struct fault fault = { "" };
	char *written = NULL;
	size_t size = 0;
	FILE *file;

	assert_int_equal(recording_parse(text, &recording, &fault), 0);
	assert_int_equal(recording.reports[0].strength, STRENGTH_BARE);
	assert_int_equal(recording.reports[1].strength, STRENGTH_GLOVE);
	assert_int_equal(recording.reports[2].strength, STRENGTH_GLOVE);
	recording_release(&recording);

	file = open_memstream(&written, &size);
	assert_non_null(file);
	recording_write_strength(file, STRENGTH_TWO_GLOVES);
	recording_write_report(file, 1, (const uint8_t *)"\x01", 1);
	fclose(file);
	assert_int_equal(recording_parse(written, &recording, &fault), 0);
	assert_int_equal(recording.reports[0].strength, STRENGTH_TWO_GLOVES);
	recording_release(&recording);
	free(written);
}

static void a_missing_file_is_named(void **state)
{
	struct recording recording;
	struct fault fault = { "" };

	assert_int_equal(recording_load("/nonexistent/x.hid", &recording, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "/nonexistent/x.hid"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_is_read),
		cmocka_unit_test(its_contents_are_kept),
		cmocka_unit_test(broken_lines_are_named),
		cmocka_unit_test(long_texts_are_refused),
		cmocka_unit_test(time_does_not_run_backwards),
		cmocka_unit_test(two_devices_are_refused),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(comments_carry_strength),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
