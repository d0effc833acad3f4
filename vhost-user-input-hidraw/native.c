// SPDX-License-Identifier: MIT
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libevdev/libevdev.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"

/* One panel makes one node, or one for each of a few touch collections. */
#define MAX_NODES 4

/*
 * @sysfs is NULL while no panel is followed. @monitors tell what the kernel says at once, and what udev says when it
 * has set permissions.
 */
struct native {
	struct udev *udev;
	struct udev_monitor *monitors[2];
	sd_event_source *sources[2];
	char *sysfs;
	unsigned int num_nodes;
	struct libevdev *nodes[MAX_NODES];
	dev_t numbers[MAX_NODES];
};

/* A pen or mouse of the same device is not what we read, and stays in use. */
static bool is_touch_screen(const struct libevdev *node)
{
	return libevdev_has_property(node, INPUT_PROP_DIRECT) && libevdev_has_event_code(node, EV_ABS, ABS_X) &&
		libevdev_has_event_code(node, EV_KEY, BTN_TOUCH) &&
		!libevdev_has_event_code(node, EV_KEY, BTN_TOOL_PEN);
}

static void close_node(struct libevdev *node)
{
	int fd = libevdev_get_fd(node);

	libevdev_free(node); /* closing the descriptor ends the grab */
	close(fd);
}

static int open_node(const char *path, struct libevdev **node)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = libevdev_new_from_fd(fd, node);
	if (ret)
		close(fd);
	return ret;
}

static bool is_held(const struct native *native, dev_t number)
{
	unsigned int i;

	for (i = 0; i < native->num_nodes; i++)
		if (native->numbers[i] == number)
			return true;
	return false;
}

/* @settled: its permissions are what they will be. */
static void grab(struct native *native, struct udev_device *device, bool settled)
{
	const char *path = udev_device_get_devnode(device);
	dev_t number = udev_device_get_devnum(device);
	struct libevdev *node = NULL;
	int ret;

	if (!path || native->num_nodes == MAX_NODES || is_held(native, number))
		return;
	ret = open_node(path, &node);
	if (ret == -ENODEV || (ret && !settled))
		return; /* it has gone again, or udev will come to it */
	if (ret) {
		vhu_warn("cannot open %s, the panel's native node: %s; touches may arrive twice on this machine", path,
			strerror(-ret));
		return;
	}
	if (!is_touch_screen(node)) {
		close_node(node);
		return;
	}
	ret = libevdev_grab(node, LIBEVDEV_GRAB);
	if (ret) {
		vhu_warn("cannot grab %s, the panel's native node: %s; touches may arrive twice on this machine", path,
			ret == -EBUSY ? "another program has it" : strerror(-ret));
		close_node(node);
		return;
	}
	vhu_debug("grabbed %s, the panel's native node", path);
	native->nodes[native->num_nodes] = node;
	native->numbers[native->num_nodes++] = number;
}

static bool is_event_node(struct udev_device *device)
{
	const char *name = udev_device_get_sysname(device);

	return name && strncmp(name, "event", strlen("event")) == 0;
}

/*
 * By its place. To ask udev for the parents takes a hundred system calls for each input device of the machine that comes
 * or goes, just when touches are waited for.
 */
static bool is_below(const struct native *native, struct udev_device *device)
{
	const char *path = udev_device_get_syspath(device);
	size_t length = native->sysfs ? strlen(native->sysfs) : 0;

	return length && path && strncmp(path, native->sysfs, length) == 0 && path[length] == '/';
}

static void consider(struct native *native, struct udev_device *device, bool settled)
{
	if (device && is_event_node(device) && is_below(native, device))
		grab(native, device, settled);
}

/* HID's input devices are its children, and their event nodes theirs. */
static int look(struct native *native, bool settled)
{
	struct udev_device *device;
	glob_t found = { 0 };
	char *pattern;
	size_t i;
	int ret;

	if (asprintf(&pattern, "%s/input/input*/event*", native->sysfs) < 0)
		return -ENOMEM;
	ret = glob(pattern, GLOB_NOSORT, NULL, &found);
	for (i = 0; !ret && i < found.gl_pathc; i++) {
		device = udev_device_new_from_syspath(native->udev, found.gl_pathv[i]);
		consider(native, device, settled);
		udev_device_unref(device);
	}
	globfree(&found);
	free(pattern);
	return ret && ret != GLOB_NOMATCH ? -EIO : 0;
}

static int on_monitor(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct native *native = userdata;
	bool settled = source == native->sources[1];
	struct udev_device *device = udev_monitor_receive_device(native->monitors[settled]);
	const char *action = device ? udev_device_get_action(device) : NULL;

	if (!device && native->sysfs)
		look(native, settled); /* so many came at once that some were lost */
	if (action && strcmp(action, "add") == 0)
		consider(native, device, settled);
	udev_device_unref(device);
	return 0;
}

static int watch(struct native *native, sd_event *event, unsigned int index, const char *group)
{
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(native->udev, group);
	int ret;

	native->monitors[index] = monitor;
	if (!monitor)
		return -ENOMEM;
	ret = udev_monitor_filter_add_match_subsystem_devtype(monitor, "input", NULL);
	if (ret >= 0)
		ret = udev_monitor_enable_receiving(monitor);
	if (ret >= 0)
		ret = sd_event_add_io(
			event, &native->sources[index], udev_monitor_get_fd(monitor), EPOLLIN, on_monitor, native);
	return ret < 0 ? ret : 0;
}

int native_new(sd_event *event, struct native **result)
{
	struct native *native = calloc(1, sizeof(*native));
	int ret = -ENOMEM;

	*result = NULL;
	if (!native)
		return ret;
	native->udev = udev_new();
	if (native->udev)
		ret = watch(native, event, 0, "kernel");
	if (!ret)
		ret = watch(native, event, 1, "udev");
	if (ret)
		native_free(native);
	else
		*result = native;
	return ret;
}

void native_free(struct native *native)
{
	unsigned int i;

	if (!native)
		return;
	native_release(native);
	for (i = 0; i < 2; i++) {
		sd_event_source_disable_unref(native->sources[i]);
		udev_monitor_unref(native->monitors[i]);
	}
	udev_unref(native->udev);
	free(native);
}

void native_follow(struct native *native, const char *sysfs, bool settled)
{
	if (!native->sysfs || strcmp(native->sysfs, sysfs) != 0) {
		native_release(native);
		native->sysfs = strdup(sysfs);
	}
	if (!native->sysfs || look(native, settled))
		vhu_warn("cannot search for the panel's native node; touches may arrive twice on this machine");
}

void native_release(struct native *native)
{
	while (native->num_nodes > 0)
		close_node(native->nodes[--native->num_nodes]);
	free(native->sysfs);
	native->sysfs = NULL;
}
