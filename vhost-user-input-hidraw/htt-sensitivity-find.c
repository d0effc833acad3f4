// SPDX-License-Identifier: MIT
/*
 * hidapi would list panels too, but tells neither where they are plugged in nor which
 * of two of the same node is the newer one; libudev does, and knows input devices.
 */
#include <errno.h>
#include <libudev.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "htt-sensitivity.h"

#define BITS_PER_LONG (8 * sizeof(long))

struct htt_finder {
	struct udev *udev;
	struct udev_monitor *monitor;
};

/* What is looked for. */
struct wanted {
	const char *serial;
	bool by_path;
	dev_t number;
};

uint64_t htt_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

/* A number of capabilities/: words of long, the highest first (drivers/input/input.c, input_bits_to_string()). */
static bool has_code(struct udev_device *input, const char *attribute, unsigned int code)
{
	const char *end, *text = text_or_empty(udev_device_get_sysattr_value(input, attribute));
	size_t skip = code / BITS_PER_LONG;

	for (end = text + strlen(text); end > text && skip > 0; end--)
		skip -= end[-1] == ' ';
	while (end > text && end[-1] != ' ')
		end--;
	return skip == 0 && (strtoul(end, NULL, 16) >> code % BITS_PER_LONG & 1);
}

static bool has_ids(struct udev_device *input)
{
	const char *vendor = text_or_empty(udev_device_get_sysattr_value(input, "id/vendor"));
	const char *product = text_or_empty(udev_device_get_sysattr_value(input, "id/product"));

	return strtoul(vendor, NULL, 16) == HTT_VENDOR && strtoul(product, NULL, 16) == HTT_PRODUCT;
}

static int as_hidraw(struct udev_device *node, struct htt_panel *panel)
{
	struct udev_device *hid = udev_device_get_parent_with_subsystem_devtype(node, "hid", NULL);
	unsigned int bus, vendor, product;

	if (!hid ||
		sscanf(text_or_empty(udev_device_get_property_value(hid, "HID_ID")), "%x:%x:%x", &bus, &vendor,
			&product) != 3)
		return -ENODEV;
	if (vendor != HTT_VENDOR || product != HTT_PRODUCT)
		return -ENODEV;
	panel->ops = &htt_hidraw_ops;
	snprintf(panel->device, sizeof(panel->device), "%s", udev_device_get_syspath(hid));
	snprintf(panel->serial, sizeof(panel->serial), "%s",
		text_or_empty(udev_device_get_property_value(hid, "HID_UNIQ")));
	snprintf(panel->place, sizeof(panel->place), "%s",
		text_or_empty(udev_device_get_property_value(hid, "HID_PHYS")));
	return 0;
}

/* A touch screen on the virtio bus with the panel's ids, its state and a way to ask for another one. */
static int as_evdev(struct udev_device *node, struct htt_panel *panel)
{
	struct udev_device *input = udev_device_get_parent_with_subsystem_devtype(node, "input", NULL);
	struct udev_device *virtio = udev_device_get_parent_with_subsystem_devtype(node, "virtio", NULL);

	if (strncmp(text_or_empty(udev_device_get_sysname(node)), "event", strlen("event")) != 0)
		return -ENODEV;
	if (!input || !virtio || !has_ids(input))
		return -ENODEV;
	if (!has_code(input, "capabilities/abs", ABS_MISC) || !has_code(input, "capabilities/msc", MSC_RAW) ||
		!has_code(input, "capabilities/abs", ABS_MT_POSITION_X) ||
		!has_code(input, "capabilities/abs", ABS_MT_POSITION_Y))
		return -ENODEV;
	panel->ops = &htt_evdev_ops;
	snprintf(panel->device, sizeof(panel->device), "%s", udev_device_get_syspath(input));
	snprintf(panel->serial, sizeof(panel->serial), "%s",
		text_or_empty(udev_device_get_sysattr_value(input, "uniq")));
	snprintf(panel->place, sizeof(panel->place), "%s", udev_device_get_syspath(virtio));
	return 0;
}

