// SPDX-License-Identifier: MIT
#include "input-device.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "event-queue.h"
#include "log.h"
#include "native.h"
#include "options.h"
#include "recording.h"

#define EVENT_QUEUE  0
#define STATUS_QUEUE 1
#define NUM_QUEUES   2

/* Fingers that may have left unseen get this long to show that they are there: some 30 frames. */
#define STALE_US 250000
/* The same of a panel that repeats its fingers all the time; Linux waits as long (hid-multitouch, STICKY_FINGERS). */
#define SILENCE_US 100000

/**
 * struct input_dev - the device
 * @options: first, for they are argp's input
 * @touch: how to read the reports, NULL while no panel is there
 * @glass: the fingers, whether or not a driver is there
 * @queue: NULL until the first panel was found: its axes are the device's for good
 * @control: the panel's sensitivity; NULL for a recording
 * @failed: why a panel cannot be used although it is there
 * @stale: reports were lost, so @glass may hold fingers that have left
 */
struct input_dev {
	struct input_options options;
	struct vhu_dev *dev;
	struct panel *panel;
	struct recording *recording;
	struct native *native;
	struct worker *worker;
	struct control *control;
	struct hid_touch *touch;
	struct touch_state glass;
	struct touch_frame frame;
	struct event_queue *queue;
	struct input_config config;
	int failed;
	bool stale;
	sd_event_source *stale_timer;
	uint64_t reports;
	uint64_t frames;
	uint64_t broken; /* reports shorter than the descriptor promises */
	uint64_t refused; /* fingers beyond the number of slots */
	uint64_t ignored; /* what the driver sent that is no request */
};

void *input_new(void)
{
	struct input_dev *input = calloc(1, sizeof(*input));

	if (input)
		input_options_init(&input->options);
	return input;
}

/*
 * Each of the driver's buffers takes one event (virtio 1.4, section 5.8.6).
 * Returns 1, 0 when there is no buffer or no event, -errno when the front-end is to go.
 */
static int send_event(struct input_dev *input, struct virtq *vq)
{
	struct virtio_input_event wire;
	struct touch_event event;
	struct virtq_elem *elem;
	int ret;

	ret = virtq_pop(vq, &elem);
	if (ret <= 0) {
		if (ret < 0)
			vhu_dev_fail(input->dev, "its event queue is malformed");
		return ret;
	}
	if (elem->in_len < sizeof(wire)) {
		vhu_dev_fail(input->dev, "it offers event buffers of less than 8 bytes");
		return -EPROTO;
	}
	if (!event_queue_next(input->queue, &event)) {
		virtq_unpop(vq, elem);
		return 0;
	}
	wire.type = htole16(event.type);
	wire.code = htole16(event.code);
	wire.value = htole32((uint32_t)event.value);
	virtq_iov_write(elem->in, elem->in_num, 0, &wire, sizeof(wire));
	virtq_push(vq, elem, sizeof(wire));
	return 1;
}

/*
 * Gives the driver as many events as it has buffers for. It fills the ring up
 * again after each interrupt, and a kick for that is wanted only while events
 * wait. One that was switched on too late is made up for by another look.
 */
static void pump(struct input_dev *input)
{
	struct virtq *vq = vhu_dev_queue(input->dev, EVENT_QUEUE);
	bool more = true;
	int ret = 1;

	if (!vq || !virtq_started(vq))
		return;
	while (ret >= 0 && more) {
		do
			ret = event_queue_empty(input->queue) ? 0 : send_event(input, vq);
		while (ret > 0);
		more = virtq_set_wanted(vq, !event_queue_empty(input->queue)) && !event_queue_empty(input->queue);
	}
	virtq_notify(vq);
}

static void lift_all(struct input_dev *input)
{
	if (!touch_state_lift(&input->glass))
		return;
	event_queue_update(input->queue, &input->glass);
	pump(input);
}

static int set_up(struct input_dev *input, const struct source_info *info)
{
	struct input_identity *identity = &input->config.identity;
	struct touch_axes axes;
	int ret;

	ret = control_check(input->options.sensitivity, &info->sensitivity, info->node);
	if (ret)
		return ret;
	transform_axes(&input->options.transform, hid_touch_axes(info->touch), &axes);
	ret = event_queue_new(&axes, EVENT_QUEUE_CAPACITY, &input->queue);
	if (ret) {
		vhu_err("%s: %s", info->node, strerror(-ret));
		return ret;
	}
	touch_state_init(&input->glass, axes.slots);
	input->config.axes = axes;
	if (!input->options.no_control)
		input->config.levels = info->sensitivity.levels;
	*identity = info->identity;
	if (input->options.name)
		snprintf(identity->name, sizeof(identity->name), "%s", input->options.name);
	else if (!identity->name[0])
		snprintf(identity->name, sizeof(identity->name), "Touch panel %04x:%04x", identity->vendor,
			identity->product);
	return 0;
}

