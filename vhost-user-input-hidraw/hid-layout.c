// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hid-layout.h"

#define DESKTOP_X	HID_USAGE(0x01, 0x30)
#define DESKTOP_Y	HID_USAGE(0x01, 0x31)
#define DIGITIZER(id)	HID_USAGE(0x0d, (id))
#define TOUCH_SCREEN	DIGITIZER(0x04)
#define FINGER		DIGITIZER(0x22)
#define CONTACT_COUNT	DIGITIZER(0x54)
#define CONTACT_MAXIMUM DIGITIZER(0x55)
#define SCAN_TIME	DIGITIZER(0x56)

/*
 * The blob of 256 bytes with which Microsoft certifies a panel, or the byte that stands for
 * it (Linux: hid_scan_feature_usage()).
 */
#define CERTIFICATE	   0xff0000c5
#define CERTIFICATE_VALUES 256
#define CERTIFICATE_STATUS 0xff0000c6

/* Units of length: the system in the low nibble, the power of centimetre or inch next (section 6.2.2.7). */
#define UNIT_CM	  0x11
#define UNIT_INCH 0x13

/* What Linux takes for a panel that does not say (MT_DEFAULT_MAXCONTACT). */
#define DEFAULT_MAXIMUM 10
/* Linux does not believe larger numbers either (MT_MAX_MAXCONTACT). */
#define CREDIBLE_MAXIMUM 250

static const uint32_t role_usage[NUM_ROLES] = {
	[ROLE_TIP] = DIGITIZER(0x42),
	[ROLE_ID] = DIGITIZER(0x51),
	[ROLE_X] = DESKTOP_X,
	[ROLE_Y] = DESKTOP_Y,
	[ROLE_CONFIDENCE] = DIGITIZER(0x47),
	[ROLE_PRESSURE] = DIGITIZER(0x30),
	[ROLE_WIDTH] = DIGITIZER(0x48),
	[ROLE_HEIGHT] = DIGITIZER(0x49),
	[ROLE_AZIMUTH] = DIGITIZER(0x3f),
	[ROLE_IN_RANGE] = DIGITIZER(0x32),
};

static int fail(struct hid_error *error, int code, const char *text)
{
	snprintf(error->text, sizeof(error->text), "%s", text);
	return code;
}

static bool in_touch_screen(const struct hid_table *table, const struct hid_field *field)
{
	int i;

	for (i = field->collection; i >= 0; i = table->collections[i].parent)
		if (table->collections[i].type == HID_COLLECTION_APPLICATION)
			return table->collections[i].usage == TOUCH_SCREEN;
	return false;
}

/* All fields of one finger share the Finger collection around them, or at least their own one. */
static int finger_group(const struct hid_table *table, const struct hid_field *field)
{
	int i;

	for (i = field->collection; i >= 0; i = table->collections[i].parent)
		if (table->collections[i].usage == FINGER)
			return i;
	return field->collection;
}

static int find_role(uint32_t usage)
{
	int role;

	for (role = 0; role < NUM_ROLES; role++)
		if (usage && role_usage[role] == usage)
			return role;
	return -1;
}

struct touch_report *hid_layout_report(struct hid_touch *touch, uint8_t id)
{
	unsigned int i;

	for (i = 0; i < touch->num_reports; i++)
		if (touch->reports[i].id == id)
			return &touch->reports[i];
	return NULL;
}

static struct touch_report *add_report(struct hid_touch *touch, uint8_t id)
{
	struct touch_report *report = hid_layout_report(touch, id);

	if (report || touch->num_reports == TOUCH_MAX_REPORTS)
		return report;
	report = &touch->reports[touch->num_reports++];
	report->id = id;
	return report;
}

static void take_field(struct finger *finger, enum role role, const struct hid_field *field, unsigned int index)
{
	finger->field[role] = field;
	finger->index[role] = index;
}

/*
 * A role that is taken already begins the next finger, for descriptors that list
 * their contacts without a collection around each. A second X or Y right behind
 * the first is no new finger but the contact's centre beside the touched point,
 * which Windows asks for; or a count of two with one usage.
 */
static void add_to_finger(struct touch_report *report, int group, enum role role, const struct hid_field *field)
{
	struct finger *finger = report->num_fingers ? &report->fingers[report->num_fingers - 1] : NULL;
	enum role centre = role == ROLE_X ? ROLE_CENTRE_X : ROLE_CENTRE_Y;
	bool position = role == ROLE_X || role == ROLE_Y;

	if (finger && finger->group == group && finger->field[role]) {
		if (position && field == finger->field[role] + 1) {
			take_field(finger, centre, field, 0);
			return;
		}
		finger = NULL;
	}
	if (!finger || finger->group != group) {
		if (report->num_fingers == TOUCH_MAX_SLOTS)
			return;
		finger = &report->fingers[report->num_fingers++];
		finger->group = group;
	}
	take_field(finger, role, field, 0);
	if (position && field->count > 1)
		take_field(finger, centre, field, 1);
}