static bool is_wanted(const struct wanted *wanted, struct udev_device *node, const struct htt_panel *panel)
{
	if (wanted->by_path && udev_device_get_devnum(node) != wanted->number)
		return false;
	return !wanted->serial || strcmp(wanted->serial, panel->serial) == 0;
}

static void add_node(const struct wanted *wanted, struct udev_device *node, struct htt_list *list)
{
	const char *path = udev_device_get_devnode(node);
	struct htt_panel panel = { 0 };
	int ret;

	if (!path || list->count == HTT_MAX_PANELS)
		return;
	if (strcmp(text_or_empty(udev_device_get_subsystem(node)), "hidraw") == 0)
		ret = as_hidraw(node, &panel);
	else
		ret = as_evdev(node, &panel);
	if (ret || !is_wanted(wanted, node, &panel))
		return;
	snprintf(panel.node, sizeof(panel.node), "%s", path);
	list->panels[list->count++] = panel;
}

static int walk(struct htt_finder *finder, const char *subsystem, const struct wanted *wanted, struct htt_list *list)
{
	struct udev_enumerate *all = udev_enumerate_new(finder->udev);
	struct udev_list_entry *entry;
	int ret = -ENOMEM;

	if (!all)
		return ret;
	ret = udev_enumerate_add_match_subsystem(all, subsystem);
	if (ret >= 0)
		ret = udev_enumerate_scan_devices(all);
	entry = ret >= 0 ? udev_enumerate_get_list_entry(all) : NULL;
	for (; entry; entry = udev_list_entry_get_next(entry)) {
		struct udev_device *node = udev_device_new_from_syspath(finder->udev, udev_list_entry_get_name(entry));

		if (node)
			add_node(wanted, node, list);
		udev_device_unref(node);
	}
	udev_enumerate_unref(all);
	return ret < 0 ? ret : 0;
}

/* Length of the place without the interface: usb-0000:00:14.0-2/input1 */
static size_t port_length(const char *place)
{
	const char *interface = strrchr(place, '/');

	return interface ? (size_t)(interface - place) : strlen(place);
}

static bool same_device(const struct htt_panel *a, const struct htt_panel *b)
{
	size_t length = port_length(a->place);

	return length > 0 && length == port_length(b->place) && strncmp(a->place, b->place, length) == 0 &&
		strcmp(a->serial, b->serial) == 0;
}

static bool answers(struct htt_panel *panel)
{
	struct htt_state state = { .driver = -1 };
	struct htt_error error;

	if (panel->ops->open(panel, &error))
		return false;
	if (panel->ops->state(panel, &state, &error))
		state.driver = -1;
	panel->ops->close(panel);
	return state.driver >= 0;
}

/* A USB device may have several HID interfaces, each with a node: that of the panel's settings is the one that answers. */
static void drop_silent_interfaces(struct htt_list *list)
{
	unsigned int i = 0, j = 1;

	while (i + 1 < list->count) {
		if (j == list->count) {
			j = ++i + 1;
			continue;
		}
		if (!same_device(&list->panels[i], &list->panels[j])) {
			j++;
			continue;
		}
		if (!answers(&list->panels[i]) && answers(&list->panels[j]))
			list->panels[i] = list->panels[j];
		memmove(&list->panels[j], &list->panels[j + 1], (list->count - j - 1) * sizeof(list->panels[0]));
		list->count--;
	}
}

int htt_find(
	struct htt_finder *finder, const char *serial, const char *path, struct htt_list *list, struct htt_error *error)
{
	struct wanted wanted = { .serial = serial, .by_path = path };
	struct stat st;
	int ret;

