// SPDX-License-Identifier: MIT
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "node.h"

#define WAIT_TRIES 3000
#define WAIT_US	   20000
#define MAX_SLOTS  256
#define NUM_IDS	   65536
#define NO_ID	   (-1)

static int try_open(const char *path, const char *name, const char *phys)
{
	char is_name[128] = "", is_phys[128] = "";
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (ioctl(fd, EVIOCGNAME(sizeof(is_name) - 1), is_name) >= 0 &&
		ioctl(fd, EVIOCGPHYS(sizeof(is_phys) - 1), is_phys) >= 0 && strcmp(is_name, name) == 0 &&
		strncmp(is_phys, phys, strlen(phys)) == 0)
		return fd;
	close(fd);
	return -1;
}

void node_open(struct node *node, const char *name, const char *phys)
{
	unsigned int i;
	size_t j;

	*node = (struct node) { .fd = -1, .events = calloc(NODE_MAX_EVENTS, sizeof(*node->events)) };
	if (!node->events)
		err(2, "no memory");
	for (i = 0; i < WAIT_TRIES && node->fd < 0; i++) {
		glob_t found = { 0 };

		if (i > 0)
			usleep(WAIT_US);
		if (glob("/dev/input/event*", 0, NULL, &found) == 0)
			for (j = 0; j < found.gl_pathc && node->fd < 0; j++) {
				node->fd = try_open(found.gl_pathv[j], name, phys);
				snprintf(node->path, sizeof(node->path), "%s", found.gl_pathv[j]);
			}
		globfree(&found);
	}
	if (node->fd < 0)
		errx(2, "there is no event node \"%s\" at %s", name, phys);
}

void node_close(struct node *node)
{
	close(node->fd);
	free(node->events);
}

static void take(struct node *node, const struct input_event *event)
{
	if (event->type == EV_SYN && event->code == SYN_DROPPED)
		node->overrun = true;
	if (event->type == EV_MSC && event->code == MSC_TIMESTAMP)
		return;
	if (event->type == EV_SYN && node->count == node->end_of_last)
		return;
	if (node->count == NODE_MAX_EVENTS)
		errx(2, "too many events");
	node->events[node->count++] = *event;
	if (event->type == EV_SYN) {
		node->end_of_last = node->count;
		node->frames++;
	}
}

void node_read(struct node *node)
{
	struct input_event events[64];
	ssize_t got, i;

	for (;;) {
		got = read(node->fd, events, sizeof(events));
		if (got < 0 && errno == EAGAIN)
			return;
		if (got < 0)
			err(2, "cannot read %s", node->path);
		for (i = 0; i < got / (ssize_t)sizeof(events[0]); i++)
			take(node, &events[i]);
	}
}

bool node_wait(const struct node *node, int timeout_ms)
{
	struct pollfd pollfd = { .fd = node->fd, .events = POLLIN };

	return poll(&pollfd, 1, timeout_ms) > 0;
}

unsigned int node_fingers(const struct node *node)
{
	struct {
		uint32_t code;
		int32_t ids[MAX_SLOTS];
	} slots = { .code = ABS_MT_TRACKING_ID };
	struct input_absinfo info;
	unsigned int fingers = 0;
	int i;

	if (ioctl(node->fd, EVIOCGABS(ABS_MT_SLOT), &info) < 0 ||
		ioctl(node->fd, EVIOCGMTSLOTS(sizeof(slots)), &slots) < 0)
		err(2, "cannot ask %s for its slots", node->path);
	for (i = 0; i <= info.maximum && i < MAX_SLOTS; i++)
		fingers += slots.ids[i] >= 0;
	return fingers;
}

