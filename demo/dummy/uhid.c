// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/uhid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uhid.h"

#define UHID_PATH    "/dev/uhid"
#define HIDRAW_CLASS "/sys/class/hidraw"

/* The drivers probe in a kernel worker; under emulation that takes its time. */
#define PROBE_POLL_US 20000
#define PROBE_TRIES   750

struct uhid_device {
	int fd;
	sd_event_source *source;
	sd_event_source *probe;
	unsigned int tries;
	bool plugged;
	struct uhid_event create;
	char phys[64];
	const struct uhid_ops *ops;
	void *data;
};

/* Only the part of the event that its type uses is written: an input report is small. */
static int write_event(struct uhid_device *device, const struct uhid_event *event, size_t size)
{
	ssize_t written = write(device->fd, event, size);

	if (written < 0)
		return -errno;
	return (size_t)written == size ? 0 : -EIO;
}

static bool hidraw_is_ours(const struct uhid_device *device, const char *name)
{
	char path[300], line[300];
	bool ours = false;
	FILE *file;

	snprintf(path, sizeof(path), HIDRAW_CLASS "/%s/device/uevent", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!ours && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		ours = strncmp(line, "HID_PHYS=", 9) == 0 && strcmp(line + 9, device->phys) == 0;
	}
	fclose(file);
	return ours;
}

/* The device node of our hidraw device; false while there is none. */
static bool find_hidraw(const struct uhid_device *device, char *node, size_t size)
{
	DIR *dir = opendir(HIDRAW_CLASS);
	bool found = false;
	struct dirent *entry;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !hidraw_is_ours(device, entry->d_name))
			continue;
		snprintf(node, size, "/dev/%.40s", entry->d_name);
		found = access(node, F_OK) == 0;
	}
	closedir(dir);
	return found;
}

