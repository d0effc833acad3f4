// SPDX-License-Identifier: MIT
/* A panel by its hidraw node: hidapi carries the feature reports. */
#include <errno.h>
#include <hidapi.h>
#include <string.h>
#include <unistd.h>

#include "htt-sensitivity.h"

static int hidraw_open(struct htt_panel *panel, struct htt_error *error)
{
	panel->handle = hid_open_path(panel->node);
	if (panel->handle)
		return 0;
	/* hidapi keeps its reason to itself. */
	if (access(panel->node, F_OK))
		return htt_fail(error, -ENODEV, "%s has just vanished; is the panel restarting?", panel->node);
	if (access(panel->node, R_OK | W_OK))
		return htt_fail(error, -EACCES,
			"no permission to open %s; run as root, or install the udev rule and join group input",
			panel->node);
	return htt_fail(error, -EIO, "cannot open %s: %ls", panel->node, hid_error(NULL));
}

static void hidraw_close(struct htt_panel *panel)
{
	if (panel->handle)
		hid_close(panel->handle);
	panel->handle = NULL;
}

int htt_hidraw_get(struct htt_panel *panel, const struct htt_report *report, uint32_t *values, struct htt_error *error)
{
	uint8_t data[HTT_MAX_REPORT] = { report->id };
	int got, ret;

	got = hid_get_feature_report(panel->handle, data, report->size);
	if (got < 0)
		return htt_fail(error, -EOPNOTSUPP, "%s does not tell its %s: %ls", panel->node, report->name,
			hid_error(panel->handle));
	ret = htt_decode(report, data, (size_t)got, values);
	if (ret == -EBADMSG)
		return htt_fail(error, ret,
			"%s: the answer about its %s is malformed (%d bytes, id %u); update its firmware", panel->node,
			report->name, got, data[0]);
	if (ret)
		return htt_fail(error, ret, "%s: the answer about its %s is out of range; update its firmware",
			panel->node, report->name);
	return 0;
}

int htt_hidraw_set(
	struct htt_panel *panel, const struct htt_report *report, const uint32_t *values, struct htt_error *error)
{
	uint8_t data[HTT_MAX_REPORT];
	int size, sent;

	size = htt_encode(report, values, data);
	if (size < 0)
		return htt_fail(error, -EINVAL, "the %s cannot be set so", report->name);
	sent = hid_send_feature_report(panel->handle, data, (size_t)size);
	if (sent < 0)
		return htt_fail(error, -EIO, "%s does not take this %s: %ls", panel->node, report->name,
			hid_error(panel->handle));
	return 0;
}

static int get_one(struct htt_panel *panel, unsigned int id, uint32_t *value, struct htt_error *error)
{
	uint32_t values[HTT_MAX_FIELDS] = { 0 };
	int ret = htt_hidraw_get(panel, htt_report_find(id), values, error);

	if (!ret)
		*value = values[0];
	/* The reports that are asked for here are those that every panel has: this one is not well. */
	return ret == -EOPNOTSUPP ? -EIO : ret;
}

static int hidraw_level(struct htt_panel *panel, int *level, struct htt_error *error)
{
	uint32_t value = 0;
	int ret = get_one(panel, HTT_SENSITIVITY, &value, error);

	if (!ret)
		*level = (int)value;
	return ret;
}

/* All but driver type and level may be missing: older firmware knows fewer reports. */
static int hidraw_state(struct htt_panel *panel, struct htt_state *state, struct htt_error *error)
{
	struct htt_error ignored;
	uint32_t value = 0;
	int ret;

	*state = (struct htt_state) { -1, 0, -1, -1, -1, -1 };
	ret = get_one(panel, HTT_DRIVER, &value, error);
	if (ret)
		return ret;
	state->driver = (int)value;
	state->levels = (int)htt_driver_levels(value);
	if (!get_one(panel, HTT_FIRMWARE, &value, &ignored))
		state->firmware = value;
	if (!get_one(panel, HTT_ROTATION, &value, &ignored))
		state->rotation = (int)value * 90;
	if (!get_one(panel, HTT_BACKLIGHT, &value, &ignored))
		state->backlight = (int)value;
	return state->levels ? hidraw_level(panel, &state->level, error) : 0;
}

static int hidraw_set_level(
	struct htt_finder *finder, struct htt_panel *panel, int level, unsigned int timeout, struct htt_error *error)
{
	const uint32_t value = (uint32_t)level;
	int now = -1, ret;

	ret = htt_restart(finder, panel, htt_report_find(HTT_SENSITIVITY), &value, timeout, &now, error);
	if (ret)
		return ret;
	if (now != level)
		return htt_fail(error, -EIO, "%s did not keep the level: its sensitivity is %s", panel->node,
			htt_level_name((unsigned int)now));
	return 0;
}

static int hidraw_fd(const struct htt_panel *panel)
{
	return -1;
}

const struct htt_panel_ops htt_hidraw_ops = {
	.kind = "hidraw",
	.open = hidraw_open,
	.close = hidraw_close,
	.state = hidraw_state,
	.level = hidraw_level,
	.set_level = hidraw_set_level,
	.fd = hidraw_fd,
};
