// SPDX-License-Identifier: MIT
/*
 * A panel that restarts leaves the bus and comes back as another device, often with
 * another number. The kernel never gives the same path in sysfs to two HID devices
 * (drivers/hid/hid-core.c counts them), so that the panel's return is seen even by a
 * reader who was too slow to see it go.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "htt-sensitivity.h"

/* Without a word of udev we look again so often. */
#define LOOK_AGAIN_MS 200

/* A panel that took the report leaves within this time; one that refused it stays. */
#define LEAVES_MS	  5000
#define LEAVES_REFUSED_MS 1000

struct restart {
	struct htt_finder *finder;
	struct htt_list before;
	struct htt_panel *panel;
	int level;
	struct htt_error *error;
};

bool htt_same_panel(const struct htt_list *before, const struct htt_panel *panel, const struct htt_panel *now)
{
	unsigned int i, sharing = 0;

	if (panel->ops != now->ops || strcmp(panel->serial, now->serial) != 0)
		return false;
	for (i = 0; i < before->count; i++)
		sharing += strcmp(before->panels[i].serial, panel->serial) == 0;
	return (panel->serial[0] && sharing <= 1) || strcmp(panel->place, now->place) == 0;
}

static bool was_there(const struct htt_list *before, const struct htt_panel *panel)
{
	unsigned int i;

	for (i = 0; i < before->count; i++)
		if (strcmp(before->panels[i].device, panel->device) == 0)
			return true;
	return false;
}

static int read_level(struct htt_panel *panel, int *level, struct htt_error *error)
{
	struct htt_state state;
	int ret;

	ret = panel->ops->open(panel, error);
	if (ret)
		return ret;
	ret = panel->ops->state(panel, &state, error);
	panel->ops->close(panel);
	if (!ret)
		*level = state.level;
	return ret;
}

/* -ENODEV: it is away. Other errors may pass: udev sets permissions a moment after the node is made. */
static int look(struct restart *restart)
{
	struct htt_panel *panel = restart->panel;
	struct htt_list now;
	unsigned int i;
	int ret;

	ret = htt_find(restart->finder, NULL, NULL, &now, restart->error);
	if (ret)
		return ret;
	for (i = 0; i < now.count; i++) {
		if (was_there(&restart->before, &now.panels[i]) ||
			!htt_same_panel(&restart->before, panel, &now.panels[i]))
			continue;
		ret = read_level(&now.panels[i], &restart->level, restart->error);
		if (!ret)
			*panel = now.panels[i];
		return ret;
	}
	return -ENODEV;
}

static int remaining(uint64_t deadline)
{
	uint64_t now = htt_now_ms();

	return now < deadline ? (int)(deadline - now) : 0;
}

static int wait_for_return(struct restart *restart, uint64_t leaves, uint64_t deadline, const struct htt_error *refused)
{
	int ret, left;

	for (;;) {
		ret = look(restart);
		if (!ret)
			return 0;
		/* Still there: either it needs no restart for this report, or it does not do what it was told. */
		if (!remaining(leaves) && access(restart->panel->device, F_OK) == 0) {
			if (refused)
				return htt_fail(restart->error, -EIO, "%s", refused->text);
			return read_level(restart->panel, &restart->level, restart->error);
		}
		left = remaining(deadline);
		if (!left)
			return ret;
		ret = htt_finder_wait(restart->finder, left < LOOK_AGAIN_MS ? left : LOOK_AGAIN_MS, NULL, 0);
		if (ret)
			return htt_fail(restart->error, ret, "cannot wait for the panel: %s", strerror(-ret));
	}
}

int htt_restart(struct htt_finder *finder, struct htt_panel *panel, const struct htt_report *report,
	const uint32_t *values, unsigned int timeout, int *level, struct htt_error *error)
{
	struct restart restart = { .finder = finder, .panel = panel, .level = -1, .error = error };
	struct htt_error refusal = { 0 };
	uint64_t start, leaves;
	bool refused;
	int ret;

	ret = htt_find(finder, NULL, NULL, &restart.before, error);
	if (ret)
		return ret;
	refused = htt_hidraw_set(panel, report, values, &refusal) != 0;
	panel->ops->close(panel);
	start = htt_now_ms();
	leaves = refused ? LEAVES_REFUSED_MS : LEAVES_MS;
	if (leaves > timeout * 1000ULL)
		leaves = timeout * 1000ULL;
	ret = wait_for_return(&restart, start + leaves, start + timeout * 1000ULL, refused ? &refusal : NULL);
	*level = restart.level;
	if (ret == -ENODEV)
		return htt_fail(error, -ETIMEDOUT,
			"%s has left to restart, and did not come back within %u s; unplug it and plug it in again",
			panel->node, timeout);
	return ret;
}
