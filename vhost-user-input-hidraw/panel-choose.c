// SPDX-License-Identifier: MIT
#include "panel-choose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hidraw.h"

int panel_place_open(const struct panel_place *place, struct source_info *info, struct hid_error *error)
{
	int ret;

	if (!place->node[0]) {
		snprintf(error->text, sizeof(error->text), "the panel has no device node; is /dev mounted?");
		return -ENXIO;
	}
	ret = hidraw_open(place->node, &info->fd, info, error);
	if (ret)
		return ret;
	snprintf(info->sysfs, sizeof(info->sysfs), "%s", place->sysfs);
	snprintf(info->phys, sizeof(info->phys), "%s", place->phys);
	info->identity.version = place->version;
	return 0;
}

void panel_place_close(struct source_info *info)
{
	close(info->fd);
	hid_touch_free(info->touch);
}

static int none_found(const struct panel_match *match, struct hid_error *error)
{
	if (match->serial)
		snprintf(error->text, sizeof(error->text),
			"no panel %04x:%04x with serial number \"%s\" found; is it "
			"plugged in? --wait waits for it",
			match->vendor, match->product, match->serial);
	else
		snprintf(error->text, sizeof(error->text),
			"no panel %04x:%04x found; is it plugged in? "
			"--panel VENDOR:PRODUCT takes another one, --wait waits for it",
			match->vendor, match->product);
	return -ENODEV;
}

/* A path that names no hidraw device of sysfs: hidraw_open() knows best what it is instead. */
static int explain_path(const struct panel_match *match, struct hid_error *error)
{
	struct source_info info;
	int ret;

	ret = hidraw_open(match->path, &info.fd, &info, error);
	if (ret)
		return ret;
	panel_place_close(&info);
	snprintf(error->text, sizeof(error->text), "%s is not in sysfs; is /sys mounted?", match->path);
	return -ENXIO;
}

/* Opens all of @places. Returns how many are touch screens; @code and @error are why another one is not. */
static unsigned int open_all(const struct panel_place *places, int count, struct source_info *first, char *names,
	size_t room, int *code, struct hid_error *error)
{
	struct source_info info;
	struct hid_error why;
	unsigned int found = 0;
	size_t used;
	int i, ret;

	*code = 0;
	names[0] = '\0';
	for (i = 0; i < count; i++) {
		ret = panel_place_open(&places[i], &info, &why);
		/* Of a panel's interfaces only one has to be a touch screen: other reasons are the better ones. */
		if (ret && (ret != -ENODEV || *code == 0)) {
			*code = ret;
			*error = why;
		}
		if (ret)
			continue;
		used = strlen(names);
		snprintf(names + used, room - used, "%s%.32s (serial number \"%.48s\")", used ? ", " : "", info.node,
			info.identity.serial);
		if (found++ == 0)
			*first = info;
		else
			panel_place_close(&info);
	}
	return found;
}

int panel_choose(struct udev *udev, const struct panel_match *match, struct source_info *info, struct hid_error *error)
{
	struct panel_place places[PANEL_MAX_PLACES];
	char names[512];
	unsigned int found;
	int count, code;

	count = panel_find(udev, match, NULL, places);
	if (count < 0) {
		snprintf(error->text, sizeof(error->text), "cannot search for panels: %s", strerror(-count));
		return count;
	}
	found = open_all(places, count, info, names, sizeof(names), &code, error);
	if (found == 1)
		return 0;
	if (found > 1) {
		panel_place_close(info);
		snprintf(error->text, sizeof(error->text),
			"several panels match: %s; choose one with --serial or --hidraw", names);
		return -ENOTUNIQ;
	}
	if (code)
		return code;
	return match->path ? explain_path(match, error) : none_found(match, error);
}
