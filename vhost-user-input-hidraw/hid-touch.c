// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "hid-layout.h"

static int64_t get(const struct hid_field *field, const uint8_t *payload, size_t size, int64_t absent)
{
	int64_t value;

	if (!field || hid_field_get(field, 0, payload, size, &value))
		return absent;
	return value;
}

static int32_t clamp(int64_t value, const struct touch_range *range)
{
	if (value < range->min)
		return range->min;
	return value > range->max ? range->max : (int32_t)value;
}

/*
 * HID counts the angle against the clock from 0 to a full turn, evdev with the
 * clock from minus to plus a quarter. An ellipse looks the same after half a turn.
 */
static int32_t orientation(const struct touch_range *range, int64_t azimuth, bool wide)
{
	int64_t quarter = range->max;
	int64_t angle;

	if (quarter <= 1)
		return wide;
	angle = -(azimuth % (2 * quarter));
	return clamp(angle < -quarter ? angle + 2 * quarter : angle, range);
}

static void decode_contact(const struct hid_touch *touch, const struct finger *finger, const uint8_t *payload,
	size_t size, struct touch_contact *contact)
{
	const struct touch_range *range = touch->axes.range;
	const struct hid_field *const *field = finger->field;
	int64_t width = get(field[ROLE_WIDTH], payload, size, 0);
	int64_t height = get(field[ROLE_HEIGHT], payload, size, 0);

	contact->id = (uint32_t)get(field[ROLE_ID], payload, size, 0);
	/* A contact without confidence is a palm or an elbow. */
	contact->down = get(field[ROLE_TIP], payload, size, 0) && get(field[ROLE_CONFIDENCE], payload, size, 1);
	contact->axis[TOUCH_X] = clamp(get(field[ROLE_X], payload, size, 0), &range[TOUCH_X]);
	contact->axis[TOUCH_Y] = clamp(get(field[ROLE_Y], payload, size, 0), &range[TOUCH_Y]);
	contact->axis[TOUCH_PRESSURE] = clamp(get(field[ROLE_PRESSURE], payload, size, 0), &range[TOUCH_PRESSURE]);
	contact->axis[TOUCH_MAJOR] = clamp(width > height ? width : height, &range[TOUCH_MAJOR]);
	contact->axis[TOUCH_MINOR] = clamp(width > height ? height : width, &range[TOUCH_MINOR]);
	contact->axis[TOUCH_ORIENTATION] = orientation(
		&range[TOUCH_ORIENTATION], get(field[ROLE_AZIMUTH], payload, size, 0), width > height);
}

/* Its place in the frame, or the frame's count. */
static unsigned int find_contact(const struct touch_frame *frame, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < frame->count; i++)
		if (frame->contacts[i].id == id)
			break;
	return i;
}

/*
 * Takes the report's contacts up to the number that is still expected. Unused
 * places of a report are mostly zero, that is id 0 and up: one that is down wins
 * over one that is not, else the first one.
 */
static void collect(struct hid_touch *touch, const struct touch_report *report, const uint8_t *payload, size_t size)
{
	struct touch_frame *frame = &touch->frame;
	struct touch_contact contact;
	unsigned int i, place;

	for (i = 0; i < report->num_fingers && touch->received < touch->expected; i++) {
		touch->received++;
		decode_contact(touch, &report->fingers[i], payload, size, &contact);
		place = find_contact(frame, contact.id);
		if (place == TOUCH_MAX_SLOTS ||
			(place < frame->count && (frame->contacts[place].down || !contact.down)))
			continue;
		frame->contacts[place] = contact;
		if (place == frame->count)
			frame->count++;
	}
}

void hid_touch_reset(struct hid_touch *touch)
{
	touch->expected = 0;
	touch->received = 0;
	touch->frame.count = 0;
}

static bool begin_frame(struct hid_touch *touch, unsigned int expected)
{
	hid_touch_reset(touch);
	touch->expected = expected;
	touch->frame.whole = !touch->serial;
	return true;
}

enum among {
	AMONG_ALL,
	AMONG_KNOWN, /* fingers that the frame has already */
};

static bool any_down(const struct hid_touch *touch, const struct touch_report *report, const uint8_t *payload,
	size_t size, enum among among)
{
	struct touch_contact contact;
	unsigned int i;

	for (i = 0; i < report->num_fingers; i++) {
		decode_contact(touch, &report->fingers[i], payload, size, &contact);
		if (!contact.down)
			continue;
		if (among == AMONG_ALL || find_contact(&touch->frame, contact.id) < touch->frame.count)
			return true;
	}
	return false;
}

/* Returns whether the panel's clock stands still, that is whether this is still the scan seen last. */
static bool same_scan(struct hid_touch *touch, const struct touch_report *report, const uint8_t *payload, size_t size)
{
	int64_t now = get(report->scan_time, payload, size, -1);
	bool same = now == touch->scan_time;

	if (now < 0)
		return false;
	if (!same && touch->scan_time >= 0)
		touch->clock_runs = true;
	touch->scan_time = now;
	return same && touch->clock_runs;
}

/*
 * Does the report begin a frame, go on with one, or belong to none? The contact
 * count says it: a number begins a frame, zero goes on. Some panels repeat the
 * number in each report of a frame; then scan time, or fingers that have been
 * there already, tell where the next one begins. Zero without a frame to go on
 * with is an empty glass, unless it is left over from a frame whose first report
 * was lost, or fills up one that is complete.
 */
static bool place_report(
	struct hid_touch *touch, const struct touch_report *report, const uint8_t *payload, size_t size)
{
	bool same = same_scan(touch, report, payload, size);
	int64_t count = get(report->count, payload, size, -1);

	if (count > TOUCH_MAX_SLOTS)
		count = TOUCH_MAX_SLOTS;
	if (count < 0 && !touch->expected)
		return begin_frame(touch, report->num_fingers);
	if (count <= 0 && touch->expected)
		return true;
	if (count == 0)
		return !same && !any_down(touch, report, payload, size, AMONG_ALL) && begin_frame(touch, 0);
	if (count == touch->expected &&
		(touch->clock_runs ? same : !any_down(touch, report, payload, size, AMONG_KNOWN)))
		return true;
	return begin_frame(touch, (unsigned int)count);
}

int hid_touch_decode(struct hid_touch *touch, const uint8_t *data, size_t size, struct touch_frame *frame)
{
	const struct touch_report *report;
	uint8_t id = 0;

	if (touch->table->numbered) {
		if (size == 0)
			return -EMSGSIZE;
		id = data[0];
		data++;
		size--;
	}
	report = hid_layout_report(touch, id);
	if (!report || report->num_fingers == 0)
		return 0;
	if (size < report->size)
		return -EMSGSIZE;
	if (!place_report(touch, report, data, size))
		return 0;
	collect(touch, report, data, size);
	if (touch->received < touch->expected)
		return 0;
	*frame = touch->frame;
	hid_touch_reset(touch);
	return 1;
}
