// SPDX-License-Identifier: MIT
/* The command line of htt-sensitivity, and what it prints of texts that nobody can trust. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost-user-input-hidraw/htt-sensitivity-options.h"
#include "vhost-user-input-hidraw/htt-sensitivity-print.h"

#define MAX_ARGS 24

/* What options point to stays valid until the next call. */
static int parse(const char *line, struct htt_options *options, struct htt_error *error)
{
	static char copy[256];
	char *argv[MAX_ARGS] = { (char *)"htt-sensitivity" };
	char *word, *rest = copy;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strtok_r(rest, " ", &rest)) && argc < MAX_ARGS - 1)
		argv[argc++] = word;
	error->text[0] = '\0';
	return htt_options_parse(argc, argv, options, error);
}

static void commands(void **state)
{
	struct htt_options options;
	struct htt_error error;

	assert_int_equal(parse("list", &options, &error), 0);
	assert_int_equal(options.command, HTT_LIST);
	assert_int_equal(options.timeout, 30);
	assert_null(options.serial);
	assert_int_equal(parse("get --json --serial=A --path /dev/hidraw0", &options, &error), 0);
	assert_int_equal(options.command, HTT_GET);
	assert_true(options.json);
	assert_string_equal(options.serial, "A");
	assert_string_equal(options.path, "/dev/hidraw0");
	assert_int_equal(parse("--timeout 7 set extra", &options, &error), 0);
	assert_int_equal(options.command, HTT_SET);
	assert_int_equal(options.level, HTT_EXTRA);
	assert_int_equal(options.timeout, 7);
	assert_int_equal(parse("watch", &options, &error), 0);
	assert_int_equal(options.command, HTT_WATCH);
	assert_int_equal(parse("--version", &options, &error), 0);
	assert_int_equal(options.command, HTT_VERSION);
}

static void refusals(void **state)
{
	static const struct {
		const char *line;
		const char *reason;
	} lines[] = {
		{ "", "say what to do" },
		{ "show", "is not list" },
		{ "list all", "takes no \"all\"" },
		{ "get normal", "takes no" },
		{ "set", "wants one level" },
		{ "set normal high", "wants one level" },
		{ "set High", "not \"High\"" },
		{ "set 1", "not \"1\"" },
		{ "set high --json", "prints no JSON" },
		{ "watch --json", "prints no JSON" },
		{ "get --yes", "are for settings" },
		{ "set normal --save", "are for settings" },
		{ "--timeout=0 list", "at least one second" },
		{ "--timeout=3601 list", "from 0 to 3600" },
		{ "--timeout=-1 list", "from 0 to 3600" },
		{ "--timeout=1s list", "from 0 to 3600" },
		{ "--timeout=99999999999999999999 list", "from 0 to 3600" },
		{ "settings colour", "no setting \"colour\"" },
		{ "settings show --save", "--save is for" },
		{ "settings show more", "no setting \"show\"" },
		{ "settings rotation", "number of values" },
		{ "settings rotation 45", "0, 90, 180 or 270" },
		{ "settings rotation 90 90", "number of values" },
		{ "settings rotation 90 --save", "--save is for" },
		{ "settings rotation 90 --json", "--json is for settings show" },
		{ "settings backlight 256", "from 0 to 255" },
		{ "settings fade 65536", "from 0 to 65535" },
		{ "settings haptic 150", "steps of 100" },
		{ "settings piezo 10100", "from 0 to 10000" },
		{ "settings feedback 1", "not \"1\"" },
		{ "settings dimming 10", "pairs" },
		{ "settings dimming 0 10", "at least one second" },
		{ "settings dimming 65536 10", "from 0 to 65535" },
		{ "settings dimming 1 1 2 2 3 3 4 4 5 5", "number of values" },
		{ "settings alarm 18 100 1", "from 0 to 17" },
		{ "settings alarm 1 100", "wants a type" },
		{ "settings alarm 1 100 11", "from 0 to 10" },
		{ "settings alarm 1 6553500 1", "from 0 to" },
		{ "settings calibrate --yes", "--yes is for" },
		{ "settings calibrate now", "number of values" },
		{ "settings factory-reset", "add --yes" },
		{ "settings a b c d e f g h i j k l", "one word too many" },
	};
	struct htt_options options;
	struct htt_error error;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(lines[i].line, &options, &error) != -EINVAL || !strstr(error.text, lines[i].reason))
			fail_msg("\"%s\": %s", lines[i].line, error.text);
	}
}

