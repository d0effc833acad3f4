// SPDX-License-Identifier: MIT
#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hidraw.h"
#include "log.h"
#include "panel.h"

/* Reports taken in one go before the loop's other sources get their turn. */
#define MAX_BATCH 128

/**
 * struct panel - see the header
 * @home: the panel that was found first; only it is taken back. Its @node is
 *	empty as long as none was
 * @phys: where it is plugged in, to tell apart panels without a serial number
 * @fd: of the hidraw node, -1 while the panel is away
 */
struct panel {
	struct panel_match match;
	const struct source_ops *ops;
	void *context;
	struct source_info home;
	char phys[128];
	struct udev *udev;
	struct udev_monitor *monitor;
	sd_event *event;
	sd_event_source *monitor_source;
	sd_event_source *source;
	int fd;
	uint8_t report[HID_MAX_REPORT + 1];
};

/* One panel in the making. */
struct candidate {
	int fd;
	char phys[128];
	struct source_info info;
};

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

/* The same panel as before: by serial number, and without one by the place where it is plugged in. */
static bool is_home(const struct panel *panel, struct udev_device *hid)
{
	if (panel->home.identity.serial[0])
		return strcmp(hid_property(hid, "HID_UNIQ"), panel->home.identity.serial) == 0;
	return strcmp(hid_property(hid, "HID_PHYS"), panel->phys) == 0;
}

static bool matches(const struct panel *panel, struct udev_device *node, struct udev_device *hid)
{
	const struct input_identity *home = &panel->home.identity;
	bool known = panel->home.node[0];
	unsigned int bus, vendor, product;

	if (!known && panel->match.path)
		return is_path(panel->match.path, node);
	if (sscanf(hid_property(hid, "HID_ID"), "%x:%x:%x", &bus, &vendor, &product) != 3)
		return false;
	if (known)
		return vendor == home->vendor && product == home->product && is_home(panel, hid);
	if (vendor != panel->match.vendor || product != panel->match.product)
		return false;
	return !panel->match.serial || strcmp(hid_property(hid, "HID_UNIQ"), panel->match.serial) == 0;
}

static struct udev_device *parent_hid(struct udev_device *node)
{
	return udev_device_get_parent_with_subsystem_devtype(node, "hid", NULL);
}

/* HID itself has no release number; USB has. */
static uint16_t release_number(struct udev_device *hid)
{
	struct udev_device *usb = udev_device_get_parent_with_subsystem_devtype(hid, "usb", "usb_device");
	const char *release = usb ? udev_device_get_sysattr_value(usb, "bcdDevice") : NULL;

	return release ? (uint16_t)strtoul(release, NULL, 16) : 0;
}

static int open_candidate(
	struct udev_device *node, struct udev_device *hid, struct candidate *candidate, struct hid_error *error)
{
	const char *path = udev_device_get_devnode(node);
	struct source_info *info = &candidate->info;
	int ret;

	if (!path) {
		snprintf(error->text, sizeof(error->text), "the panel has no device node; is udev running?");
		return -ENXIO;
	}
	ret = hidraw_open(path, &candidate->fd, info, error);
	if (ret)
		return ret;
	snprintf(info->sysfs, sizeof(info->sysfs), "%s", udev_device_get_syspath(hid));
	snprintf(candidate->phys, sizeof(candidate->phys), "%s", hid_property(hid, "HID_PHYS"));
	info->identity.version = release_number(hid);
	return 0;
}

static void drop_candidate(struct candidate *candidate)
{
	close(candidate->fd);
	hid_touch_free(candidate->info.touch);
}

static void close_panel(struct panel *panel)
{
	panel->source = sd_event_source_disable_unref(panel->source);
	close(panel->fd);
	panel->fd = -1;
	panel->ops->gone(panel->context);
}

/* A panel that was quick may have come back already, and udev have said so, before its old node was seen to fail. */
static void lose_panel(struct panel *panel)
{
	struct hid_error error;
	int ret;

	close_panel(panel);
	ret = panel_open(panel, &error);
	if (ret && ret != -ENODEV)
		vhu_debug("%s", error.text);
}

