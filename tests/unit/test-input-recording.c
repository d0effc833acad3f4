// SPDX-License-Identifier: MIT
/* Recordings, sound and broken, and their playing. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

#include "hid-builder.h"
#include "vhost-user-input-hidraw/recording.h"

#define EVENTS "E: 000010.500000 3 01 02 03\n# a comment\nE: 000010.520000 1 ff\nE: 000010.510000 2 AA bb\n"

struct file {
	char path[32];
	char descriptor[16384]; /* as an R line */
};

static int make_file(void **state)
{
	const struct layout layout = { .contacts = 2, .count = true };
	struct file *file = calloc(1, sizeof(*file));
	struct builder b = { 0 };
	size_t i, used;
	int fd;

	snprintf(file->path, sizeof(file->path), "/tmp/recording.XXXXXX");
	fd = mkstemp(file->path);
	if (fd < 0) {
		free(file);
		return -1;
	}
	close(fd);
	build_touch_screen(&b, &layout);
	used = (size_t)sprintf(file->descriptor, "R: %zu", b.size);
	for (i = 0; i < b.size; i++)
		used += (size_t)sprintf(file->descriptor + used, " %02x", b.bytes[i]);
	memcpy(file->descriptor + used, "\n", sizeof("\n"));
	*state = file;
	return 0;
}

static int remove_file(void **state)
{
	struct file *file = *state;

	unlink(file->path);
	free(file);
	return 0;
}

static int open_text(const struct file *file, const char *before, const char *after, struct recording **recording,
	struct hid_error *error)
{
	FILE *out = fopen(file->path, "w");

	assert_non_null(out);
	fprintf(out, "%s%s%s", before, file->descriptor, after);
	fclose(out);
	return recording_open(file->path, recording, error);
}

static void refuses(const struct file *file, const char *before, const char *after, const char *what)
{
	struct recording *recording;
	struct hid_error error;

	assert_int_equal(open_text(file, before, after, &recording, &error), -EINVAL);
	assert_null(recording);
	if (!strstr(error.text, what))
		fail_msg("\"%s\" does not say \"%s\"", error.text, what);
}

static void what_was_recorded(void **state)
{
	struct recording *recording;
	struct source_info info;
	struct hid_error error;

	assert_int_equal(open_text(*state, "D: 0\nN: A panel\r\n", "I: 3 1b3d 14c9\n" EVENTS, &recording, &error), 0);
	recording_info(recording, &info);
	assert_string_equal(info.identity.name, "A panel");
	assert_int_equal(info.identity.bus, 3);
	assert_int_equal(info.identity.vendor, 0x1b3d);
	assert_int_equal(info.identity.product, 0x14c9);
	assert_int_equal(hid_touch_per_report(info.touch), 2);
	hid_touch_free(info.touch);
	recording_free(recording);
}

static void other_devices_do_not_count(void **state)
{
	struct recording *recording;
	struct source_info info;
	struct hid_error error;

	assert_int_equal(open_text(*state, "D: 1\nN: other\nR: 1 ff\nD: 0\nN: this\n", "D: 1\nN: other\nE: x\n",
				 &recording, &error),
		0);
	recording_info(recording, &info);
	assert_string_equal(info.identity.name, "this");
	hid_touch_free(info.touch);
	recording_free(recording);
}

static void broken(void **state)
{
	const struct file *file = *state;
	struct recording *recording;
	struct hid_error error;

	refuses(file, "", "I: 3 1b3d\n", "line 2: the ids are not");
	refuses(file, "", "E: now 1 00\n", "line 2: the report is not");
	refuses(file, "", "E: 1.0 2 00\n", "line 2: the report has not as many bytes");
	refuses(file, "", "E: 1.0 1 100\n", "line 2: the report has not as many bytes");
	refuses(file, "", "E: 1.0 -1 00\n", "line 2: the report has not as many bytes");
	refuses(file, "", "E: 1.0 99999 00\n", "line 2: the report has not as many bytes");
	refuses(file, "", "R: 9999999 00\n", "line 2: the report descriptor is not");
	refuses(file, "", "R: 1 25\n", "report descriptor is broken: an item of 2 bytes is cut off after 1 at byte 0");
	refuses(file, "D: 1\n", "", "without a report descriptor");
	assert_int_equal(open_text(file, "", "R: 2 75 08\n", &recording, &error), -ENODEV);
	assert_non_null(strstr(error.text, "not a touch screen"));
	assert_int_equal(recording_open("/nonexistent/file", &recording, &error), -ENOENT);
	assert_non_null(strstr(error.text, "cannot open"));
}

struct played {
	sd_event *event;
	unsigned int reports;
	unsigned int gone;
	size_t bytes;
	uint8_t last;
};

static void on_report(void *context, const uint8_t *report, size_t size)
{
	struct played *played = context;

	played->reports++;
	played->bytes += size;
	played->last = report[size - 1];
}

static void on_drained(void *context, bool lossy)
{
	assert_false(lossy);
}

static void on_gone(void *context)
{
	struct played *played = context;

	played->gone++;
	sd_event_exit(played->event, 0);
}

/* All reports in the order of the file, though its clock was set back, at their times and once. */
static void playing(void **state)
{
	static const struct source_ops ops = { .report = on_report, .drained = on_drained, .gone = on_gone };
	struct played played = { 0 };
	struct recording *recording;
	struct hid_error error;
	uint64_t begin, end;

	assert_int_equal(open_text(*state, "", EVENTS, &recording, &error), 0);
	assert_true(sd_event_new(&played.event) >= 0);
	assert_true(sd_event_now(played.event, CLOCK_MONOTONIC, &begin) >= 0);
	assert_true(recording_play(recording, played.event, &ops, &played) >= 0);
	assert_true(recording_play(recording, played.event, &ops, &played) >= 0);
	assert_int_equal(sd_event_loop(played.event), 0);
	assert_true(sd_event_now(played.event, CLOCK_MONOTONIC, &end) >= 0);
	assert_int_equal(played.reports, 3);
	assert_int_equal(played.bytes, 6);
	assert_int_equal(played.last, 0xbb);
	assert_int_equal(played.gone, 1);
	assert_true(end - begin >= 20000);
	recording_free(recording);
	sd_event_unref(played.event);
}

static void nothing_to_play(void **state)
{
	static const struct source_ops ops = { .report = on_report, .drained = on_drained, .gone = on_gone };
	struct played played = { 0 };
	struct recording *recording;
	struct hid_error error;

	assert_int_equal(open_text(*state, "", "", &recording, &error), 0);
	assert_true(sd_event_new(&played.event) >= 0);
	assert_true(recording_play(recording, played.event, &ops, &played) >= 0);
	assert_int_equal(sd_event_loop(played.event), 0);
	assert_int_equal(played.gone, 1);
	recording_free(recording);
	sd_event_unref(played.event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_recorded, make_file, remove_file),
		cmocka_unit_test_setup_teardown(other_devices_do_not_count, make_file, remove_file),
		cmocka_unit_test_setup_teardown(broken, make_file, remove_file),
		cmocka_unit_test_setup_teardown(playing, make_file, remove_file),
		cmocka_unit_test_setup_teardown(nothing_to_play, make_file, remove_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
