// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "demo/dummy/trace.h"

static int compare(const char *sent, const char *arrived, unsigned int tolerance, struct trace_result *result)
{
	FILE *a = fmemopen((char *)sent, strlen(sent), "r");
	FILE *b = fmemopen((char *)arrived, strlen(arrived), "r");
	struct fault fault = { "" };
	int ret;

	assert_non_null(a);
	assert_non_null(b);
	ret = trace_compare(a, b, tolerance, result, &fault);
	fclose(a);
	fclose(b);
	return ret;
}

static const char sent[] = "# sent\nF 1 1 0:10,20\nF 2 2 0:11,20 1:90,80\nF 3 2 0:11,20 1:90,80\n"
			   "F 4 1 1:91,80\nF 5 0\n";

static void ids_and_repetitions_do_not_matter(void **state)
{
	struct trace_result result;

	assert_int_equal(
		compare(sent, "F 7 0\nF 8 1 3:10,20\nF 9 2 4:90,80 3:11,20\nF 9 1 4:91,80\nF 9 0\n", 0, &result), 0);
	assert_int_equal(result.frames, 4);
	assert_int_equal(result.matched, 4);
	assert_int_equal(result.unexpected, 0);
	assert_int_equal(result.left_down, 0);
}

static void a_lost_frame_is_seen(void **state)
{
	struct trace_result result;

	assert_int_equal(compare(sent, "F 8 1 0:10,20\nF 9 1 0:91,80\nF 9 0\n", 0, &result), 0);
	assert_int_equal(result.frames, 4);
	assert_int_equal(result.matched, 3);
	assert_int_equal(result.unexpected, 0);
}

static void an_invented_frame_is_seen(void **state)
{
	struct trace_result result;

	assert_int_equal(compare(sent, "F 8 1 0:10,20\nF 8 1 0:12,20\nF 9 2 0:11,20 1:90,80\nF 9 1 0:91,80\nF 9 0\n", 0,
				 &result),
		0);
	assert_int_equal(result.matched, 4);
	assert_int_equal(result.unexpected, 1);
}

static void a_stuck_finger_is_seen(void **state)
{
	struct trace_result result;

	assert_int_equal(compare(sent, "F 8 1 0:10,20\nF 9 2 0:11,20 1:90,80\nF 9 1 0:91,80\n", 0, &result), 0);
	assert_int_equal(result.matched, 3);
	assert_int_equal(result.left_down, 1);
}

static void positions_may_be_off_when_told_so(void **state)
{
	static const char off[] = "F 8 1 0:11,20\nF 9 2 0:12,20 1:91,80\nF 9 1 0:92,80\nF 9 0\n";
	struct trace_result result;

	assert_int_equal(compare(sent, off, 0, &result), 0);
	assert_int_equal(result.matched, 1);
	assert_int_equal(compare(sent, off, 1, &result), 0);
	assert_int_equal(result.matched, 4);
}

static void touches_that_nobody_felt_do_not_count(void **state)
{
	static const char felt_in_part[] = "U 1 1 0:5,5:glove\nF 2 1 1:10,20\nU 2 1 0:5,5:glove\nF 3 0\n";
	struct trace_result result;

	assert_int_equal(compare(felt_in_part, "F 8 1 0:10,20\nF 9 0\n", 0, &result), 0);
	assert_int_equal(result.frames, 2);
	assert_int_equal(result.matched, 2);
	assert_int_equal(result.unexpected, 0);
}

static void unfelt_touches_are_written_apart(void **state)
{
	const struct frame frame = { .count = 3,
		.contacts = {
			{ .id = 0, .tip = true, .x = 1, .y = 2, .strength = STRENGTH_GLOVE },
			{ .id = 1, .tip = true, .x = 3, .y = 4 },
			{ .id = 2, .tip = true, .x = 5, .y = 6, .strength = STRENGTH_WATER },
		} };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	trace_write_unfelt(file, 7, &frame, 0);
	trace_write_unfelt(file, 8, &frame, 1);
	trace_write_unfelt(file, 9, &frame, 2);
	fclose(file);
	assert_string_equal(text, "U 7 2 0:1,2:glove 2:5,6:water\nU 8 1 2:5,6:water\n");
	free(text);
}

static void broken_traces_are_refused(void **state)
{
	struct trace_result result;

	assert_int_equal(compare("F 1 1\n", "F 1 0\n", 0, &result), -EINVAL);
	assert_int_equal(compare("F 1 11 0:0,0\n", "F 1 0\n", 0, &result), -EINVAL);
	assert_int_equal(compare("hello\n", "F 1 0\n", 0, &result), -EINVAL);
	assert_int_equal(compare("F 1 0\n", "R 1 0102\n", 0, &result), -EINVAL);
}

static void what_is_written_can_be_compared(void **state)
{
	struct frame frame = { .count = 3,
		.contacts = {
			{ .id = 4, .tip = true, .x = 1, .y = 2 },
			{ .id = 5, .tip = false, .x = 3, .y = 4 },
			{ .id = 6, .tip = true, .x = 16383, .y = 0 },
		} };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	trace_write_frame(file, 77, &frame);
	trace_write_raw(file, 78, (const uint8_t *)"\x01\xfe", 2);
	fclose(file);
	assert_string_equal(text, "F 77 2 4:1,2 6:16383,0\nR 78 01fe\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_and_repetitions_do_not_matter),
		cmocka_unit_test(a_lost_frame_is_seen),
		cmocka_unit_test(an_invented_frame_is_seen),
		cmocka_unit_test(a_stuck_finger_is_seen),
		cmocka_unit_test(positions_may_be_off_when_told_so),
		cmocka_unit_test(touches_that_nobody_felt_do_not_count),
		cmocka_unit_test(unfelt_touches_are_written_apart),
		cmocka_unit_test(broken_traces_are_refused),
		cmocka_unit_test(what_is_written_can_be_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