static void sort_field(struct hid_touch *touch, const struct hid_field *field)
{
	struct touch_report *report;
	int role = find_role(field->usage);

	if (field->kind == HID_FEATURE && field->usage == CONTACT_MAXIMUM)
		touch->maximum = field;
	if (field->kind != HID_INPUT || !(field->flags & HID_VARIABLE) || field->bits > 32)
		return;
	if (role < 0 && field->usage != CONTACT_COUNT && field->usage != SCAN_TIME)
		return;
	report = add_report(touch, field->report_id);
	if (!report)
		return;
	if (field->usage == CONTACT_COUNT)
		report->count = field;
	else if (field->usage == SCAN_TIME)
		report->scan_time = field;
	else
		add_to_finger(report, finger_group(touch->table, field), role, field);
}

static void need_field(struct touch_report *report, const struct hid_field *field, unsigned int index)
{
	size_t end;

	if (!field)
		return;
	end = ((size_t)field->bit_offset + (size_t)field->bits * (index + 1) + 7) / 8;
	if (end > report->size)
		report->size = end;
}

/* Keeps what has a tip switch and a position: a button or a lone pressure is no finger. */
static void keep_fingers(struct touch_report *report)
{
	unsigned int i, role, kept = 0;

	for (i = 0; i < report->num_fingers; i++) {
		const struct finger *finger = &report->fingers[i];

		if (!finger->field[ROLE_TIP] || !finger->field[ROLE_X] || !finger->field[ROLE_Y])
			continue;
		for (role = 0; role < NUM_ROLES; role++)
			need_field(report, finger->field[role], finger->index[role]);
		report->fingers[kept++] = *finger;
	}
	report->num_fingers = kept;
	need_field(report, report->count, 0);
	need_field(report, report->scan_time, 0);
}

/* Fingers in one report that cannot be told apart, or a single-touch screen, which need not say. */
static int check_ids(const struct hid_touch *touch, struct hid_error *error)
{
	unsigned int i, j;

	for (i = 0; i < touch->num_reports; i++) {
		const struct touch_report *report = &touch->reports[i];

		for (j = 0; j < report->num_fingers; j++)
			if (!report->fingers[j].field[ROLE_ID] && report->num_fingers > 1)
				return fail(error, -EINVAL, "its contacts have no contact identifier");
	}
	return 0;
}