/* Each read() is one report (Documentation/hid/hidraw.rst). */
static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct panel *panel = userdata;
	unsigned int count;
	ssize_t size = 0;
	int code;

	for (count = 0; count < MAX_BATCH; count++) {
		size = read(fd, panel->report, sizeof(panel->report));
		if (size <= 0)
			break;
		panel->ops->report(panel->context, panel->report, (size_t)size);
	}
	code = size < 0 ? errno : 0;
	panel->ops->drained(panel->context, count >= HIDRAW_KEPT_REPORTS);
	if (size <= 0 && code != EAGAIN && code != EINTR)
		lose_panel(panel);
	return 0;
}

/* Consumes @candidate. */
static int adopt(struct panel *panel, struct candidate *candidate)
{
	int ret;

	ret = panel->ops->found(panel->context, &candidate->info);
	if (ret) {
		close(candidate->fd);
		return ret;
	}
	panel->fd = candidate->fd;
	panel->home = candidate->info;
	panel->home.touch = NULL; /* found() owns it */
	memcpy(panel->phys, candidate->phys, sizeof(panel->phys));
	ret = sd_event_add_io(panel->event, &panel->source, panel->fd, EPOLLIN, on_readable, panel);
	if (ret < 0) {
		vhu_err("%s: cannot watch it: %s", panel->home.node, strerror(-ret));
		close_panel(panel);
		return ret;
	}
	return 0;
}

/* What a search has seen so far. */
struct search {
	unsigned int found;
	struct candidate first;
	char names[200]; /* all of them, for the case that they are several */
	int code; /* why the last one that matched could not be used */
	struct hid_error error;
};

static void look_at(struct panel *panel, const char *syspath, struct search *search)
{
	struct udev_device *node = udev_device_new_from_syspath(panel->udev, syspath);
	struct udev_device *hid = node ? parent_hid(node) : NULL;
	struct candidate candidate;
	struct hid_error error;
	size_t used = strlen(search->names);
	int ret;

	if (!hid || !matches(panel, node, hid))
		goto out;
	ret = open_candidate(node, hid, &candidate, &error);
	if (ret) {
		/* Of a panel's interfaces only one has to be a touch screen: other reasons are the better ones. */
		if (ret != -ENODEV || search->code == 0) {
			search->code = ret;
			search->error = error;
		}
		goto out;
	}
	snprintf(search->names + used, sizeof(search->names) - used, "%s%s (serial number \"%s\")", used ? ", " : "",
		candidate.info.node, candidate.info.identity.serial);
	if (search->found++ == 0)
		search->first = candidate;
	else
		drop_candidate(&candidate);
out:
	udev_device_unref(node);
}

static int walk_nodes(struct panel *panel, struct search *search)
{
	struct udev_enumerate *all = udev_enumerate_new(panel->udev);
	struct udev_list_entry *entry;
	int ret = -ENOMEM;

	if (!all)
		return ret;
	ret = udev_enumerate_add_match_subsystem(all, "hidraw");
	if (ret >= 0)
		ret = udev_enumerate_scan_devices(all);
	entry = ret >= 0 ? udev_enumerate_get_list_entry(all) : NULL;
	for (; entry; entry = udev_list_entry_get_next(entry))
		look_at(panel, udev_list_entry_get_name(entry), search);
	udev_enumerate_unref(all);
	return ret < 0 ? ret : 0;
}

