// SPDX-License-Identifier: MIT
/*
 * Waiting for a panel that restarts, against a play: what is plugged in at which time.
 * The clock moves when somebody waits.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost-user-input-hidraw/htt-sensitivity.h"

#define MAX_CAST 4
#define FOREVER	 UINT64_MAX

/* A panel that is there from @from until @until milliseconds, and answers from @ready on. */
struct actor {
	const char *device;
	const char *serial;
	const char *place;
	uint64_t from;
	uint64_t until;
	uint64_t ready;
	int unready; /* what opening it says before */
	int level;
};

static struct play {
	uint64_t now;
	struct actor cast[MAX_CAST];
	unsigned int count;
	int refusal;
	unsigned int sent;
	unsigned int opened;
} play;

uint64_t htt_now_ms(void)
{
	return play.now;
}

static struct htt_panel as_panel(const struct actor *actor)
{
	struct htt_panel panel = { .ops = &htt_hidraw_ops };

	snprintf(panel.node, sizeof(panel.node), "/dev/hidraw%d", (int)(actor - play.cast));
	snprintf(panel.device, sizeof(panel.device), "%s", actor->device);
	snprintf(panel.serial, sizeof(panel.serial), "%s", actor->serial);
	snprintf(panel.place, sizeof(panel.place), "%s", actor->place);
	return panel;
}

int htt_find(
	struct htt_finder *finder, const char *serial, const char *path, struct htt_list *list, struct htt_error *error)
{
	unsigned int i;

	list->count = 0;
	for (i = 0; i < play.count; i++)
		if (play.cast[i].from <= play.now && play.now < play.cast[i].until)
			list->panels[list->count++] = as_panel(&play.cast[i]);
	return 0;
}

int htt_finder_wait(struct htt_finder *finder, int ms, struct pollfd *fds, unsigned int num_fds)
{
	assert_true(ms > 0);
	play.now += (uint64_t)ms;
	return 0;
}

int htt_hidraw_set(
	struct htt_panel *panel, const struct htt_report *report, const uint32_t *values, struct htt_error *error)
{
	play.sent++;
	return play.refusal ? htt_fail(error, play.refusal, "refused") : 0;
}

static const struct actor *actor_of(const struct htt_panel *panel)
{
	return &play.cast[panel->node[strlen("/dev/hidraw")] - '0'];
}

static int play_open(struct htt_panel *panel, struct htt_error *error)
{
	const struct actor *actor = actor_of(panel);

	if (play.now < actor->ready)
		return htt_fail(error, actor->unready, "not yet");
	play.opened++;
	panel->handle = &play;
	return 0;
}

static void play_close(struct htt_panel *panel)
{
	if (panel->handle)
		play.opened--;
	panel->handle = NULL;
}

static int play_state(struct htt_panel *panel, struct htt_state *state, struct htt_error *error)
{
	*state = (struct htt_state) { .driver = HTT_DRIVER_MXT, .levels = 3, .level = actor_of(panel)->level };
	return 0;
}

const struct htt_panel_ops htt_hidraw_ops = {
	.kind = "play",
	.open = play_open,
	.close = play_close,
	.state = play_state,
};

/* Restart the first of the cast; what @panel is afterwards is for the caller to see. */
static int restart(struct htt_panel *panel, unsigned int timeout, int *level, struct htt_error *error)
{
	const uint32_t value = HTT_EXTRA;
	int ret;

	*panel = as_panel(&play.cast[0]);
	assert_int_equal(panel->ops->open(panel, error), 0);
	error->text[0] = '\0';
	ret = htt_restart(NULL, panel, htt_report_find(HTT_SENSITIVITY), &value, timeout, level, error);
	assert_int_equal(play.opened, 0);
	assert_int_equal(play.sent, 1);
	assert_true(!ret || error->text[0]);
	return ret;
}

static void returns_under_another_number(void **state)
{
	struct htt_panel panel;
	struct htt_error error;
	int level;

	play = (struct play) { .count = 3,
		.cast = {
			{ "/gone/1", "A", "usb-1", 0, 300, 0, 0, HTT_NORMAL },
			{ "/gone/2", "B", "usb-2", 0, FOREVER, 0, 0, HTT_HIGH },
			{ "/gone/3", "A", "usb-3", 2000, FOREVER, 0, 0, HTT_EXTRA },
		} };
	assert_int_equal(restart(&panel, 30, &level, &error), 0);
	assert_int_equal(level, HTT_EXTRA);
	assert_string_equal(panel.node, "/dev/hidraw2");
	assert_true(play.now < 3000);
}

/* Another panel that is plugged in meanwhile is not it. */
static void is_not_the_first_best(void **state)
{
	struct htt_panel panel;
	struct htt_error error;
	int level;

	play = (struct play) { .count = 2,
		.cast = {
			{ "/gone/1", "A", "usb-1", 0, 300, 0, 0, HTT_NORMAL },
			{ "/gone/2", "B", "usb-1", 1000, FOREVER, 0, 0, HTT_EXTRA },
		} };
	assert_int_equal(restart(&panel, 5, &level, &error), -ETIMEDOUT);
	assert_true(play.now >= 5000 && play.now < 5500);
}