static unsigned int compare_bits(
	const struct node *native, const struct node *ours, unsigned int type, unsigned int max)
{
	uint8_t a[KEY_CNT / 8 + 1] = { 0 }, b[KEY_CNT / 8 + 1] = { 0 };
	unsigned int code, differences = 0;
	bool properties = type == EV_CNT;

	if (properties) {
		ioctl(native->fd, EVIOCGPROP(sizeof(a)), a);
		ioctl(ours->fd, EVIOCGPROP(sizeof(b)), b);
	} else {
		ioctl(native->fd, EVIOCGBIT(type, sizeof(a)), a);
		ioctl(ours->fd, EVIOCGBIT(type, sizeof(b)), b);
	}
	for (code = 0; code < max; code++) {
		bool in_a = a[code / 8] >> code % 8 & 1, in_b = b[code / 8] >> code % 8 & 1;

		if (in_a == in_b || (type == 0 && code == EV_MSC))
			continue;
		printf("# %s %u: %s has it, the other has not\n", properties ? "property" : "code", code,
			in_a ? "hid-multitouch" : "the daemon");
		differences++;
	}
	return differences;
}

static unsigned int compare_axis(const struct node *native, const struct node *ours, unsigned int code)
{
	struct input_absinfo a = { 0 }, b = { 0 };

	ioctl(native->fd, EVIOCGABS(code), &a);
	ioctl(ours->fd, EVIOCGABS(code), &b);
	if (a.minimum == b.minimum && a.maximum == b.maximum && a.fuzz == b.fuzz && a.flat == b.flat &&
		a.resolution == b.resolution)
		return 0;
	printf("# axis 0x%x: native %d to %d, fuzz %d, flat %d, resolution %d; ours %d to %d, %d, %d, %d\n", code,
		a.minimum, a.maximum, a.fuzz, a.flat, a.resolution, b.minimum, b.maximum, b.fuzz, b.flat, b.resolution);
	return 1;
}

unsigned int node_compare_axes(const struct node *native, const struct node *ours)
{
	unsigned int code, differences;

	differences = compare_bits(native, ours, 0, EV_CNT) + compare_bits(native, ours, EV_KEY, KEY_CNT) +
		compare_bits(native, ours, EV_ABS, ABS_CNT) + compare_bits(native, ours, EV_CNT, INPUT_PROP_CNT);
	for (code = 0; code < ABS_CNT; code++)
		differences += compare_axis(native, ours, code);
	return differences;
}

/* Tracking ids of the native node and ours, each the other's partner. */
struct pairs {
	int32_t ours[NUM_IDS];
	int32_t native[NUM_IDS];
};

static bool same_finger(struct pairs *pairs, int32_t native, int32_t ours)
{
	if (native < 0 || ours < 0)
		return native == ours;
	if (native >= NUM_IDS || ours >= NUM_IDS)
		return false;
	if (pairs->ours[native] == NO_ID && pairs->native[ours] == NO_ID) {
		pairs->ours[native] = ours;
		pairs->native[ours] = native;
	}
	return pairs->ours[native] == ours && pairs->native[ours] == native;
}

static bool same_event(struct pairs *pairs, const struct input_event *native, const struct input_event *ours)
{
	if (native->type != ours->type || native->code != ours->code)
		return false;
	if (native->type == EV_ABS && native->code == ABS_MT_TRACKING_ID)
		return same_finger(pairs, native->value, ours->value);
	return native->value == ours->value;
}

static void print_events(const char *who, const struct node *node, unsigned int around, unsigned int frames)
{
	unsigned int first = around, last = around, back = 0;

	while (first > 0 && (back += node->events[first - 1].type == EV_SYN) <= frames)
		first--;
	while (last < node->count && node->events[last].type != EV_SYN)
		last++;
	for (; first <= last && first < node->count; first++)
		printf("# %s%s %u %u 0x%02x %d\n", who, first == around ? " >" : "  ", first, node->events[first].type,
			node->events[first].code, node->events[first].value);
}

bool node_compare(const struct node *native, const struct node *ours, unsigned int context)
{
	struct pairs *pairs = malloc(sizeof(*pairs));
	unsigned int i;

	if (!pairs)
		err(2, "no memory");
	for (i = 0; i < NUM_IDS; i++)
		pairs->ours[i] = pairs->native[i] = NO_ID;
	for (i = 0; i < native->end_of_last && i < ours->end_of_last; i++)
		if (!same_event(pairs, &native->events[i], &ours->events[i]))
			break;
	free(pairs);
	if (i == native->end_of_last && i == ours->end_of_last)
		return true;
	print_events("native", native, i, context);
	print_events("ours  ", ours, i, context);
	return false;
}