static int on_found(void *context, const struct source_info *info)
{
	const struct input_identity *identity = &info->identity;
	const struct touch_axes *axes = hid_touch_axes(info->touch);
	struct input_dev *input = context;
	struct touch_axes turned;
	int ret = 0;

	transform_axes(&input->options.transform, axes, &turned);

	if (!input->queue)
		ret = input->failed = set_up(input, info);
	else if (!input_config_has_axes(&input->config, &turned))
		ret = -EINVAL;
	if (ret) {
		if (input->queue)
			vhu_err("the panel came back with other axes than the driver was told of; restart this program");
		hid_touch_free(info->touch);
		return ret;
	}
	input->touch = info->touch;
	vhu_info("reading %s: \"%s\" %04x:%04x, %u contacts, %d to %d by %d to %d", info->node, identity->name,
		identity->vendor, identity->product, axes->slots, axes->range[TOUCH_X].min, axes->range[TOUCH_X].max,
		axes->range[TOUCH_Y].min, axes->range[TOUCH_Y].max);
	if (input->native)
		native_follow(input->native, info->sysfs, false);
	if (input->control)
		control_attached(input->control, info->fd, &info->sensitivity);
	return 0;
}

static void on_claim(void *context, const char *sysfs)
{
	struct input_dev *input = context;

	if (!input->native)
		return;
	if (sysfs)
		native_follow(input->native, sysfs, !input->queue);
	else
		native_release(input->native);
}

static void on_level(void *context, unsigned int level)
{
	struct input_dev *input = context;

	if (level >= input->config.levels)
		return; /* the driver knows no such level, or none at all */
	event_queue_tell_level(input->queue, (int)level);
	pump(input);
}

static void on_report(void *context, const uint8_t *report, size_t size)
{
	struct input_dev *input = context;
	int ret;

	input->reports++;
	ret = hid_touch_decode(input->touch, report, size, &input->frame);
	if (ret < 0)
		input->broken++;
	if (ret <= 0)
		return;
	input->frames++;
	if (input->frame.whole)
		input->stale = false;
	transform_frame(&input->options.transform, hid_touch_axes(input->touch), &input->frame);
	input->refused += touch_state_apply(&input->glass, &input->frame);
	event_queue_update(input->queue, &input->glass);
}

/* Does silence from now on mean that no finger is on the glass? */
static bool silence_matters(const struct input_dev *input)
{
	return input->stale || (input->touch && input->glass.pressed && hid_touch_repeats(input->touch));
}

static int on_stale(sd_event_source *source, uint64_t due, void *userdata)
{
	struct input_dev *input = userdata;

	if (silence_matters(input)) {
		input->stale = false;
		lift_all(input);
	}
	return 0;
}

static void arm_stale_timer(struct input_dev *input)
{
	uint64_t delay = input->stale ? STALE_US : SILENCE_US;
	sd_event *event = vhu_dev_event(input->dev);
	uint64_t now;
	int ret;

	ret = sd_event_now(event, CLOCK_MONOTONIC, &now);
	if (ret >= 0 && !input->stale_timer)
		ret = sd_event_add_time(
			event, &input->stale_timer, CLOCK_MONOTONIC, now + delay, 1000, on_stale, input);
	/* After reports: when both are due, the panel was not silent, this program was. */
	if (ret >= 0)
		ret = sd_event_source_set_priority(input->stale_timer, SD_EVENT_PRIORITY_NORMAL + 1);
	if (ret >= 0)
		ret = sd_event_source_set_time(input->stale_timer, now + delay);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(input->stale_timer, SD_EVENT_ONESHOT);
	if (ret < 0)
		vhu_warn("no timer: %s", strerror(-ret));
}

static void on_drained(void *context, bool lossy)
{
	struct input_dev *input = context;

	pump(input);
	if (lossy)
		input->stale = true;
	if (silence_matters(input))
		arm_stale_timer(input);
}

static void on_gone(void *context)
{
	struct input_dev *input = context;

	hid_touch_reset(input->touch);
	lift_all(input);
	if (input->recording) {
		vhu_info("the recording has been played");
		return;
	}
	vhu_info("the panel is gone; it is taken again when it comes back");
	if (input->native)
		native_release(input->native);
	control_gone(input->control);
	hid_touch_free(input->touch);
	input->touch = NULL;
}

static const struct source_ops source_ops = {
	.claim = on_claim,
	.found = on_found,
	.report = on_report,
	.drained = on_drained,
	.gone = on_gone,
};

static int open_recording(struct input_dev *input)
{
	struct source_info info;
	struct hid_error error;
	int ret;

	ret = recording_open(input->options.recording, &input->recording, &error);
	if (ret) {
		vhu_err("%s", error.text);
		return ret;
	}
	recording_info(input->recording, &info);
	return on_found(input, &info);
}

/* Serves the loop until the panel is there. SIGTERM ends it too: then there is nothing to serve any more. */
static int wait_for_panel(struct input_dev *input)
{
	sd_event *event = vhu_dev_event(input->dev);
	int code, ret = 0;

	vhu_info("waiting for the panel");
	while (ret >= 0 && !input->queue && !input->failed && sd_event_get_exit_code(event, &code) < 0)
		ret = sd_event_run(event, UINT64_MAX);
	if (ret < 0)
		vhu_err("cannot wait for the panel: %s", strerror(-ret));
	return ret < 0 ? ret : input->failed;
}

