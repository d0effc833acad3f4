// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evdev.h"

#define INPUT_DIR    "/dev/input"
#define FIND_STEP_MS 100

struct evdev {
	int fd;
	struct libevdev *device;
	bool dropped; /* the kernel's buffer has overflown since the last frame */
};

int evdev_open(struct evdev **result, const char *path, struct fault *fault)
{
	struct evdev *evdev;
	int ret;

	evdev = calloc(1, sizeof(*evdev));
	if (!evdev)
		return fault_set(fault, -ENOMEM, "out of memory");
	evdev->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ret = evdev->fd < 0 ? -errno : libevdev_new_from_fd(evdev->fd, &evdev->device);
	if (ret < 0) {
		evdev_close(evdev);
		return fault_set(fault, ret, "cannot read the input device %s: %s", path, strerror(-ret));
	}
	*result = evdev;
	return 0;
}

void evdev_close(struct evdev *evdev)
{
	if (!evdev)
		return;
	libevdev_free(evdev->device);
	if (evdev->fd >= 0)
		close(evdev->fd);
	free(evdev);
}

static bool matches(const struct evdev *evdev, const struct evdev_match *match)
{
	const char *name = libevdev_get_name(evdev->device);
	const char *phys = libevdev_get_phys(evdev->device);

	if (libevdev_get_num_slots(evdev->device) < 1)
		return false;
	if (match->name && (!name || strcmp(name, match->name) != 0))
		return false;
	return !match->phys || (phys && strncmp(phys, match->phys, strlen(match->phys)) == 0);
}

static bool find_once(const struct evdev_match *match, char *path, size_t size)
{
	DIR *dir = opendir(INPUT_DIR);
	struct dirent *entry;
	struct fault ignored;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		struct evdev *evdev;

		if (strncmp(entry->d_name, "event", 5) != 0)
			continue;
		snprintf(path, size, INPUT_DIR "/%.40s", entry->d_name);
		if (evdev_open(&evdev, path, &ignored))
			continue;
		found = matches(evdev, match);
		evdev_close(evdev);
	}
	closedir(dir);
	return found;
}

int evdev_find(const struct evdev_match *match, unsigned int timeout_ms, char *path, size_t size, struct fault *fault)
{
	unsigned int waited = 0;

	while (!find_once(match, path, size)) {
		if (waited >= timeout_ms)
			return fault_set(fault, -ENOENT, "no touch screen%s%s%s%s among the nodes of " INPUT_DIR,
				match->name ? " named " : "", match->name ? match->name : "", match->phys ? " at " : "",
				match->phys ? match->phys : "");
		poll(NULL, 0, FIND_STEP_MS);
		waited += FIND_STEP_MS;
	}
	return 0;
}

static void describe_axis(const struct evdev *evdev, unsigned int code, FILE *out)
{
	const struct input_absinfo *info = libevdev_get_abs_info(evdev->device, code);

	if (info)
		fprintf(out, "abs %s min %d max %d fuzz %d flat %d resolution %d\n",
			libevdev_event_code_get_name(EV_ABS, code), info->minimum, info->maximum, info->fuzz,
			info->flat, info->resolution);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

void evdev_describe(const struct evdev *evdev, FILE *out)
{
	const struct libevdev *device = evdev->device;
	unsigned int code;

	fprintf(out, "name %s\n", or_empty(libevdev_get_name(device)));
	fprintf(out, "phys %s\n", or_empty(libevdev_get_phys(device)));
	fprintf(out, "uniq %s\n", or_empty(libevdev_get_uniq(device)));
	fprintf(out, "id bus %04x vendor %04x product %04x version %04x\n", libevdev_get_id_bustype(device),
		libevdev_get_id_vendor(device), libevdev_get_id_product(device), libevdev_get_id_version(device));
	for (code = 0; code <= INPUT_PROP_MAX; code++)
		if (libevdev_has_property(device, code))
			fprintf(out, "property %s\n", or_empty(libevdev_property_get_name(code)));
	for (code = 0; code <= KEY_MAX; code++)
		if (libevdev_has_event_code(device, EV_KEY, code))
			fprintf(out, "key %s\n", or_empty(libevdev_event_code_get_name(EV_KEY, code)));
	for (code = 0; code <= ABS_MAX; code++)
		describe_axis(evdev, code, out);
	fprintf(out, "slots %d\n", libevdev_get_num_slots(device));
}

static void take_frame(const struct evdev *evdev, struct frame *frame)
{
	int slots = libevdev_get_num_slots(evdev->device);
	int slot;

	memset(frame, 0, sizeof(*frame));
	for (slot = 0; slot < slots && frame->count < PANEL_MAX_CONTACTS; slot++) {
		struct contact *contact = &frame->contacts[frame->count];

		if (libevdev_get_slot_value(evdev->device, slot, ABS_MT_TRACKING_ID) < 0)
			continue;
		contact->id = (uint8_t)slot;
		contact->tip = true;
		contact->x = (uint16_t)libevdev_get_slot_value(evdev->device, slot, ABS_MT_POSITION_X);
		contact->y = (uint16_t)libevdev_get_slot_value(evdev->device, slot, ABS_MT_POSITION_Y);
		frame->count++;
	}
}

int evdev_next_frame(struct evdev *evdev, int timeout_ms, struct frame *frame, uint64_t *time_us)
{
	unsigned int flag = evdev->dropped ? LIBEVDEV_READ_FLAG_SYNC : LIBEVDEV_READ_FLAG_NORMAL;
	struct pollfd wait = { .fd = evdev->fd, .events = POLLIN };
	struct input_event event;
	int ret;

	for (;;) {
		ret = libevdev_next_event(evdev->device, flag, &event);
		if (ret == LIBEVDEV_READ_STATUS_SYNC && flag == LIBEVDEV_READ_FLAG_NORMAL) {
			evdev->dropped = true;
			flag = LIBEVDEV_READ_FLAG_SYNC;
			continue;
		}
		if (ret == -EAGAIN && flag == LIBEVDEV_READ_FLAG_SYNC) {
			/* The gap is closed: what is known now is the truth. */
			evdev->dropped = false;
			take_frame(evdev, frame);
			*time_us = (uint64_t)event.input_event_sec * 1000000 + (uint64_t)event.input_event_usec;
			return -EOVERFLOW;
		}
		if (ret == -EAGAIN) {
			ret = poll(&wait, 1, timeout_ms);
			if (ret <= 0)
				return ret < 0 && errno != EINTR ? -errno : 0;
			continue;
		}
		if (ret < 0)
			return ret;
		if (flag == LIBEVDEV_READ_FLAG_NORMAL && event.type == EV_SYN && event.code == SYN_REPORT) {
			take_frame(evdev, frame);
			*time_us = (uint64_t)event.input_event_sec * 1000000 + (uint64_t)event.input_event_usec;
			return 1;
		}
	}
}
