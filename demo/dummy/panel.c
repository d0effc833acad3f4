// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/input.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "panel.h"
#include "trace.h"
#include "uhid.h"

#define PANEL_NAME "Matrix Orbital HTT Touchscreen"

/* The host sees its SET_REPORT succeed before the panel falls off the bus. */
#define REBOOT_GRACE_US 100000

struct panel {
	struct panel_options options;
	struct uhid_device *device;
	struct features features;
	sd_event *event;
	sd_event_source *timer;
	bool ready;
	bool returning; /* the timer plugs in, else it unplugs for a reboot */
	struct frame reported; /* the last frame */
	enum touch_strength recorded; /* of the last report in the record */
	char phys[64];
	const struct panel_ops *ops;
	void *data;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int arm_timer(struct panel *panel, uint64_t delay_us)
{
	int ret = sd_event_source_set_time(panel->timer, now_us() + delay_us);

	if (ret >= 0)
		ret = sd_event_source_set_enabled(panel->timer, SD_EVENT_ONESHOT);
	return ret < 0 ? ret : 0;
}

static void unplug(struct panel *panel)
{
	const struct frame empty = { 0 };

	panel->ready = false;
	uhid_device_unplug(panel->device);
	if (frame_touching(&panel->reported) && panel->options.trace)
		trace_write_frame(panel->options.trace, now_us(), &empty);
	panel->reported = empty;
	features_restart(&panel->features);
}

int panel_replug(struct panel *panel, unsigned int ms)
{
	unplug(panel);
	panel->returning = true;
	return arm_timer(panel, (uint64_t)ms * 1000);
}

static int on_timer(sd_event_source *source, uint64_t now, void *data)
{
	struct panel *panel = data;
	int ret = 0;

	if (panel->returning)
		ret = panel_plug(panel);
	else if (panel->options.returns)
		ret = panel_replug(panel, panel->options.reboot_ms);
	else
		unplug(panel);
	if (ret)
		panel->ops->failed(panel->data, ret, "the panel does not come back");
	return 0;
}

static void on_ready(void *data, const char *node)
{
	struct panel *panel = data;

	panel->ready = true;
	panel->ops->ready(panel->data, node);
}

static void on_failed(void *data, int error, const char *what)
{
	struct panel *panel = data;

	panel->ready = false;
	panel->ops->failed(panel->data, error, what);
}

static int on_get_feature(void *data, uint8_t id, uint8_t *buffer, size_t size)
{
	struct panel *panel = data;

	return features_get(&panel->features, id, buffer, size);
}

static int on_set_feature(void *data, const uint8_t *report, size_t size)
{
	struct panel *panel = data;
	bool reboot;
	int ret;

	ret = features_set(&panel->features, report, size, &reboot);
	if (ret || !reboot || !panel->options.reboot)
		return ret;
	panel->returning = false;
	return arm_timer(panel, REBOOT_GRACE_US);
}

static const struct uhid_ops device_ops = {
	.ready = on_ready,
	.get_feature = on_get_feature,
	.set_feature = on_set_feature,
	.failed = on_failed,
};

static void fill_identity(const struct panel *panel, struct uhid_identity *identity)
{
	const struct panel_options *options = &panel->options;
	const struct recording *like = options->like;

	*identity = (struct uhid_identity) {
		.name = PANEL_NAME,
		.phys = panel->phys,
		.serial = options->serial,
		.bus = BUS_USB,
		.vendor = options->vendor,
		.product = options->product,
		.descriptor = options->variant->descriptor,
		.descriptor_size = options->variant->descriptor_size,
	};
	if (like && like->descriptor) {
		identity->descriptor = like->descriptor;
		identity->descriptor_size = like->descriptor_size;
	}
	if (like && like->has_ids) {
		identity->bus = (uint16_t)like->bus;
		identity->vendor = like->vendor;
		identity->product = like->product;
	}
	if (like && like->name[0])
		identity->name = like->name;
	if (options->name)
		identity->name = options->name;
}

static void start_record(const struct panel *panel, const struct uhid_identity *identity)
{
	struct recording header = {
		.descriptor = (uint8_t *)identity->descriptor,
		.descriptor_size = identity->descriptor_size,
		.bus = identity->bus,
		.vendor = identity->vendor,
		.product = identity->product,
	};

	snprintf(header.name, sizeof(header.name), "%s", identity->name);
	snprintf(header.phys, sizeof(header.phys), "%s", identity->phys);
	recording_write_header(panel->options.record, &header);
}

int panel_new(struct panel **result, sd_event *event, const struct panel_options *options, const struct panel_ops *ops,
	void *data, struct fault *fault)
{
	struct uhid_identity identity;
	struct panel *panel;
	int ret;

	panel = calloc(1, sizeof(*panel));
	if (!panel)
		return fault_set(fault, -ENOMEM, "out of memory");
	panel->options = *options;
	panel->ops = ops;
	panel->data = data;
	features_init(&panel->features, options->driver, options->forgetful);
	snprintf(panel->phys, sizeof(panel->phys), "htt70a-%ld/input0", (long)getpid());
	fill_identity(panel, &identity);
	ret = sd_event_add_time(event, &panel->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_timer, panel);
	if (ret < 0)
		fault_format(fault, "cannot make a timer: %s", strerror(-ret));
	else
		ret = uhid_device_new(&panel->device, event, &identity, &device_ops, panel, fault);
	if (ret < 0) {
		panel_free(panel);
		return ret;
	}
	if (options->record)
		start_record(panel, &identity);
	*result = panel;
	return 0;
}

void panel_free(struct panel *panel)
{
	if (!panel)
		return;
	uhid_device_free(panel->device);
	sd_event_source_disable_unref(panel->timer);
	free(panel);
}

int panel_plug(struct panel *panel)
{
	return uhid_device_plug(panel->device);
}

bool panel_ready(const struct panel *panel)
{
	return panel->ready;
}

bool panel_understands(const struct panel *panel, const struct recording *recording)
{
	const struct recording *like = panel->options.like;
	const uint8_t *descriptor = panel->options.variant->descriptor;
	size_t size = panel->options.variant->descriptor_size;

	if (like && like->descriptor) {
		descriptor = like->descriptor;
		size = like->descriptor_size;
	}
	if (!recording->descriptor)
		return true;
	return recording->descriptor_size == size && memcmp(recording->descriptor, descriptor, size) == 0;
}

static int send_report(struct panel *panel, const uint8_t *report, size_t size, enum touch_strength strength)
{
	FILE *record = panel->options.record;
	int ret = uhid_device_send(panel->device, report, size);

	if (ret || !record)
		return ret;
	if (strength != panel->recorded)
		recording_write_strength(record, strength);
	panel->recorded = strength;
	recording_write_report(record, now_us(), report, size);
	return 0;
}

static int send_frame(struct panel *panel, const struct frame *frame, uint64_t now)
{
	unsigned int i, reports = frame_reports(panel->options.variant, frame);
	uint8_t report[PANEL_MAX_REPORT];
	int ret;

	for (i = 0; i < reports; i++) {
		size_t size = frame_pack(panel->options.variant, frame, i, (uint16_t)(now / 100), report);

		ret = send_report(panel, report, size, frame_strength(frame));
		if (ret)
			return ret;
	}
	panel->reported = *frame;
	return (int)reports;
}

int panel_send_frame(struct panel *panel, const struct frame *frame)
{
	unsigned int level = features_sensitivity(&panel->features);
	struct frame turned = *frame, felt;
	uint64_t now = now_us();
	int ret = 0;

	/* A recorded panel has a layout of its own, which only its recording speaks. */
	if (panel->options.like && panel->options.like->descriptor)
		return -EOPNOTSUPP;
	frame_rotate(&turned, features_rotation(&panel->features));
	frame_feel(&turned, level, &panel->reported, &felt);
	/* Nothing on the glass is worth a report, touches that nobody feels are not. */
	if (felt.count || frame->count == 0)
		ret = send_frame(panel, &felt, now);
	if (ret < 0 || !panel->options.trace)
		return ret;
	if (ret)
		trace_write_frame(panel->options.trace, now, &felt);
	trace_write_unfelt(panel->options.trace, now, &turned, level);
	return ret;
}

int panel_send_raw(struct panel *panel, const uint8_t *report, size_t size, enum touch_strength strength)
{
	int ret;

	if (!strength_felt(strength, features_sensitivity(&panel->features)))
		return 0;
	ret = send_report(panel, report, size, strength);
	if (ret)
		return ret;
	if (panel->options.trace)
		trace_write_raw(panel->options.trace, now_us(), report, size);
	return 1;
}
