// SPDX-License-Identifier: MIT
/*
 * Coverage-guided (libFuzzer): a report descriptor and reports, both by an attacker, through parser, layout, decoding and
 * state to evdev events. What must hold for every input is asserted here; ASan and UBSan see the rest.
 *
 *	2 bytes		length of the descriptor, little endian
 *	1 byte		what the panel answers when it is asked for its number of contacts, 0: nothing
 *	...		the descriptor
 *	then, again and again, 1 byte and what it counts:
 *	0		the kernel has dropped reports
 *	1 to 254	a report of so many bytes
 *	255		all fingers off the glass, without a report
 */
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vhost-user-input-hidraw/hid-touch.h"
#include "vhost-user-input-hidraw/touch-state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER 3

/* @reader: what somebody knows who has seen the events and nothing else. */
struct run {
	struct hid_touch *touch;
	const struct touch_axes *axes;
	struct touch_frame frame;
	struct touch_state glass;
	struct touch_state told;
	struct touch_state reader;
	struct touch_event events[TOUCH_MAX_EVENTS];
};

#define must(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static void check_table(const struct hid_table *table)
{
	unsigned int i;

	for (i = 0; i < table->num_collections; i++)
		must(table->collections[i].parent < (int)i);
	for (i = 0; i < table->num_fields; i++) {
		const struct hid_field *field = &table->fields[i];

		must(field->bits > 0 && field->count > 0);
		must(field->collection < (int)table->num_collections);
		must((uint64_t)field->bit_offset + (uint64_t)field->bits * field->count <=
			table->bits[field->kind][field->report_id]);
	}
}

static void check_axes(const struct touch_axes *axes)
{
	unsigned int i;

	must(axes->slots >= 1 && axes->slots <= TOUCH_MAX_SLOTS);
	must(axes->range[TOUCH_X].present && axes->range[TOUCH_Y].present);
	for (i = 0; i < TOUCH_NUM_AXES; i++) {
		must(!axes->range[i].present || axes->range[i].min < axes->range[i].max);
		must(axes->range[i].resolution >= 0);
	}
}

static void check_frame(const struct run *run)
{
	unsigned int i, axis;

	must(run->frame.count <= TOUCH_MAX_SLOTS);
	for (i = 0; i < run->frame.count; i++)
		for (axis = 0; axis < TOUCH_NUM_AXES; axis++) {
			const struct touch_range *range = &run->axes->range[axis];
			int64_t times = axis == TOUCH_ORIENTATION ? 2 : 1;
			int64_t value = run->frame.contacts[i].axis[axis];

			must(!range->present || (value >= times * range->min && value <= times * range->max));
		}
}

static void check_event(const struct touch_event *event, const struct touch_axes *axes)
{
	switch (event->type) {
	case EV_SYN: must(event->code == SYN_REPORT && event->value == 0); break;
	case EV_KEY: must(event->code == BTN_TOUCH && (event->value == 0 || event->value == 1)); break;
	case EV_ABS:
		if (event->code == ABS_MT_SLOT)
			must(event->value >= 0 && event->value < (int32_t)axes->slots);
		if (event->code == ABS_MT_TRACKING_ID)
			must(event->value >= TOUCH_UP && event->value <= TOUCH_TRACKING_MAX);
		break;
	default: must(!"event type");
	}
}

/* The events are well-formed, and who follows them knows what is on the glass. */
static void check_events(struct run *run, unsigned int count)
{
	unsigned int i, down = 0;

	must(count <= TOUCH_MAX_EVENTS);
	must(count == 0 || run->events[count - 1].type == EV_SYN);
	for (i = 0; i < count; i++) {
		check_event(&run->events[i], run->axes);
		must(i == 0 || run->events[i].type != EV_SYN || run->events[i - 1].type != EV_SYN);
		touch_state_consume(&run->reader, &run->events[i]);
	}
	for (i = 0; i < run->axes->slots; i++) {
		must(run->reader.slots[i].tracking == run->glass.slots[i].tracking);
		down += run->glass.slots[i].tracking != TOUCH_UP;
	}
	must(run->reader.pressed == (down > 0));
	must(touch_state_diff(run->axes, &run->told, &run->glass, run->events) == 0);
}

static void say(struct run *run)
{
	check_events(run, touch_state_diff(run->axes, &run->told, &run->glass, run->events));
}

static void show_report(struct run *run, const uint8_t *report, size_t size)
{
	/* not a byte to spare behind it, so that ASan sees a step too far */
	uint8_t *exact = malloc(size);

	if (!exact)
		abort();
	memcpy(exact, report, size);
	if (hid_touch_decode(run->touch, exact, size, &run->frame) == 1) {
		check_frame(run);
		touch_state_apply(&run->glass, &run->frame);
		say(run);
	}
	free(exact);
}

/* No finger outlives a frame without fingers. */
static void leave(struct run *run)
{
	unsigned int i;

	run->frame = (struct touch_frame) { .whole = true };
	touch_state_apply(&run->glass, &run->frame);
	say(run);
	for (i = 0; i < run->axes->slots; i++)
		must(run->reader.slots[i].tracking == TOUCH_UP);
	must(!run->reader.pressed);
}

static void show_reports(struct run *run, const uint8_t *data, size_t size)
{
	while (size > 0) {
		size_t length = *data++;

		size--;
		if (length == 0) {
			hid_touch_reset(run->touch);
			continue;
		}
		if (length == 255) {
			leave(run);
			continue;
		}
		if (length > size)
			length = size;
		show_report(run, data, length);
		data += length;
		size -= length;
	}
}

static void ask_maximum(struct run *run, uint8_t answer)
{
	uint8_t payload[HID_MAX_REPORT];
	size_t size;
	uint8_t id;

	if (!answer || hid_touch_maximum_report(run->touch, &id, &size))
		return;
	must(size <= sizeof(payload));
	memset(payload, answer, size);
	hid_touch_set_maximum(run->touch, payload, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	struct hid_error error;
	struct hid_table *table;
	size_t length;

	if (size < HEADER)
		return 0;
	length = data[0] | (size_t)data[1] << 8;
	if (length > size - HEADER)
		length = size - HEADER;
	if (hid_parse(data + HEADER, length, &table, &error)) {
		must(error.text[0]);
		return 0;
	}
	check_table(table);
	if (hid_touch_new(table, &run.touch, &error))
		return 0;
	ask_maximum(&run, data[2]);
	run.axes = hid_touch_axes(run.touch);
	check_axes(run.axes);
	touch_state_init(&run.glass, run.axes->slots);
	run.told = run.glass;
	run.reader = run.glass;
	show_reports(&run, data + HEADER + length, size - HEADER - length);
	leave(&run);
	hid_touch_free(run.touch);
	return 0;
}
