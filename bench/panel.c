// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/panel.h"

#define REPORT_TOUCH	 1
#define REPORT_MAX_COUNT 2
#define MAX_CONTACTS	 10

/* A touch screen with one finger a report; an item a line is how one reads a descriptor. */
/* clang-format off */
static const uint8_t descriptor[] = {
	0x05, 0x0d, 0x09, 0x04, 0xa1, 0x01,	/* Digitizers, Touch Screen */
	0x85, REPORT_TOUCH,
	0x09, 0x22, 0xa1, 0x02,			/* Finger */
	0x09, 0x42, 0x15, 0x00, 0x25, 0x01,	/*  Tip Switch, one bit */
	0x75, 0x01, 0x95, 0x01, 0x81, 0x02,
	0x95, 0x07, 0x81, 0x03,			/*  seven bits of nothing */
	0x09, 0x51, 0x25, 0x0a,			/*  Contact Identifier, one byte */
	0x75, 0x08, 0x95, 0x01, 0x81, 0x02,
	0x05, 0x01, 0x26, 0xff, 0x0f,		/*  X and Y, 0 to 4095, two bytes */
	0x75, 0x10, 0x09, 0x30, 0x81, 0x02,
	0x09, 0x31, 0x81, 0x02,
	0xc0,
	0x05, 0x0d, 0x09, 0x54, 0x25, 0x0a,	/* Contact Count, one byte */
	0x75, 0x08, 0x81, 0x02,
	0x85, REPORT_MAX_COUNT,
	0x09, 0x55, 0x25, 0x0a, 0xb1, 0x02,	/* Contact Count Maximum */
	0xc0,
};
/* clang-format on */

int panel_create(const char *serial)
{
	struct uhid_event event = { .type = UHID_CREATE2 };
	struct uhid_create2_req *req = &event.u.create2;
	int fd, err;

	fd = open("/dev/uhid", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf((char *)req->name, sizeof(req->name), "Latency Panel");
	snprintf((char *)req->uniq, sizeof(req->uniq), "%s", serial);
	req->bus = BUS_USB;
	req->vendor = 0x1b3d;
	req->product = 0x14c9;
	req->rd_size = sizeof(descriptor);
	memcpy(req->rd_data, descriptor, sizeof(descriptor));
	if (write(fd, &event, sizeof(event)) == sizeof(event))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int panel_touch(int fd, uint16_t x, bool down)
{
	struct uhid_event event = { .type = UHID_INPUT2 };
	const uint8_t report[] = { REPORT_TOUCH, down, 0, (uint8_t)x, (uint8_t)(x >> 8), 0x00, 0x08, 1 };

	event.u.input2.size = sizeof(report);
	memcpy(event.u.input2.data, report, sizeof(report));
	return write(fd, &event, sizeof(event)) < 0 ? -errno : 0;
}

static void answer_get(int fd, const struct uhid_get_report_req *req)
{
	struct uhid_event event = { .type = UHID_GET_REPORT_REPLY };
	struct uhid_get_report_reply_req *reply = &event.u.get_report_reply;

	reply->id = req->id;
	reply->err = req->rnum == REPORT_MAX_COUNT ? 0 : EIO;
	reply->size = 2;
	reply->data[0] = REPORT_MAX_COUNT;
	reply->data[1] = MAX_CONTACTS;
	if (write(fd, &event, sizeof(event)) < 0)
		perror("uhid");
}

static void answer_set(int fd, const struct uhid_set_report_req *req)
{
	struct uhid_event event = { .type = UHID_SET_REPORT_REPLY };

	event.u.set_report_reply.id = req->id;
	if (write(fd, &event, sizeof(event)) < 0)
		perror("uhid");
}

void panel_serve(int fd)
{
	struct uhid_event event;

	if (read(fd, &event, sizeof(event)) <= 0)
		return;
	if (event.type == UHID_GET_REPORT)
		answer_get(fd, &event.u.get_report);
	else if (event.type == UHID_SET_REPORT)
		answer_set(fd, &event.u.set_report);
}

static bool is_node(int fd, const char *serial, bool virtio)
{
	char uniq[64] = "", phys[64] = "";

	ioctl(fd, EVIOCGUNIQ(sizeof(uniq) - 1), uniq);
	ioctl(fd, EVIOCGPHYS(sizeof(phys) - 1), phys);
	return !strcmp(uniq, serial) && !strncmp(phys, "virtio", 6) == virtio;
}

int panel_open_node(const char *serial, bool virtio)
{
	DIR *dir = opendir("/dev/input");
	struct dirent *entry;
	char path[300];
	int fd = -ENODEV;

	while (fd < 0 && dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "event", 5) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/input/%s", entry->d_name);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && is_node(fd, serial, virtio))
			break;
		if (fd >= 0)
			close(fd);
		fd = -ENODEV;
	}
	if (dir)
		closedir(dir);
	return fd;
}