static int on_probe(sd_event_source *source, uint64_t now, void *data)
{
	struct uhid_device *device = data;
	char node[64];

	if (!device->plugged)
		return 0;
	if (find_hidraw(device, node, sizeof(node))) {
		device->ops->ready(device->data, node);
		return 0;
	}
	if (++device->tries > PROBE_TRIES) {
		device->ops->failed(device->data, -ETIMEDOUT,
			"the kernel made no hidraw node: CONFIG_HIDRAW is needed, and a valid report descriptor");
		return 0;
	}
	/* Not after @now, which is when this was due: the tries would not last as long as they should. */
	sd_event_source_set_time_relative(source, PROBE_POLL_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int answer_get(struct uhid_device *device, const struct uhid_get_report_req *request)
{
	struct uhid_event event = { .type = UHID_GET_REPORT_REPLY };
	struct uhid_get_report_reply_req *reply = &event.u.get_report_reply;
	int length = -EOPNOTSUPP;

	reply->id = request->id;
	if (request->rtype == UHID_FEATURE_REPORT)
		length = device->ops->get_feature(device->data, request->rnum, reply->data, sizeof(reply->data));
	reply->err = length < 0 ? EIO : 0;
	reply->size = length < 0 ? 0 : (uint16_t)length;
	return write_event(device, &event, sizeof(event));
}

static int answer_set(struct uhid_device *device, const struct uhid_set_report_req *request)
{
	struct uhid_event event = { .type = UHID_SET_REPORT_REPLY };
	int ret = -EOPNOTSUPP;

	if (request->rtype == UHID_FEATURE_REPORT && request->size <= sizeof(request->data))
		ret = device->ops->set_feature(device->data, request->data, request->size);
	event.u.set_report_reply.id = request->id;
	event.u.set_report_reply.err = ret < 0 ? EIO : 0;
	return write_event(device, &event, sizeof(event));
}

static int on_event(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct uhid_device *device = data;
	struct uhid_event event;
	ssize_t got;
	int ret = 0;

	memset(&event, 0, sizeof(event));
	got = read(fd, &event, sizeof(event));
	if (got < 0)
		ret = errno == EAGAIN || errno == EINTR ? 0 : -errno;
	else if (event.type == UHID_GET_REPORT)
		ret = answer_get(device, &event.u.get_report);
	else if (event.type == UHID_SET_REPORT)
		ret = answer_set(device, &event.u.set_report);
	/* A reply that comes too late, or after an unplug, is the asker's loss only. */
	if (ret && ret != -EINVAL && ret != -EOPNOTSUPP)
		device->ops->failed(device->data, ret, "the uhid device broke");
	return 0;
}

static void fill_create(struct uhid_event *event, const struct uhid_identity *identity)
{
	struct uhid_create2_req *create = &event->u.create2;

	memset(event, 0, sizeof(*event));
	event->type = UHID_CREATE2;
	snprintf((char *)create->name, sizeof(create->name), "%s", identity->name);
	snprintf((char *)create->phys, sizeof(create->phys), "%s", identity->phys);
	snprintf((char *)create->uniq, sizeof(create->uniq), "%s", identity->serial);
	create->bus = identity->bus;
	create->vendor = identity->vendor;
	create->product = identity->product;
	create->rd_size = (uint16_t)identity->descriptor_size;
	memcpy(create->rd_data, identity->descriptor, identity->descriptor_size);
}

static int open_uhid(struct uhid_device *device, sd_event *event, struct fault *fault)
{
	int ret;

	device->fd = open(UHID_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (device->fd < 0) {
		ret = -errno;
		return fault_set(fault, ret,
			"cannot open " UHID_PATH
			": %s; run as root on a kernel with CONFIG_UHID, after 'modprobe uhid'",
			strerror(-ret));
	}
	ret = sd_event_add_io(event, &device->source, device->fd, EPOLLIN, on_event, device);
	if (ret < 0)
		return fault_set(fault, ret, "cannot watch " UHID_PATH ": %s", strerror(-ret));
	ret = sd_event_add_time(event, &device->probe, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_probe, device);
	if (ret < 0)
		return fault_set(fault, ret, "cannot make a timer: %s", strerror(-ret));
	return 0;
}

int uhid_device_new(struct uhid_device **result, sd_event *event, const struct uhid_identity *identity,
	const struct uhid_ops *ops, void *data, struct fault *fault)
{
	struct uhid_device *device;
	int ret;

	if (identity->descriptor_size > HID_MAX_DESCRIPTOR_SIZE)
		return fault_set(
			fault, -EINVAL, "the report descriptor is longer than %d bytes", HID_MAX_DESCRIPTOR_SIZE);
	device = calloc(1, sizeof(*device));
	if (!device)
		return fault_set(fault, -ENOMEM, "out of memory");
	device->fd = -1;
	device->ops = ops;
	device->data = data;
	snprintf(device->phys, sizeof(device->phys), "%s", identity->phys);
	fill_create(&device->create, identity);
	ret = open_uhid(device, event, fault);
	if (ret < 0) {
		uhid_device_free(device);
		return ret;
	}
	*result = device;
	return 0;
}

void uhid_device_free(struct uhid_device *device)
{
	if (!device)
		return;
	uhid_device_unplug(device);
	sd_event_source_disable_unref(device->probe);
	sd_event_source_disable_unref(device->source);
	if (device->fd >= 0)
		close(device->fd);
	free(device);
}

int uhid_device_plug(struct uhid_device *device)
{
	int ret;

	if (device->plugged)
		return 0;
	ret = write_event(device, &device->create, sizeof(device->create));
	if (ret)
		return ret;
	device->plugged = true;
	device->tries = 0;
	sd_event_source_set_time(device->probe, 0);
	ret = sd_event_source_set_enabled(device->probe, SD_EVENT_ONESHOT);
	return ret < 0 ? ret : 0;
}

void uhid_device_unplug(struct uhid_device *device)
{
	struct uhid_event event = { .type = UHID_DESTROY };

	if (!device->plugged)
		return;
	device->plugged = false;
	sd_event_source_set_enabled(device->probe, SD_EVENT_OFF);
	write_event(device, &event, sizeof(event));
}

int uhid_device_send(struct uhid_device *device, const uint8_t *report, size_t size)
{
	struct uhid_event event;

	if (!device->plugged)
		return -ENODEV;
	if (size > sizeof(event.u.input2.data))
		return -EMSGSIZE;
	event.type = UHID_INPUT2;
	event.u.input2.size = (uint16_t)size;
	memcpy(event.u.input2.data, report, size);
	return write_event(device, &event, offsetof(struct uhid_event, u.input2.data) + size);
}