static void settings(void **state)
{
	static const struct {
		const char *line;
		enum htt_report_id id;
		uint32_t values[HTT_MAX_FIELDS];
	} lines[] = {
		{ "settings rotation 270", HTT_ROTATION, { 3 } },
		{ "settings backlight 255", HTT_BACKLIGHT, { 255, 0 } },
		{ "settings backlight 0 --save", HTT_BACKLIGHT, { 0, 1 } },
		{ "settings fade 500 --save", HTT_FADE, { 500, 1 } },
		{ "settings dimming off", HTT_DIMMING, { 0 } },
		{ "settings dimming 60 100 300 0", HTT_DIMMING, { 100, 0, 0, 0, 60, 300, 0, 0 } },
		{ "settings dimming 1 4 2 3 3 2 4 1", HTT_DIMMING, { 4, 3, 2, 1, 1, 2, 3, 4 } },
		{ "settings feedback both", HTT_FEEDBACK, { 3 } },
		{ "settings haptic 10000", HTT_HAPTIC, { 100 } },
		{ "settings piezo 100", HTT_PIEZO, { 1 } },
		{ "settings alarm off", HTT_ALARM, { 0 } },
		{ "settings alarm 17 forever 10", HTT_ALARM, { 17, 0xffff, 10 } },
		{ "settings alarm 1 1500 0", HTT_ALARM, { 1, 15, 0 } },
		{ "settings threshold 300", HTT_THRESHOLD, { 300 } },
		{ "settings calibrate", HTT_CALIBRATE, { 0 } },
		{ "settings factory-reset --yes", HTT_FACTORY_RESET, { 0 } },
	};
	uint8_t data[HTT_MAX_REPORT];
	struct htt_options options;
	struct htt_error error;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(lines[i].line, &options, &error))
			fail_msg("\"%s\": %s", lines[i].line, error.text);
		assert_int_equal(options.command, HTT_SETTINGS);
		assert_non_null(options.report);
		assert_int_equal(options.report->id, lines[i].id);
		assert_memory_equal(options.values, lines[i].values, sizeof(options.values));
		/* Whatever is understood here can be sent. */
		assert_int_equal(htt_encode(options.report, options.values, data), options.report->size);
	}
	assert_int_equal(parse("settings --json", &options, &error), 0);
	assert_null(options.report);
	assert_int_equal(parse("settings show", &options, &error), 0);
	assert_null(options.report);
}

static char *printed(void (*print)(FILE *out, const char *text), const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *file = open_memstream(&out, &size);

	assert_non_null(file);
	print(file, text);
	fclose(file);
	return out;
}

static void texts(void **state)
{
	char *out;

	out = printed(htt_json_text, "a\"b\\c\x1b[2J\n\x7f\xc3\xa4");
	assert_string_equal(out, "\"a\\\"b\\\\c\\u001b[2J\\u000a\\u007f\\ufffd\\ufffd\"");
	free(out);
	out = printed(htt_print_text, "A \x1b[2J\xff");
	assert_string_equal(out, "A ?[2J?");
	free(out);
	out = printed(htt_print_text, "");
	assert_string_equal(out, "-");
	free(out);
}

static void rows(void **state)
{
	static const struct htt_panel_ops ops = { .kind = "hidraw" };
	struct htt_row row = {
		.panel = { .ops = &ops, .node = "/dev/hidraw7", .serial = "A\tB" },
		.state = { HTT_DRIVER_GT9XX, 2, HTT_HIGH, 270, -1, UINT32_MAX },
	};
	char *out = NULL;
	size_t size;
	FILE *file = open_memstream(&out, &size);

	htt_json_row(file, &row);
	fputc('\n', file);
	htt_print_table(file, &row, 1);
	fclose(file);
	assert_string_equal(out,
		"{\"path\": \"/dev/hidraw7\", \"serial\": \"A\\u0009B\", \"kind\": \"hidraw\", \"driver\": \"GT9xx\", "
		"\"driver_type\": 3, \"firmware\": 4294967295, \"sensitivity\": \"high\", \"levels\": [\"normal\", \"high\"], "
		"\"rotation\": 270, \"backlight\": null, \"error\": null}\n"
		"PATH          SERIAL  DRIVER  FIRMWARE    SENSITIVITY  ROTATION  BACKLIGHT\n"
		"/dev/hidraw7  A?B     GT9xx   4294967295  high         270       -\n");
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands),
		cmocka_unit_test(refusals),
		cmocka_unit_test(settings),
		cmocka_unit_test(texts),
		cmocka_unit_test(rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