static void without_serial_by_place(void **state)
{
	struct htt_panel panel;
	struct htt_error error;
	int level;

	play = (struct play) { .count = 3,
		.cast = {
			{ "/gone/1", "", "usb-1", 0, 300, 0, 0, HTT_NORMAL },
			{ "/gone/2", "", "usb-2", 500, FOREVER, 0, 0, HTT_EXTRA },
			{ "/gone/3", "", "usb-1", 1500, FOREVER, 0, 0, HTT_HIGH },
		} };
	assert_int_equal(restart(&panel, 30, &level, &error), 0);
	assert_string_equal(panel.node, "/dev/hidraw2");
	assert_int_equal(level, HTT_HIGH);
}

/* Panels that were all given the same serial number */
static void shared_serial_by_place(void **state)
{
	struct htt_panel panel;
	struct htt_error error;
	int level;

	play = (struct play) { .count = 4,
		.cast = {
			{ "/gone/1", "A", "usb-1", 0, 300, 0, 0, HTT_NORMAL },
			{ "/gone/2", "A", "usb-2", 0, 400, 0, 0, HTT_NORMAL },
			{ "/gone/3", "A", "usb-2", 500, FOREVER, 0, 0, HTT_NORMAL },
			{ "/gone/4", "A", "usb-1", 1500, FOREVER, 0, 0, HTT_EXTRA },
		} };
	assert_int_equal(restart(&panel, 30, &level, &error), 0);
	assert_string_equal(panel.node, "/dev/hidraw3");
	assert_int_equal(level, HTT_EXTRA);
}

/* It was away and back before anybody looked. */
static void quicker_than_we_look(void **state)
{
	struct htt_panel panel;
	struct htt_error error;
	int level;

	play = (struct play) { .count = 2,
		.cast = {
			{ "/gone/1", "A", "usb-1", 0, 10, 0, 0, HTT_NORMAL },
			{ "/gone/2", "A", "usb-1", 20, FOREVER, 0, 0, HTT_EXTRA },
		} };
	assert_int_equal(restart(&panel, 30, &level, &error), 0);
	assert_string_equal(panel.node, "/dev/hidraw1");
	assert_true(play.now < 1000);
}

static void node_is_not_ready_at_once(void **state)
{
	static const int codes[] = { -EACCES, -EIO, -ENODEV };
	struct htt_panel panel;
	struct htt_error error;
	int level;
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		play = (struct play) { .count = 2,
			.cast = {
				{ "/gone/1", "A", "usb-1", 0, 300, 0, 0, HTT_NORMAL },
				{ "/gone/2", "A", "usb-1", 1000, FOREVER, 1700, codes[i], HTT_EXTRA },
			} };
		assert_int_equal(restart(&panel, 30, &level, &error), 0);
		assert_int_equal(level, HTT_EXTRA);
	}
	play = (struct play) { .count = 2,
		.cast = {
			{ "/gone/1", "A", "usb-1", 0, 300, 0, 0, HTT_NORMAL },
			{ "/gone/2", "A", "usb-1", 1000, FOREVER, FOREVER, -EACCES, HTT_EXTRA },
		} };
	assert_int_equal(restart(&panel, 4, &level, &error), -EACCES);
	assert_true(play.now >= 4000 && play.now < 4500);
}

static void does_not_return(void **state)
{
	struct htt_panel panel;
	struct htt_error error;
	int level;

	play = (struct play) { .count = 1, .cast = { { "/gone/1", "A", "usb-1", 0, 300, 0, 0, HTT_NORMAL } } };
	assert_int_equal(restart(&panel, 3, &level, &error), -ETIMEDOUT);
	assert_non_null(strstr(error.text, "within 3 s"));
	assert_true(play.now >= 3000 && play.now < 3500);
}

/* Its device in sysfs, here any path that exists, stays: it needs no restart. */
static void stays(void **state)
{
	struct htt_panel panel;
	struct htt_error error;
	int level;

	play = (struct play) { .count = 1, .cast = { { "/", "A", "usb-1", 0, FOREVER, 0, 0, HTT_EXTRA } } };
	assert_int_equal(restart(&panel, 30, &level, &error), 0);
	assert_int_equal(level, HTT_EXTRA);
	assert_true(play.now < 6000);
}

static void refuses(void **state)
{
	struct htt_panel panel;
	struct htt_error error;
	int level;

	play = (struct play) {
		.refusal = -EIO, .count = 1, .cast = { { "/", "A", "usb-1", 0, FOREVER, 0, 0, HTT_NORMAL } }
	};
	assert_int_equal(restart(&panel, 30, &level, &error), -EIO);
	assert_string_equal(error.text, "refused");
	assert_true(play.now < 2000);
	/* One that had no time to say yes before it left has not refused. */
	play = (struct play) { .refusal = -EIO,
		.count = 2,
		.cast = {
			{ "/gone/1", "A", "usb-1", 0, 100, 0, 0, HTT_NORMAL },
			{ "/gone/2", "A", "usb-1", 4000, FOREVER, 0, 0, HTT_EXTRA },
		} };
	assert_int_equal(restart(&panel, 30, &level, &error), 0);
	assert_int_equal(level, HTT_EXTRA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(returns_under_another_number),
		cmocka_unit_test(is_not_the_first_best),
		cmocka_unit_test(without_serial_by_place),
		cmocka_unit_test(shared_serial_by_place),
		cmocka_unit_test(quicker_than_we_look),
		cmocka_unit_test(node_is_not_ready_at_once),
		cmocka_unit_test(does_not_return),
		cmocka_unit_test(stays),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
