// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hidraw.h"

static int __attribute__((format(printf, 3, 4))) fail(struct hid_error *error, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	return code;
}

int hidraw_understand(
	const char *name, const uint8_t *descriptor, size_t size, struct hid_touch **touch, struct hid_error *error)
{
	struct hid_error why = { 0 };
	struct hid_table *table;
	int ret;

	*touch = NULL;
	ret = hid_parse(descriptor, size, &table, &why);
	if (ret)
		return fail(error, ret, "%s: the report descriptor is broken: %s", name, why.text);
	ret = hid_touch_new(table, touch, &why);
	if (ret == -ENODEV)
		return fail(error, ret, "%s is not a touch screen: %s; choose another device", name, why.text);
	if (ret)
		return fail(error, ret, "%s cannot be used as a touch screen: %s", name, why.text);
	return 0;
}

static int open_node(const char *path, int *result, struct hid_error *error)
{
	struct stat st;
	int fd, code;

	/* A node that may only be read does: writing is for feature reports, a help but no need. */
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		code = -errno;
		if (code == -EACCES || code == -EPERM)
			return fail(error, code,
				"no permission to open %s; run as root, or let a udev rule give "
				"the node to this user",
				path);
		/* -ENODEV is kept for devices that are no touch screens. */
		return fail(error, code == -ENODEV ? -ENXIO : code, "cannot open %s: %s; is the panel plugged in?",
			path, strerror(-code));
	}
	if (fstat(fd, &st) || !S_ISCHR(st.st_mode)) {
		close(fd);
		return fail(error, -ENOTTY, "%s is not a hidraw node; name one as /dev/hidraw0", path);
	}
	*result = fd;
	return 0;
}

static int read_identity(const char *path, int fd, struct input_identity *identity, struct hid_error *error)
{
	struct hidraw_devinfo device;

	if (ioctl(fd, HIDIOCGRAWINFO, &device)) {
		if (errno == ENODEV)
			return fail(error, -ENXIO, "%s has gone while it was being opened", path);
		return fail(error, -ENOTTY, "%s is not a hidraw node; name one as /dev/hidraw0", path);
	}
	identity->bus = (uint16_t)device.bustype;
	identity->vendor = (uint16_t)device.vendor;
	identity->product = (uint16_t)device.product;
	/* A device without a name or serial number is as good: the strings stay empty. */
	if (ioctl(fd, HIDIOCGRAWNAME(sizeof(identity->name) - 1), identity->name) < 0)
		identity->name[0] = '\0';
	if (ioctl(fd, HIDIOCGRAWUNIQ(sizeof(identity->serial) - 1), identity->serial) < 0)
		identity->serial[0] = '\0';
	return 0;
}

static int read_descriptor(const char *path, int fd, struct hid_touch **touch, struct hid_error *error)
{
	struct hidraw_report_descriptor descriptor = { 0 };
	int size = -1;

	if (ioctl(fd, HIDIOCGRDESCSIZE, &size) && errno == ENODEV)
		return fail(error, -ENXIO, "%s has gone while it was being opened", path);
	if (size < 0 || size > HID_MAX_DESCRIPTOR)
		return fail(error, -EINVAL, "%s: the kernel has no report descriptor", path);
	descriptor.size = (uint32_t)size;
	if (ioctl(fd, HIDIOCGRDESC, &descriptor))
		return fail(error, errno == ENODEV ? -ENXIO : -errno, "%s: cannot read the report descriptor: %s", path,
			strerror(errno));
	return hidraw_understand(path, descriptor.value, (size_t)size, touch, error);
}

/* A panel that does not answer keeps what its descriptor says. Returns whether it is worth asking for more. */
static bool ask_maximum(int fd, struct hid_touch *touch)
{
	uint8_t report[64] = { 0 };
	uint8_t id;
	size_t size;
	int got;

	if (hid_touch_maximum_report(touch, &id, &size) || size + 1 > sizeof(report))
		return true;
	report[0] = id;
	got = ioctl(fd, HIDIOCGFEATURE(size + 1), report);
	if (got > 1)
		hid_touch_set_maximum(touch, report + 1, (size_t)got - 1);
	return got >= 0 || errno != ETIMEDOUT;
}

int hidraw_open(const char *path, int *result, struct source_info *info, struct hid_error *error)
{
	int fd = -1, ret;

	ret = open_node(path, &fd, error);
	if (ret)
		return ret;
	memset(info, 0, sizeof(*info));
	snprintf(info->node, sizeof(info->node), "%s", path);
	ret = read_identity(path, fd, &info->identity, error);
	if (!ret)
		ret = read_descriptor(path, fd, &info->touch, error);
	if (ret) {
		close(fd);
		return ret;
	}
	if (ask_maximum(fd, info->touch) && info->identity.vendor == HTT_VENDOR)
		sensitivity_read(fd, &info->sensitivity);
	*result = fd;
	return 0;
}
