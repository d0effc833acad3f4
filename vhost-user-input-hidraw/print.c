// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "options.h"
#include "recording.h"

static const char *const axis_names[TOUCH_NUM_AXES] = {
	[TOUCH_X] = "x",
	[TOUCH_Y] = "y",
	[TOUCH_PRESSURE] = "pressure",
	[TOUCH_MAJOR] = "touch major",
	[TOUCH_MINOR] = "touch minor",
	[TOUCH_ORIENTATION] = "orientation",
	[TOUCH_TOOL_X] = "centre x",
	[TOUCH_TOOL_Y] = "centre y",
	[TOUCH_TOOL_TYPE] = "finger, palm",
	[TOUCH_DISTANCE] = "distance",
};

static void print_range(const char *name, const struct touch_range *range)
{
	printf("%-13s %d to %d", name, range->min, range->max);
	if (range->resolution)
		printf(", %d units/mm, %.1f mm", range->resolution,
			((double)range->max - range->min) / range->resolution);
	printf("\n");
}

static void print_sensitivity(const struct sensitivity *sensitivity)
{
	char names[HTT_LEVEL_NAMES];

	if (sensitivity->levels == 0)
		return;
	htt_driver_level_names(sensitivity->driver, names);
	printf("sensitivity   %s, of %s\n", htt_level_name(sensitivity->level), names);
}

static void print_info(const struct source_info *info)
{
	const struct input_identity *identity = &info->identity;
	const struct touch_axes *axes = hid_touch_axes(info->touch);
	unsigned int axis;

	printf("node          %s\n", info->node);
	printf("name          %s\n", identity->name);
	printf("serial        %s\n", identity->serial);
	printf("ids           bus %04x vendor %04x product %04x version %04x\n", identity->bus, identity->vendor,
		identity->product, identity->version);
	printf("contacts      %u, up to %u in a report\n", axes->slots, hid_touch_per_report(info->touch));
	print_sensitivity(&info->sensitivity);
	for (axis = 0; axis < TOUCH_NUM_AXES; axis++)
		if (axes->range[axis].present)
			print_range(axis_names[axis], &axes->range[axis]);
}

static int peek_recording(const char *path, struct source_info *info, struct hid_error *error)
{
	struct recording *recording;
	int ret = recording_open(path, &recording, error);

	if (ret)
		return ret;
	recording_info(recording, info);
	recording_free(recording);
	return 0;
}

static int peek_panel(const struct panel_match *match, struct source_info *info, struct hid_error *error)
{
	struct panel *panel;
	int ret;

	ret = panel_new(match, NULL, NULL, NULL, NULL, &panel);
	if (ret) {
		snprintf(error->text, sizeof(error->text), "cannot use udev; is libudev installed completely?");
		return ret;
	}
	ret = panel_peek(panel, info, error);
	panel_free(panel);
	return ret;
}

int input_print_panel(const struct input_options *options)
{
	struct source_info info;
	struct hid_error error;
	int ret;

	ret = options->recording ? peek_recording(options->recording, &info, &error)
				 : peek_panel(&options->match, &info, &error);
	if (ret) {
		vhu_err("%s", error.text);
		return ret;
	}
	print_info(&info);
	hid_touch_free(info.touch);
	return fflush(stdout) ? -EIO : 0;
}
