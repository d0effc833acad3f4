// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "panel.h"

#define WAIT_TRIES 3000
#define WAIT_US	   20000

/* @thread answers: the kernel waits for that while somebody else has to wait for the kernel. */
struct panel {
	const struct family *family;
	int fd;
	char name[64];
	pthread_t thread;
};

static void put_event(struct panel *panel, const struct uhid_event *event, size_t size)
{
	if (write(panel->fd, event, size) != (ssize_t)size)
		err(2, "cannot write to /dev/uhid");
}

static void answer_get(struct panel *panel, const struct uhid_get_report_req *request)
{
	struct uhid_event event = { .type = UHID_GET_REPORT_REPLY };
	struct uhid_get_report_reply_req *reply = &event.u.get_report_reply;
	bool asked = request->rtype == UHID_FEATURE_REPORT && request->rnum == family_feature_id(panel->family) &&
		panel->family->maximum;
	uint16_t size = 0;

	reply->id = request->id;
	reply->err = asked ? 0 : EIO;
	if (request->rnum)
		reply->data[size++] = request->rnum;
	reply->data[size++] = (uint8_t)panel->family->maximum;
	reply->size = asked ? size : 0;
	/* too late an answer is the asker's loss only */
	if (write(panel->fd, &event, sizeof(event)) < 0 && errno != EINVAL)
		warn("cannot answer the kernel");
}

static void *serve(void *data)
{
	struct panel *panel = data;
	struct uhid_event event, reply = { .type = UHID_SET_REPORT_REPLY };

	while (read(panel->fd, &event, sizeof(event)) > 0) {
		if (event.type == UHID_STOP)
			break;
		if (event.type == UHID_GET_REPORT)
			answer_get(panel, &event.u.get_report);
		if (event.type == UHID_SET_REPORT) {
			reply.u.set_report_reply.id = event.u.set_report.id;
			if (write(panel->fd, &reply, sizeof(reply)) < 0 && errno != EINVAL)
				warn("cannot answer the kernel");
		}
	}
	return NULL;
}

struct panel *panel_plug(const struct family *family, const char *name)
{
	struct uhid_event event = { .type = UHID_CREATE2 };
	struct uhid_create2_req *create = &event.u.create2;
	struct panel *panel = calloc(1, sizeof(*panel));
	struct builder b = { 0 };

	if (!panel)
		err(2, "no memory");
	panel->family = family;
	panel->fd = open("/dev/uhid", O_RDWR | O_CLOEXEC);
	if (panel->fd < 0)
		err(2, "cannot open /dev/uhid");
	snprintf(panel->name, sizeof(panel->name), "%s", name);
	family_descriptor(family, &b);
	snprintf((char *)create->name, sizeof(create->name), "%s", name);
	snprintf((char *)create->phys, sizeof(create->phys), "%s", name);
	create->bus = BUS_USB;
	create->vendor = 0x1b3d; /* of no driver's list of exceptions */
	create->product = 0xfffe;
	create->rd_size = (uint16_t)b.size;
	memcpy(create->rd_data, b.bytes, b.size);
	put_event(panel, &event, sizeof(event));
	if (pthread_create(&panel->thread, NULL, serve, panel))
		errx(2, "no thread");
	return panel;
}

void panel_unplug(struct panel *panel)
{
	struct uhid_event event = { .type = UHID_DESTROY };

	put_event(panel, &event, sizeof(event));
	pthread_join(panel->thread, NULL);
	close(panel->fd);
	free(panel);
}

static bool is_ours(const struct panel *panel, const char *entry)
{
	char path[300], line[300], wanted[100];
	bool ours = false;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/hidraw/%s/device/uevent", entry);
	snprintf(wanted, sizeof(wanted), "HID_PHYS=%s\n", panel->name);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!ours && fgets(line, sizeof(line), file))
		ours = strcmp(line, wanted) == 0;
	fclose(file);
	return ours;
}

static bool find_hidraw(const struct panel *panel, char *node, size_t size)
{
	DIR *dir = opendir("/sys/class/hidraw");
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && is_ours(panel, entry->d_name)) {
			snprintf(node, size, "/dev/%.60s", entry->d_name);
			found = access(node, R_OK) == 0;
		}
	closedir(dir);
	return found;
}

void panel_hidraw(struct panel *panel, char *node, size_t size)
{
	unsigned int i;

	for (i = 0; i < WAIT_TRIES; i++) {
		if (find_hidraw(panel, node, size))
			return;
		usleep(WAIT_US);
	}
	errx(2, "the kernel made no hidraw node");
}

void panel_send(struct panel *panel, const uint8_t *report, size_t size)
{
	struct uhid_event event = { .type = UHID_INPUT2 };

	event.u.input2.size = (uint16_t)size;
	memcpy(event.u.input2.data, report, size);
	put_event(panel, &event, offsetof(struct uhid_event, u.input2.data) + size);
}
