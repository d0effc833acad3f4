// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "htt-sensitivity-print.h"
#include "htt-sensitivity-watch.h"

/* When udev says nothing: look again so often. */
#define LOOK_AGAIN_MS 1000

/* A panel that has just come may not be ready, nor its node's permissions set; one that stays so is worth a word. */
#define COMPLAIN_AFTER 3

/**
 * struct watch
 * @ops: the kind of panel that is followed, NULL as long as none was seen
 * @chosen: only the panels that were there at first
 * @seen: all that were ever there, as they were last
 * @info: what was told of each
 */
struct watch {
	struct htt_finder *finder;
	const struct htt_options *options;
	const struct htt_panel_ops *ops;
	bool chosen;
	struct htt_list seen;
	struct {
		bool present;
		bool known; /* its level has been read since it came */
		int level;
		unsigned int failures;
	} info[HTT_MAX_PANELS];
};

static void tell(const struct htt_panel *panel, const char *what, const char *value)
{
	htt_print_text(stdout, panel->serial[0] ? panel->serial : panel->place);
	printf(" %s%s%s\n", what, value[0] ? " " : "", value);
	fflush(stdout);
}

static int open_and_read(struct htt_panel *panel, int *level, struct htt_error *error)
{
	struct htt_state state = { .level = -1 };
	bool waits;
	int ret = 0;

	if (!panel->handle)
		ret = panel->ops->open(panel, error);
	if (ret)
		return ret;
	waits = panel->ops->fd(panel) >= 0;
	ret = panel->ops->state(panel, &state, error);
	/* Takes off the node what has woken us. */
	if (!ret && waits)
		ret = panel->ops->level(panel, &state.level, error);
	if (ret || !waits)
		panel->ops->close(panel);
	*level = state.level;
	return ret;
}

static void read_level(struct watch *watch, unsigned int i)
{
	struct htt_panel *panel = &watch->seen.panels[i];
	struct htt_error error;
	int level = -1, ret;

	ret = open_and_read(panel, &level, &error);
	if (ret) {
		if (++watch->info[i].failures == COMPLAIN_AFTER)
			fprintf(stderr, "htt-sensitivity: %s\n", error.text);
		return;
	}
	watch->info[i].failures = 0;
	watch->info[i].known = true;
	if (level >= 0 && level != watch->info[i].level)
		tell(panel, "level", htt_level_name((unsigned int)level));
	watch->info[i].level = level;
}

static bool is_in(const struct htt_list *list, const struct htt_panel *panel)
{
	unsigned int i;

	for (i = 0; i < list->count; i++)
		if (strcmp(list->panels[i].device, panel->device) == 0)
			return true;
	return false;
}

static void see_gone(struct watch *watch, const struct htt_list *now)
{
	unsigned int i;

	for (i = 0; i < watch->seen.count; i++) {
		struct htt_panel *panel = &watch->seen.panels[i];

		if (!watch->info[i].present || is_in(now, panel))
			continue;
		panel->ops->close(panel);
		watch->info[i].present = false;
		tell(panel, "gone", "");
	}
}

/* Which of those that are away is it? HTT_MAX_PANELS: none of them. */
static unsigned int recognise(const struct watch *watch, const struct htt_panel *panel)
{
	unsigned int i;

	for (i = 0; i < watch->seen.count; i++)
		if (!watch->info[i].present && htt_same_panel(&watch->seen, &watch->seen.panels[i], panel))
			return i;
	return HTT_MAX_PANELS;
}

static void see_one(struct watch *watch, const struct htt_panel *panel)
{
	unsigned int i = recognise(watch, panel);
	bool back = i < HTT_MAX_PANELS;

	if (watch->ops && panel->ops != watch->ops)
		return;
	if (!back && (watch->chosen || watch->seen.count == HTT_MAX_PANELS))
		return;
	if (!back) {
		i = watch->seen.count++;
		watch->info[i].level = -1;
	}
	watch->ops = panel->ops;
	watch->seen.panels[i] = *panel;
	watch->info[i].present = true;
	watch->info[i].known = false;
	watch->info[i].failures = 0;
	tell(panel, back ? "back" : "there", panel->node);
}

static int look(struct watch *watch, struct htt_error *error)
{
	struct htt_list now;
	unsigned int i;
	int ret;

	/* After the first look a path may have become another panel's. */
	ret = htt_find(watch->finder, watch->options->serial, watch->chosen ? NULL : watch->options->path, &now, error);
	if (ret)
		return ret;
	see_gone(watch, &now);
	for (i = 0; i < now.count; i++)
		if (!is_in(&watch->seen, &now.panels[i]))
			see_one(watch, &now.panels[i]);
	for (i = 0; i < watch->seen.count; i++)
		if (watch->info[i].present && (!watch->info[i].known || watch->seen.panels[i].handle))
			read_level(watch, i);
	return 0;
}

static int wait_for_change(struct watch *watch, int signals, bool *end, struct htt_error *error)
{
	struct pollfd fds[HTT_MAX_PANELS + 1] = { { .fd = signals, .events = POLLIN } };
	unsigned int i, count = 1;
	int ret;

	for (i = 0; i < watch->seen.count; i++) {
		const struct htt_panel *panel = &watch->seen.panels[i];

		if (panel->handle)
			fds[count++] = (struct pollfd) { .fd = panel->ops->fd(panel), .events = POLLIN };
	}
	ret = htt_finder_wait(watch->finder, LOOK_AGAIN_MS, fds, count);
	if (ret)
		return htt_fail(error, ret, "cannot wait for panels: %s", strerror(-ret));
	*end = fds[0].revents != 0;
	return 0;
}

static int watch_until_signal(struct watch *watch, int signals, struct htt_error *error)
{
	bool end = false;
	int ret = 0;

	while (!ret && !end) {
		ret = look(watch, error);
		if (!ret && watch->options->path && watch->seen.count == 0)
			return htt_fail(
				error, -ENODEV, "%s is no HTT panel; see: htt-sensitivity list", watch->options->path);
		watch->chosen = watch->options->path != NULL;
		if (!ret)
			ret = wait_for_change(watch, signals, &end, error);
	}
	return ret;
}

int htt_watch(struct htt_finder *finder, const struct htt_options *options, struct htt_error *error)
{
	struct watch watch = { .finder = finder, .options = options };
	unsigned int i;
	sigset_t set;
	int signals, ret;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return htt_fail(error, -errno, "cannot wait for signals: %s", strerror(errno));
	ret = watch_until_signal(&watch, signals, error);
	for (i = 0; i < watch.seen.count; i++)
		watch.seen.panels[i].ops->close(&watch.seen.panels[i]);
	close(signals);
	return ret;
}
