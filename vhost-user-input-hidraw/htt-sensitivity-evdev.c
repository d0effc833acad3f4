// SPDX-License-Identifier: MIT
/*
 * A panel by the virtio input device that stands for it. Its ABS_MISC axis is the
 * level; MSC_RAW asks for another one (ARCHITECTURE.md, "Sensitivity from a guest").
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "htt-sensitivity.h"

/* A node that another program has grabbed tells nothing of itself, so its state is asked for so often. */
#define LOOK_AGAIN_MS 200

struct evdev {
	int fd;
};

static int evdev_fd(const struct htt_panel *panel)
{
	const struct evdev *evdev = panel->handle;

	return evdev->fd;
}

static int evdev_open(struct htt_panel *panel, struct htt_error *error)
{
	struct evdev *evdev = malloc(sizeof(*evdev));
	int code;

	if (!evdev)
		return htt_fail(error, -ENOMEM, "out of memory");
	evdev->fd = open(panel->node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	code = errno;
	if (evdev->fd >= 0) {
		panel->handle = evdev;
		return 0;
	}
	free(evdev);
	if (code == EACCES || code == EPERM)
		return htt_fail(
			error, -EACCES, "no permission to open %s; run as root, or join group input", panel->node);
	if (code == ENOENT || code == ENODEV || code == ENXIO)
		return htt_fail(error, -ENODEV, "%s has just vanished; look again", panel->node);
	return htt_fail(error, -code, "cannot open %s: %s", panel->node, strerror(code));
}

static void evdev_close(struct htt_panel *panel)
{
	if (!panel->handle)
		return;
	close(evdev_fd(panel));
	free(panel->handle);
	panel->handle = NULL;
}

static int read_axis(struct htt_panel *panel, struct input_absinfo *axis, struct htt_error *error)
{
	if (ioctl(evdev_fd(panel), EVIOCGABS(ABS_MISC), axis))
		return htt_fail(error, -errno, "%s does not tell its sensitivity: %s", panel->node, strerror(errno));
	if (axis->minimum != 0 || axis->maximum < 0 || axis->maximum >= HTT_NUM_LEVELS || axis->value < 0 ||
		axis->value > axis->maximum)
		return htt_fail(error, -ERANGE,
			"%s: its sensitivity of %d in %d to %d makes no sense; update the daemon", panel->node,
			axis->value, axis->minimum, axis->maximum);
	return 0;
}

static int evdev_state(struct htt_panel *panel, struct htt_state *state, struct htt_error *error)
{
	struct input_absinfo axis;
	int ret;

	*state = (struct htt_state) { -1, 0, -1, -1, -1, -1 };
	ret = read_axis(panel, &axis, error);
	if (ret)
		return ret;
	state->levels = axis.maximum + 1;
	state->level = axis.value;
	return 0;
}

/* Takes what can be read off the node: it is there to wake us, and the axis says what is true now. */
static int evdev_level(struct htt_panel *panel, int *level, struct htt_error *error)
{
	struct input_event events[64];
	struct input_absinfo axis;
	unsigned int batches = 16;
	int ret;

	while (batches-- && read(evdev_fd(panel), events, sizeof(events)) > 0)
		;
	ret = read_axis(panel, &axis, error);
	if (!ret)
		*level = axis.value;
	return ret;
}

static int ask(struct htt_panel *panel, int level, struct htt_error *error)
{
	const struct input_event events[] = {
		{ .type = EV_MSC, .code = MSC_RAW, .value = (int32_t)htt_request_from_level((enum htt_level)level) },
		{ .type = EV_SYN, .code = SYN_REPORT },
	};

	if (write(evdev_fd(panel), events, sizeof(events)) != sizeof(events))
		return htt_fail(error, -EIO, "%s does not take a request: %s", panel->node, strerror(errno));
	return 0;
}

static int evdev_set_level(
	struct htt_finder *finder, struct htt_panel *panel, int level, unsigned int timeout, struct htt_error *error)
{
	struct pollfd fd = { .fd = evdev_fd(panel), .events = POLLIN };
	uint64_t deadline = htt_now_ms() + timeout * 1000ULL;
	int now = -1, ret;

	ret = ask(panel, level, error);
	while (!ret) {
		ret = evdev_level(panel, &now, error);
		if (ret || now == level)
			break;
		if (htt_now_ms() >= deadline)
			return htt_fail(error, -ETIMEDOUT,
				"%s did not get %s within %u s (it has %s); is the panel away, or were there too many requests?",
				panel->node, htt_level_name((unsigned int)level), timeout,
				htt_level_name((unsigned int)now));
		ret = htt_finder_wait(finder, LOOK_AGAIN_MS, &fd, 1);
	}
	if (ret == -ENODEV)
		return htt_fail(error, -ETIMEDOUT, "%s vanished while the panel was to restart; is its daemon running?",
			panel->node);
	return ret;
}

const struct htt_panel_ops htt_evdev_ops = {
	.kind = "input",
	.open = evdev_open,
	.close = evdev_close,
	.state = evdev_state,
	.level = evdev_level,
	.set_level = evdev_set_level,
	.fd = evdev_fd,
};
