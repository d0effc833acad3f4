// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "demo/dummy/command.h"

static void gestures_are_understood(void **state)
{
	struct command command;
	struct fault fault = { "" };

	assert_int_equal(command_parse("  tap 0.25 .5 200", &command, &fault), 0);
	assert_int_equal(command.kind, COMMAND_GESTURE);
	assert_int_equal(command.gesture.kind, GESTURE_TAP);
	assert_true(command.gesture.from.x == 0.25);
	assert_int_equal(command.gesture.ms, 200);

	assert_int_equal(command_parse("drag 0 0 1 1", &command, &fault), 0);
	assert_int_equal(command.gesture.kind, GESTURE_DRAG);
	assert_true(command.gesture.to.y == 1.0);

	assert_int_equal(command_parse("pinch", &command, &fault), 0);
	assert_int_equal(command_parse("pinch .5 .5 .1 .4 300", &command, &fault), 0);
	assert_true(command.gesture.spread[1] == 0.4);

	assert_int_equal(command_parse("flood 1000 10", &command, &fault), 0);
	assert_int_equal(command.gesture.frames, 1000);
	assert_int_equal(command.gesture.fingers, 10);
}

static void a_strength_is_the_last_word(void **state)
{
	static const struct {
		const char *line;
		enum touch_strength strength;
	} gestures[] = {
		{ "tap 0.5 0.5", STRENGTH_BARE },
		{ "tap 0.5 0.5 glove", STRENGTH_GLOVE },
		{ "tap 0.5 0.5 2000 water", STRENGTH_WATER },
		{ "drag 0 0 1 1 two-gloves", STRENGTH_TWO_GLOVES },
		{ "drag 0 0 1 1 480 bare", STRENGTH_BARE },
		{ "pinch glove", STRENGTH_GLOVE },
		{ "pinch .5 .5 .1 .4 water", STRENGTH_WATER },
		{ "ten glove", STRENGTH_GLOVE },
		{ "ten 100 glove", STRENGTH_GLOVE },
		{ "flood 10 water", STRENGTH_WATER },
		{ "flood 10 3 water", STRENGTH_WATER },
	};
	struct command command;
	struct fault fault = { "" };
	struct frame frame;
	size_t i;

	for (i = 0; i < sizeof(gestures) / sizeof(gestures[0]); i++) {
		assert_int_equal(command_parse(gestures[i].line, &command, &fault), 0);
		assert_int_equal(command.kind, COMMAND_GESTURE);
		gesture_frame(&command.gesture, 10, 0, &frame);
		assert_int_equal(frame_strength(&frame), gestures[i].strength);
	}
	assert_int_equal(command_parse("down 1 .5 .5 glove", &command, &fault), 0);
	assert_int_equal(command.kind, COMMAND_DOWN);
	assert_int_equal(command.strength, STRENGTH_GLOVE);
	assert_true(command.point.y == 0.5);
	assert_int_equal(command_parse("tap 0.5 0.5 mitten", &command, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "two-gloves"));
}

static void other_commands_are_understood(void **state)
{
	struct command command;
	struct fault fault = { "" };

	assert_int_equal(command_parse("down 9 0.1 0.2", &command, &fault), 0);
	assert_int_equal(command.kind, COMMAND_DOWN);
	assert_int_equal(command.id, 9);
	assert_int_equal(command_parse("raw 01 ff 7", &command, &fault), 0);
	assert_int_equal(command.raw_size, 3);
	assert_memory_equal(command.raw, "\x01\xff\x07", 3);
	assert_int_equal(command_parse("replay some/file.hid", &command, &fault), 0);
	assert_string_equal(command.path, "some/file.hid");
	assert_int_equal(command_parse("# tap", &command, &fault), 0);
	assert_int_equal(command.kind, COMMAND_NONE);
	assert_int_equal(command_parse("replug", &command, &fault), 0);
	assert_int_equal(command.ms, 1000);
}

static void nonsense_is_refused(void **state)
{
	static const char *const lines[] = {
		"jump 0 0",
		"tap",
		"tap 0.5",
		"tap a b",
		"tap 1.01 0",
		"tap -0.1 0",
		"tap nan 0",
		"tap 0 inf",
		"tap 0 0 0",
		"tap 0 0 999999999999",
		"tap 0 0 10 10",
		"tap 0 0 glove 10",
		"tap 0 0 glove glove",
		"tap glove",
		"down 1 0 glove",
		"up 1 glove",
		"wait 10 glove",
		"replug glove",
		"drag 0 0 1",
		"pinch 0.5 0.5",
		"flood 1",
		"flood 10 11",
		"flood 10 0",
		"flood -3",
		"down 10 0 0",
		"down 0 0",
		"up",
		"wait",
		"wait -1",
		"raw",
		"raw 100",
		"raw xy",
		"replay",
		"lift 1",
	};
	struct command command;
	struct fault fault = { "" };
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		fault.text[0] = '\0';
		assert_int_equal(command_parse(lines[i], &command, &fault), -EINVAL);
		assert_true(strlen(fault.text) > 10);
	}
}

static void long_lines_are_refused(void **state)
{
	struct command command;
	struct fault fault = { "" };
	char line[4000] = "";
	int i;

	for (i = 0; i < 66; i++)
		memcpy(line + 4L * i, "raw ", 5);
	assert_int_equal(command_parse(line, &command, &fault), -EINVAL);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(command_parse(line, &command, &fault), -EINVAL);
	memcpy(line, "replay ", 7);
	line[900] = '\0';
	assert_int_equal(command_parse(line, &command, &fault), -EINVAL);
}

static void scripts_are_split(void **state)
{
	struct command *commands;
	struct fault fault = { "" };
	unsigned int count;

	assert_int_equal(command_parse_script("tap 0 0; wait 5;;\n# a; b\n\nten\n", &commands, &count, &fault), 0);
	assert_int_equal(count, 3);
	assert_int_equal(commands[1].kind, COMMAND_WAIT);
	assert_int_equal(commands[2].gesture.kind, GESTURE_TEN);
	free(commands);
	assert_int_equal(command_parse_script("", &commands, &count, &fault), 0);
	assert_int_equal(count, 0);
	assert_null(commands);
}

static void a_bad_script_names_its_line(void **state)
{
	struct command *commands;
	struct fault fault = { "" };
	unsigned int count;

	assert_int_equal(command_parse_script("tap 0 0\n\nten; hop\n", &commands, &count, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "line 3"));
	assert_non_null(strstr(fault.text, "hop"));
	assert_null(commands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gestures_are_understood),
		cmocka_unit_test(a_strength_is_the_last_word),
		cmocka_unit_test(other_commands_are_understood),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(long_lines_are_refused),
		cmocka_unit_test(scripts_are_split),
		cmocka_unit_test(a_bad_script_names_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