	list->count = 0;
	if (path && stat(path, &st))
		return htt_fail(error, errno == EACCES ? -EACCES : -ENODEV, "%s: %s", path, strerror(errno));
	if (path && !S_ISCHR(st.st_mode))
		return htt_fail(error, -ENODEV, "%s is no device node; give one as /dev/hidraw0", path);
	if (path)
		wanted.number = st.st_rdev;
	ret = walk(finder, "hidraw", &wanted, list);
	if (!ret && !path)
		drop_silent_interfaces(list);
	if (!ret && list->count == 0)
		ret = walk(finder, "input", &wanted, list);
	if (ret)
		return htt_fail(error, ret, "cannot search for panels: %s; is /sys mounted?", strerror(-ret));
	return 0;
}

static int none(const char *serial, const char *path, struct htt_error *error)
{
	if (path)
		return htt_fail(error, -ENODEV, "%s is no HTT panel%s; see: htt-sensitivity list", path,
			serial ? " of this serial number" : "");
	if (serial)
		return htt_fail(error, -ENODEV,
			"no HTT panel with this serial number is plugged in; see: htt-sensitivity list");
	return htt_fail(error, -ENODEV,
		"no HTT panel (USB %04x:%04x) is plugged in, and no virtio input device passes one on", HTT_VENDOR,
		HTT_PRODUCT);
}

int htt_find_one(struct htt_finder *finder, const char *serial, const char *path, struct htt_panel *panel,
	struct htt_error *error)
{
	struct htt_list list;
	unsigned int i;
	size_t used;
	int ret;

	ret = htt_find(finder, serial, path, &list, error);
	if (ret)
		return ret;
	if (list.count == 0)
		return none(serial, path, error);
	if (list.count == 1) {
		*panel = list.panels[0];
		return 0;
	}
	ret = htt_fail(error, -ENOTUNIQ, "there are several panels; choose one with --serial or --path:");
	for (i = 0; i < list.count; i++) {
		used = strlen(error->text);
		snprintf(error->text + used, sizeof(error->text) - used, "%s %s (serial number \"%.40s\")",
			i ? "," : "", list.panels[i].node, list.panels[i].serial);
	}
	return ret;
}

int htt_finder_wait(struct htt_finder *finder, int ms, struct pollfd *fds, unsigned int num_fds)
{
	struct pollfd all[HTT_MAX_PANELS + 2];
	struct udev_device *device;
	int ret;

	if (num_fds >= sizeof(all) / sizeof(all[0]))
		return -EINVAL;
	if (num_fds)
		memcpy(all, fds, num_fds * sizeof(all[0]));
	all[num_fds] = (struct pollfd) { .fd = udev_monitor_get_fd(finder->monitor), .events = POLLIN };
	ret = poll(all, num_fds + 1, ms);
	if (ret < 0)
		return errno == EINTR ? 0 : -errno;
	if (num_fds)
		memcpy(fds, all, num_fds * sizeof(all[0]));
	/* What exactly happened is seen by looking again. */
	while (ret > 0 && (device = udev_monitor_receive_device(finder->monitor)))
		udev_device_unref(device);
	return 0;
}

int htt_finder_new(struct htt_finder **result, struct htt_error *error)
{
	struct htt_finder *finder = calloc(1, sizeof(*finder));

	*result = finder;
	if (finder)
		finder->udev = udev_new();
	if (finder && finder->udev)
		finder->monitor = udev_monitor_new_from_netlink(finder->udev, "udev");
	if (!finder || !finder->monitor ||
		udev_monitor_filter_add_match_subsystem_devtype(finder->monitor, "hidraw", NULL) < 0 ||
		udev_monitor_filter_add_match_subsystem_devtype(finder->monitor, "input", NULL) < 0 ||
		udev_monitor_enable_receiving(finder->monitor) < 0) {
		htt_finder_free(finder);
		*result = NULL;
		return htt_fail(error, -ENOMEM, "cannot listen for devices: %s", strerror(errno));
	}
	return 0;
}

void htt_finder_free(struct htt_finder *finder)
{
	if (!finder)
		return;
	udev_monitor_unref(finder->monitor);
	udev_unref(finder->udev);
	free(finder);
}
