// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/input.h>
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

static int64_t get_role(
	const struct finger *finger, enum role role, const uint8_t *payload, size_t size, int64_t absent)
{
	int64_t value;

	if (!finger->field[role] || hid_field_get(finger->field[role], finger->index[role], payload, size, &value))
		return absent;
	return value;
}

/*
 * HID counts the angle against the clock from 0 to a full turn, evdev with the
 * clock from minus to plus half of one; its axis says where a quarter is.
 */
static int32_t orientation(const struct touch_range *range, int64_t azimuth, bool wide)
{
	int64_t quarter = range->max;

	if (range->min == 0)
		return wide;
	if (azimuth > 2 * quarter)
		azimuth -= 4 * quarter;
	return (int32_t)(azimuth < -2 * quarter || azimuth > 2 * quarter ? 0 : -azimuth);
}

/*
 * In range without a tip is a finger that hovers, and no confidence is a palm or an
 * elbow: but only Windows 8 made panels mean the same by these bits. Of older ones
 * the tip alone is believed (as in hid-multitouch).
 */
static void decode_contact(const struct hid_touch *touch, const struct finger *finger, const uint8_t *payload,
	size_t size, struct touch_contact *contact)
{
	static const struct {
		enum touch_axis axis;
		enum role role;
	} plain[] = { { TOUCH_X, ROLE_X }, { TOUCH_Y, ROLE_Y }, { TOUCH_TOOL_X, ROLE_CENTRE_X },
		{ TOUCH_TOOL_Y, ROLE_CENTRE_Y }, { TOUCH_PRESSURE, ROLE_PRESSURE } };
	const struct touch_range *range = touch->axes.range;
	int64_t width = get_role(finger, ROLE_WIDTH, payload, size, 0);
	int64_t height = get_role(finger, ROLE_HEIGHT, payload, size, 0);
	bool tip = get_role(finger, ROLE_TIP, payload, size, 0);
	bool near = touch->certified && get_role(finger, ROLE_IN_RANGE, payload, size, 0);
	bool palm = touch->certified && !get_role(finger, ROLE_CONFIDENCE, payload, size, 1);
	int32_t *axis = contact->axis;
	size_t i;

	contact->id = (uint32_t)get_role(finger, ROLE_ID, payload, size, 0);
	contact->down = tip || near;
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		axis[plain[i].axis] = clamp(get_role(finger, plain[i].role, payload, size, 0), &range[plain[i].axis]);
	axis[TOUCH_MAJOR] = clamp(width > height ? width : height, &range[TOUCH_MAJOR]);
	axis[TOUCH_MINOR] = clamp(width > height ? height : width, &range[TOUCH_MINOR]);
	axis[TOUCH_ORIENTATION] = orientation(
		&range[TOUCH_ORIENTATION], get_role(finger, ROLE_AZIMUTH, payload, size, 0), width > height);
	axis[TOUCH_TOOL_TYPE] = palm ? MT_TOOL_PALM : MT_TOOL_FINGER;
	axis[TOUCH_DISTANCE] = range[TOUCH_DISTANCE].present && !tip;
}

static bool is_blank(const struct finger *finger, const uint8_t *payload, size_t size)
{
	return !get_role(finger, ROLE_ID, payload, size, 0) && !get_role(finger, ROLE_X, payload, size, 0) &&
		!get_role(finger, ROLE_Y, payload, size, 0);
}

static bool is_listed(const struct touch_frame *frame, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < frame->count; i++)
		if (frame->contacts[i].id == id)
			return true;
	return false;
}

static bool is_listed_down(const struct touch_frame *frame, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < frame->count; i++)
		if (frame->contacts[i].id == id && frame->contacts[i].down)
			return true;
	return false;
}

/*
 * Takes the report's contacts up to the number that is still expected. What an id
 * that is down already says later in the frame is not believed.
 */
static void collect(struct hid_touch *touch, const struct touch_report *report, const uint8_t *payload, size_t size)
{
	struct touch_frame *frame = &touch->frame;
	unsigned int i;

	for (i = 0; i < report->num_fingers && touch->received < touch->expected; i++) {
		struct touch_contact *contact = &frame->contacts[frame->count];

		touch->received++;
		decode_contact(touch, &report->fingers[i], payload, size, contact);
		if (contact->down ? is_listed_down(frame, contact->id) : is_listed(frame, contact->id))
			continue;
		touch->blank[frame->count++] = is_blank(&report->fingers[i], payload, size);
	}
}

/* Places that are not in use look like a finger of id 0 that leaves; not when that finger is on the glass. */
static void drop_blanks(struct hid_touch *touch)
{
	struct touch_frame *frame = &touch->frame;
	bool zero_is_down = is_listed_down(frame, 0);
	unsigned int i, kept = 0;

	for (i = 0; i < frame->count; i++)
		if (!zero_is_down || !touch->blank[i] || frame->contacts[i].down)
			frame->contacts[kept++] = frame->contacts[i];
	frame->count = kept;
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
		if (among == AMONG_ALL || is_listed(&touch->frame, contact.id))
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
	drop_blanks(touch);
	*frame = touch->frame;
	hid_touch_reset(touch);
	return 1;
}