static int none_found(struct panel *panel, struct hid_error *error)
{
	const struct panel_match *match = &panel->match;

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
static int explain_path(struct panel *panel, struct hid_error *error)
{
	struct candidate candidate;
	int ret;

	ret = hidraw_open(panel->match.path, &candidate.fd, &candidate.info, error);
	if (ret)
		return ret;
	drop_candidate(&candidate);
	snprintf(error->text, sizeof(error->text), "%s is not in sysfs; is /sys mounted?", panel->match.path);
	return -ENXIO;
}

static int find(struct panel *panel, struct candidate *candidate, struct hid_error *error)
{
	struct search search = { 0 };
	int ret;

	ret = walk_nodes(panel, &search);
	if (ret) {
		snprintf(error->text, sizeof(error->text), "cannot search for panels: %s", strerror(-ret));
		return ret;
	}
	if (search.found == 1) {
		*candidate = search.first;
		return 0;
	}
	if (search.found > 1) {
		drop_candidate(&search.first);
		snprintf(error->text, sizeof(error->text),
			"several panels match: %s; choose one with --serial or --hidraw", search.names);
		return -ENOTUNIQ;
	}
	if (search.code) {
		*error = search.error;
		return search.code;
	}
	return panel->match.path ? explain_path(panel, error) : none_found(panel, error);
}

int panel_open(struct panel *panel, struct hid_error *error)
{
	struct candidate candidate;
	int ret;

	ret = find(panel, &candidate, error);
	if (ret)
		return ret;
	ret = adopt(panel, &candidate);
	if (ret)
		snprintf(
			error->text, sizeof(error->text), "%s cannot be used: %s", candidate.info.node, strerror(-ret));
	return ret;
}

int panel_peek(struct panel *panel, struct source_info *info, struct hid_error *error)
{
	struct candidate candidate;
	int ret;

	ret = find(panel, &candidate, error);
	if (ret)
		return ret;
	close(candidate.fd);
	*info = candidate.info;
	return 0;
}

bool panel_present(const struct panel *panel)
{
	return panel->fd >= 0;
}

static void on_added(struct panel *panel, struct udev_device *node)
{
	struct udev_device *hid = parent_hid(node);
	struct candidate candidate;
	struct hid_error error;
	int ret;

	if (!hid || !matches(panel, node, hid))
		return;
	ret = open_candidate(node, hid, &candidate, &error);
	if (ret) {
		vhu_log(ret == -ENODEV ? VHU_LOG_DEBUG : VHU_LOG_WARN, "%s", error.text);
		return;
	}
	adopt(panel, &candidate);
}

static int on_monitor(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct panel *panel = userdata;
	struct udev_device *node = udev_monitor_receive_device(panel->monitor);
	const char *action = node ? udev_device_get_action(node) : NULL;

	if (action && strcmp(action, "add") == 0 && !panel_present(panel))
		on_added(panel, node);
	udev_device_unref(node);
	return 0;
}

static int watch(struct panel *panel)
{
	int ret;

	panel->monitor = udev_monitor_new_from_netlink(panel->udev, "udev");
	if (!panel->monitor)
		return -ENOMEM;
	ret = udev_monitor_filter_add_match_subsystem_devtype(panel->monitor, "hidraw", NULL);
	if (ret >= 0)
		ret = udev_monitor_enable_receiving(panel->monitor);
	if (ret >= 0)
		ret = sd_event_add_io(panel->event, &panel->monitor_source, udev_monitor_get_fd(panel->monitor),
			EPOLLIN, on_monitor, panel);
	return ret < 0 ? ret : 0;
}

int panel_new(const struct panel_match *match, sd_event *event, const struct source_ops *ops, void *context,
	struct panel **result)
{
	struct panel *panel = calloc(1, sizeof(*panel));
	int ret = 0;

	*result = NULL;
	if (!panel)
		return -ENOMEM;
	panel->match = *match;
	panel->ops = ops;
	panel->context = context;
	panel->event = event;
	panel->fd = -1;
	panel->udev = udev_new();
	if (!panel->udev)
		ret = -ENOMEM;
	else if (event)
		ret = watch(panel);
	if (ret)
		panel_free(panel);
	else
		*result = panel;
	return ret;
}

void panel_free(struct panel *panel)
{
	if (!panel)
		return;
	sd_event_source_disable_unref(panel->source);
	sd_event_source_disable_unref(panel->monitor_source);
	udev_monitor_unref(panel->monitor);
	udev_unref(panel->udev);
	if (panel->fd >= 0)
		close(panel->fd);
	free(panel);
}