static int64_t power_of_ten(int exponent)
{
	int64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* Units per millimetre, rounded; the exponents lie between -8 and 7, so 64 bits do. */
static int32_t resolution(const struct hid_field *field)
{
	int64_t units = field->max - field->min;
	int64_t length = field->physical_max - field->physical_min;
	int64_t result;

	if (length <= 0 || length > INT32_MAX || units <= 0)
		return 0;
	if (field->unit == UNIT_CM)
		length *= 10;
	else if (field->unit == UNIT_INCH)
		length *= 254;
	else
		return 0;
	if (field->unit == UNIT_INCH)
		units *= 10;
	if (field->exponent < 0)
		units *= power_of_ten(-field->exponent);
	else
		length *= power_of_ten(field->exponent);
	result = (units + length / 2) / length;
	return result > INT32_MAX ? 0 : (int32_t)result;
}

static bool credible_range(const struct hid_field *field)
{
	return field->min < field->max && field->min >= INT32_MIN && field->max <= INT32_MAX;
}

static bool take_range(struct touch_axes *axes, enum touch_axis axis, const struct hid_field *field)
{
	struct touch_range *range = &axes->range[axis];

	if (!field || !credible_range(field))
		return false;
	range->present = true;
	range->min = (int32_t)field->min;
	range->max = (int32_t)field->max;
	range->resolution = resolution(field);
	return true;
}

static struct touch_range flag(bool present, int32_t max)
{
	return (struct touch_range) { .present = present, .max = max };
}

/* Without an azimuth only "lying" and "upright" can be told; a quarter turn is the maximum by definition. */
static void find_orientation(struct touch_axes *axes, const struct finger *finger)
{
	const struct hid_field *azimuth = finger->field[ROLE_AZIMUTH];
	struct touch_range *range = &axes->range[TOUCH_ORIENTATION];

	*range = flag(axes->range[TOUCH_MINOR].present, 1);
	if (!azimuth || azimuth->min != 0 || azimuth->max < 4 || !credible_range(azimuth))
		return;
	*range = flag(true, (int32_t)(azimuth->max / 4));
	range->min = -range->max;
}

/* The first finger speaks for all: a panel has one surface. */
static int find_axes(struct hid_touch *touch, const struct finger *finger, struct hid_error *error)
{
	struct touch_axes *axes = &touch->axes;

	if (!take_range(axes, TOUCH_X, finger->field[ROLE_X]) || !take_range(axes, TOUCH_Y, finger->field[ROLE_Y]))
		return fail(error, -EINVAL, "the logical range of its X or Y is empty");
	take_range(axes, TOUCH_TOOL_X, finger->field[ROLE_CENTRE_X]);
	take_range(axes, TOUCH_TOOL_Y, finger->field[ROLE_CENTRE_Y]);
	take_range(axes, TOUCH_PRESSURE, finger->field[ROLE_PRESSURE]);
	axes->range[TOUCH_PRESSURE].resolution = 0; /* it is no length */
	take_range(axes, TOUCH_MAJOR, finger->field[ROLE_WIDTH]);
	take_range(axes, TOUCH_MINOR, finger->field[ROLE_HEIGHT]);
	find_orientation(axes, finger);
	axes->range[TOUCH_TOOL_TYPE] = flag(touch->certified && finger->field[ROLE_CONFIDENCE], MT_TOOL_PALM);
	axes->range[TOUCH_DISTANCE] = flag(touch->certified && finger->field[ROLE_IN_RANGE], 1);
	return 0;
}

static void set_slots(struct hid_touch *touch, int64_t slots)
{
	touch->axes.slots = slots > TOUCH_MAX_SLOTS ? TOUCH_MAX_SLOTS : (unsigned int)slots;
}

static void find_maximum(struct hid_touch *touch, bool has_id)
{
	const struct hid_field *field = touch->maximum;

	if (!has_id)
		set_slots(touch, 1);
	else if (field && field->max > 0 && field->max <= CREDIBLE_MAXIMUM)
		set_slots(touch, field->max);
	else
		set_slots(touch, DEFAULT_MAXIMUM);
}

static bool is_certificate(const struct hid_field *field)
{
	if (field->kind != HID_FEATURE || field->bits != 8)
		return false;
	return (field->usage == CERTIFICATE && field->count == CERTIFICATE_VALUES) ||
		(field->usage == CERTIFICATE_STATUS && field->count == 1);
}

static int find_layout(struct hid_touch *touch, struct hid_error *error)
{
	const struct hid_table *table = touch->table;
	const struct finger *first = NULL;
	bool found = false;
	unsigned int i;
	int ret;

	for (i = 0; i < table->num_fields; i++) {
		touch->certified |= is_certificate(&table->fields[i]);
		if (!in_touch_screen(table, &table->fields[i]))
			continue;
		found = true;
		sort_field(touch, &table->fields[i]);
	}
	if (!found)
		return fail(error, -ENODEV, "it has no touch screen collection");
	touch->serial = true;
	for (i = 0; i < touch->num_reports; i++) {
		struct touch_report *report = &touch->reports[i];

		keep_fingers(report);
		if (report->num_fingers && !first)
			first = &report->fingers[0];
		if (report->num_fingers > 1 || report->count)
			touch->serial = false;
	}
	if (!first)
		return fail(error, -EINVAL, "its touch screen has no contact with tip switch, X and Y");
	ret = check_ids(touch, error);
	if (!ret)
		ret = find_axes(touch, first, error);
	find_maximum(touch, first->field[ROLE_ID]);
	return ret;
}

int hid_touch_new(struct hid_table *table, struct hid_touch **result, struct hid_error *error)
{
	struct hid_touch *touch = calloc(1, sizeof(*touch));
	int ret;

	*result = NULL;
	if (!touch) {
		hid_table_free(table);
		return fail(error, -ENOMEM, "out of memory");
	}
	touch->table = table;
	touch->scan_time = -1;
	ret = find_layout(touch, error);
	if (ret)
		hid_touch_free(touch);
	else
		*result = touch;
	return ret;
}

void hid_touch_free(struct hid_touch *touch)
{
	if (!touch)
		return;
	hid_table_free(touch->table);
	free(touch);
}

const struct touch_axes *hid_touch_axes(const struct hid_touch *touch)
{
	return &touch->axes;
}

bool hid_touch_repeats(const struct hid_touch *touch)
{
	return touch->certified;
}

unsigned int hid_touch_per_report(const struct hid_touch *touch)
{
	unsigned int i, most = 0;

	for (i = 0; i < touch->num_reports; i++)
		if (touch->reports[i].num_fingers > most)
			most = touch->reports[i].num_fingers;
	return most;
}

int hid_touch_maximum_report(const struct hid_touch *touch, uint8_t *id, size_t *size)
{
	const struct hid_field *field = touch->maximum;

	if (!field)
		return -ENOENT;
	*id = field->report_id;
	*size = (touch->table->bits[HID_FEATURE][field->report_id] + 7) / 8;
	return 0;
}

void hid_touch_set_maximum(struct hid_touch *touch, const uint8_t *payload, size_t size)
{
	int64_t value;

	if (!touch->maximum || hid_field_get(touch->maximum, 0, payload, size, &value))
		return;
	if (value > 0 && value <= CREDIBLE_MAXIMUM)
		set_slots(touch, value);
}
