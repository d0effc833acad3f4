// SPDX-License-Identifier: MIT
#include "panel-find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *hid_property(struct udev_device *hid, const char *name)
{
	const char *value = udev_device_get_property_value(hid, name);

	return value ? value : "";
}

static bool is_path(const char *path, struct udev_device *node)
{
	struct stat st;

	return !stat(path, &st) && S_ISCHR(st.st_mode) && st.st_rdev == udev_device_get_devnum(node);
}

static bool is_home(const struct source_info *home, struct udev_device *hid)
{
	if (home->identity.serial[0])
		return strcmp(hid_property(hid, "HID_UNIQ"), home->identity.serial) == 0;
	return strcmp(hid_property(hid, "HID_PHYS"), home->phys) == 0;
}

static bool matches(const struct panel_match *match, const struct source_info *home, struct udev_device *node,
	struct udev_device *hid)
{
	unsigned int bus, vendor, product;

	if (!home && match->path)
		return is_path(match->path, node);
	if (sscanf(hid_property(hid, "HID_ID"), "%x:%x:%x", &bus, &vendor, &product) != 3)
		return false;
	if (home)
		return vendor == home->identity.vendor && product == home->identity.product && is_home(home, hid);
	if (vendor != match->vendor || product != match->product)
		return false;
	return !match->serial || strcmp(hid_property(hid, "HID_UNIQ"), match->serial) == 0;
}

/* HID itself has no release number; USB has. */
static uint16_t release_number(struct udev_device *hid)
{
	struct udev_device *usb = udev_device_get_parent_with_subsystem_devtype(hid, "usb", "usb_device");
	const char *release = usb ? udev_device_get_sysattr_value(usb, "bcdDevice") : NULL;

	return release ? (uint16_t)strtoul(release, NULL, 16) : 0;
}

static void add_place(struct panel_place *places, int index, const struct source_info *home, struct udev_device *node,
	struct udev_device *hid)
{
	const char *path = udev_device_get_devnode(node);
	struct panel_place *place = &places[index];

	if (home && strcmp(hid_property(hid, "HID_PHYS"), home->phys) == 0) {
		*place = places[0];
		place = &places[0];
	}
	snprintf(place->node, sizeof(place->node), "%s", path ? path : "");
	snprintf(place->sysfs, sizeof(place->sysfs), "%s", udev_device_get_syspath(hid));
	snprintf(place->phys, sizeof(place->phys), "%s", hid_property(hid, "HID_PHYS"));
	/* Its identity is known then; to search for its USB device would only make touches wait. */
	place->version = home ? home->identity.version : release_number(hid);
}

int panel_find(struct udev *udev, const struct panel_match *match, const struct source_info *home,
	struct panel_place places[PANEL_MAX_PLACES])
{
	struct udev_enumerate *all = udev_enumerate_new(udev);
	struct udev_list_entry *entry;
	int ret, count = 0;

	if (!all)
		return -ENOMEM;
	ret = udev_enumerate_add_match_subsystem(all, "hidraw");
	if (ret >= 0)
		ret = udev_enumerate_scan_devices(all);
	entry = ret >= 0 ? udev_enumerate_get_list_entry(all) : NULL;
	for (; entry && count < PANEL_MAX_PLACES; entry = udev_list_entry_get_next(entry)) {
		struct udev_device *node = udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));
		struct udev_device *hid = node ? udev_device_get_parent_with_subsystem_devtype(node, "hid", NULL)
					       : NULL;

		if (hid && matches(match, home, node, hid))
			add_place(places, count++, home, node, hid);
		udev_device_unref(node);
	}
	udev_enumerate_unref(all);
	return ret < 0 ? ret : count;
}