static int prepare(struct input_dev *input)
{
	sd_event *event = vhu_dev_event(input->dev);
	int ret = 0;

	if (!input->options.no_grab)
		ret = native_new(event, &input->native);
	if (!ret)
		ret = worker_new(event, &input->worker);
	if (!ret)
		ret = control_new(event, input->worker, input->options.sensitivity, on_level, input, &input->control);
	if (!ret)
		ret = panel_new(&input->options.match, event, input->worker, &source_ops, input, &input->panel);
	if (ret)
		vhu_err("cannot use udev: %s; is /sys mounted?", strerror(-ret));
	return ret;
}

static int open_panel(struct input_dev *input)
{
	struct hid_error error;
	int ret;

	ret = prepare(input);
	if (ret)
		return ret;
	ret = panel_open(input->panel, &error);
	if (ret == -ENODEV && input->options.wait)
		return wait_for_panel(input);
	if (ret && !input->failed)
		vhu_err("%s", error.text);
	return ret;
}

int input_init(struct vhu_dev *dev, void *state)
{
	struct input_dev *input = state;
	int ret;

	input->dev = dev;
	ret = input->options.recording ? open_recording(input) : open_panel(input);
	if (ret)
		return ret;
	vhu_dev_set_queues(dev, NUM_QUEUES);
	vhu_dev_set_config_size(dev, INPUT_CONFIG_SIZE);
	return 0;
}

static void log_counters(const struct input_dev *input)
{
	const struct event_queue_stats *stats = event_queue_stats(input->queue);

	vhu_info("reports %" PRIu64 ", broken %" PRIu64 ", frames %" PRIu64 ", fingers refused %" PRIu64
		 ", status ignored %" PRIu64 "; events sent %" PRIu64 " in %" PRIu64 " frames, overflows %" PRIu64
		 ", at most %u waited",
		input->reports, input->broken, input->frames, input->refused, input->ignored, stats->events,
		stats->frames, stats->overflows, stats->most);
}

void input_free(void *state)
{
	struct input_dev *input = state;

	if (input->queue)
		log_counters(input);
	sd_event_source_disable_unref(input->stale_timer);
	panel_free(input->panel);
	control_free(input->control);
	worker_free(input->worker);
	recording_free(input->recording);
	native_free(input->native);
	hid_touch_free(input->touch);
	event_queue_free(input->queue);
	free(input);
}

int input_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len)
{
	const struct input_dev *input = vhu_dev_state(dev);

	input_config_read(&input->config, offset, data, len);
	return 0;
}

int input_set_config(struct vhu_dev *dev, uint32_t offset, const void *data, uint32_t len)
{
	struct input_dev *input = vhu_dev_state(dev);

	input_config_write(&input->config, offset, data, len);
	return 0;
}

void input_queue_start(struct vhu_dev *dev, struct virtq *vq)
{
	struct input_dev *input = vhu_dev_state(dev);
	int ret;

	if (virtq_index(vq) != EVENT_QUEUE)
		return;
	event_queue_start(input->queue, &input->glass);
	if (!input->recording)
		return;
	ret = recording_play(input->recording, vhu_dev_event(dev), &source_ops, input);
	if (ret < 0)
		vhu_err("cannot play the recording: %s", strerror(-ret));
}

void input_queue_stop(struct vhu_dev *dev, struct virtq *vq)
{
	struct input_dev *input = vhu_dev_state(dev);

	if (virtq_index(vq) == EVENT_QUEUE)
		event_queue_stop(input->queue);
}

/*
 * A touch screen has no lamps to light. One thing can be asked for; there are drivers that return whatever event they
 * get (with a time stamp, which is never sent), so that nothing else may have an effect.
 */
static void take_status(struct input_dev *input, const struct virtq_elem *elem)
{
	struct virtio_input_event wire;

	if (virtq_iov_read(elem->out, elem->out_num, 0, &wire, sizeof(wire)) == sizeof(wire) &&
		le16toh(wire.type) == EV_MSC && le16toh(wire.code) == MSC_RAW && input->config.levels > 0) {
		control_request(input->control, le32toh(wire.value));
		return;
	}
	input->ignored++;
	vhu_log_limited(VHU_LOG_DEBUG, "the driver sent what is no request: %zu bytes", elem->out_len);
}

/* All buffers go back as they came. */
static void drain_status(struct vhu_dev *dev, struct virtq *vq)
{
	struct virtq_elem *elem;
	int ret;

	while ((ret = virtq_pop(vq, &elem)) > 0) {
		take_status(vhu_dev_state(dev), elem);
		virtq_push(vq, elem, 0);
	}
	if (ret < 0)
		vhu_dev_fail(dev, "its status queue is malformed");
	virtq_notify(vq);
}

void input_queue_kick(struct vhu_dev *dev, struct virtq *vq)
{
	if (virtq_index(vq) == EVENT_QUEUE)
		pump(vhu_dev_state(dev));
	else
		drain_status(dev, vq);
}
