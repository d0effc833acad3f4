// SPDX-License-Identifier: MIT
#include <string.h>

#include "families.h"

#define VARIABLE 0x02
#define CONSTANT 0x03

#define PAGE_DESKTOP   0x01
#define PAGE_DIGITIZER 0x0d

/* clang-format off */
#define TIP(n)		{ PART_TIP, n }
#define CONFIDENCE(n)	{ PART_CONFIDENCE, n }
#define IN_RANGE(n)	{ PART_IN_RANGE, n }
#define PAD(n)		{ PART_PADDING, n }
#define ID(n)		{ PART_ID, n }
#define XY(n)		{ PART_X, n }, { PART_Y, n }
#define CENTRES(n)	{ PART_X, n }, { PART_CENTRE_X, n }, { PART_Y, n }, { PART_CENTRE_Y, n }
#define SIZES(n)	{ PART_WIDTH, n }, { PART_HEIGHT, n }
#define WIDTH(n)	{ PART_WIDTH, n }
#define PRESSURE(n)	{ PART_PRESSURE, n }
#define AZIMUTH(n)	{ PART_AZIMUTH, n }

const struct family families[] = {
	{ .name = "serial", .contacts = 1, .fingers = 5, .x_max = 4095, .y_max = 2047,
		.parts = { TIP(1), PAD(7), ID(8), XY(16) } },
	{ .name = "serial-counted", .report_id = 1, .contacts = 1, .fingers = 5, .maximum = 5, .count = COUNT_FIRST,
		.flags = FAMILY_SCAN_TIME, .x_max = 4095, .y_max = 2047, .physical = 2000,
		.parts = { TIP(1), PAD(7), ID(8), XY(16) } },
	{ .name = "parallel", .report_id = 1, .contacts = 5, .fingers = 5, .maximum = 5, .count = COUNT_FIRST,
		.x_max = 4095, .y_max = 2047, .physical = 2000,
		.parts = { TIP(1), PAD(7), ID(8), XY(16) } },
	{ .name = "parallel-uncounted", .contacts = 4, .fingers = 4, .maximum = 4, .x_max = 1023, .y_max = 767,
		.parts = { TIP(1), PAD(3), ID(4), XY(16) } },
	{ .name = "hybrid", .report_id = 2, .contacts = 2, .fingers = 6, .maximum = 6, .count = COUNT_FIRST,
		.flags = FAMILY_SCAN_TIME, .x_max = 16383, .y_max = 16383, .physical = 1500,
		.parts = { TIP(1), PAD(7), ID(8), XY(16) } },
	{ .name = "hybrid-each", .contacts = 3, .fingers = 10, .maximum = 10, .count = COUNT_EACH,
		.x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), PAD(7), ID(8), XY(16), PRESSURE(8) } },
	{ .name = "certified", .report_id = 1, .contacts = 5, .fingers = 5, .maximum = 5, .count = COUNT_FIRST,
		.flags = FAMILY_CERTIFIED | FAMILY_SCAN_TIME, .x_max = 4095, .y_max = 4095, .physical = 3000,
		.parts = { TIP(1), CONFIDENCE(1), PAD(6), ID(8), XY(16), SIZES(8), PRESSURE(8) } },
	{ .name = "certified-hover", .report_id = 1, .contacts = 2, .fingers = 6, .maximum = 6, .count = COUNT_FIRST,
		.flags = FAMILY_CERTIFIED | FAMILY_SCAN_TIME, .x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), IN_RANGE(1), CONFIDENCE(1), PAD(5), ID(8), XY(16) } },
	{ .name = "not-certified", .report_id = 1, .contacts = 3, .fingers = 3, .maximum = 3, .count = COUNT_FIRST,
		.x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), IN_RANGE(1), CONFIDENCE(1), PAD(5), ID(8), XY(16) } },
	{ .name = "ellipses", .contacts = 3, .fingers = 3, .maximum = 3, .count = COUNT_FIRST, .flags = FAMILY_INCH,
		.x_max = 4095, .y_max = 4095, .physical = 1000,
		.parts = { TIP(1), PAD(7), ID(8), XY(16), SIZES(8), PRESSURE(10), PAD(6) } },
	{ .name = "azimuth", .contacts = 2, .fingers = 4, .maximum = 4, .count = COUNT_FIRST,
		.x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), PAD(7), ID(8), XY(16), SIZES(8), AZIMUTH(16) } },
	{ .name = "azimuth-alone", .contacts = 2, .fingers = 2, .maximum = 2, .count = COUNT_FIRST,
		.x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), PAD(7), ID(8), XY(16), AZIMUTH(9), PAD(7) } },
	{ .name = "width", .contacts = 2, .fingers = 2, .maximum = 2, .count = COUNT_FIRST,
		.x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), PAD(7), ID(8), XY(16), WIDTH(8) } },
	{ .name = "bytes", .contacts = 2, .fingers = 2, .maximum = 2, .count = COUNT_FIRST,
		.parts = { TIP(1), PAD(7), ID(8), XY(8) } },
	{ .name = "packed", .report_id = 7, .contacts = 5, .fingers = 5, .maximum = 5, .count = COUNT_FIRST,
		.parts = { TIP(1), ID(4), XY(12), PRESSURE(5) } },
	{ .name = "negative", .contacts = 2, .fingers = 3, .maximum = 3, .count = COUNT_FIRST,
		.x_min = -2048, .x_max = 2047, .y_min = -300, .y_max = -10, .physical = 700,
		.parts = { TIP(1), PAD(7), ID(8), XY(16) } },
	{ .name = "centres", .report_id = 1, .contacts = 5, .fingers = 5, .maximum = 5, .count = COUNT_FIRST,
		.flags = FAMILY_CERTIFIED | FAMILY_SCAN_TIME | FAMILY_PUSH, .x_max = 4095, .y_max = 4095, .physical = 3000,
		.parts = { TIP(1), PAD(7), ID(8), CENTRES(16), SIZES(16) } },
	{ .name = "centres-counted", .contacts = 2, .fingers = 2, .maximum = 2, .count = COUNT_FIRST,
		.flags = FAMILY_CENTRE_COUNT, .x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), PAD(7), ID(8), CENTRES(16) } },
	{ .name = "others-in-front", .report_id = 1, .contacts = 5, .fingers = 5, .maximum = 5, .count = COUNT_FIRST,
		.flags = FAMILY_OTHERS, .x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), PAD(7), ID(8), XY(16) } },
	{ .name = "flat-range", .contacts = 3, .fingers = 3, .maximum = 3, .count = COUNT_FIRST,
		.flags = FAMILY_FLAT | FAMILY_RANGE | FAMILY_PUSH, .x_max = 4095, .y_max = 4095, .physical = 900,
		.parts = { TIP(1), PAD(7), ID(8), XY(16) } },
	{ .name = "list", .report_id = 3, .contacts = 2, .fingers = 2, .maximum = 2, .count = COUNT_FIRST,
		.flags = FAMILY_CERTIFIED | FAMILY_LIST, .x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), CONFIDENCE(1), IN_RANGE(1), PAD(5), ID(8), XY(16), SIZES(8), PRESSURE(8) } },
	{ .name = "few-slots", .contacts = 6, .fingers = 6, .maximum = 3, .count = COUNT_FIRST,
		.x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), PAD(7), ID(8), XY(16) } },
	{ .name = "few-slots-certified", .report_id = 1, .contacts = 2, .fingers = 6, .maximum = 3, .count = COUNT_FIRST,
		.flags = FAMILY_CERTIFIED | FAMILY_SCAN_TIME, .x_max = 4095, .y_max = 4095,
		.parts = { TIP(1), CONFIDENCE(1), PAD(6), ID(8), XY(16) } },
};
/* clang-format on */

const unsigned int num_families = sizeof(families) / sizeof(families[0]);

static const uint8_t usages[NUM_PARTS] = {
	[PART_TIP] = 0x42,
	[PART_CONFIDENCE] = 0x47,
	[PART_IN_RANGE] = 0x32,
	[PART_ID] = 0x51,
	[PART_X] = 0x30,
	[PART_Y] = 0x31,
	[PART_CENTRE_X] = 0x30,
	[PART_CENTRE_Y] = 0x31,
	[PART_WIDTH] = 0x48,
	[PART_HEIGHT] = 0x49,
	[PART_PRESSURE] = 0x30,
	[PART_AZIMUTH] = 0x3f,
};

const struct family *family_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < num_families; i++)
		if (strcmp(families[i].name, name) == 0)
			return &families[i];
	return NULL;
}

static const struct part *find_part(const struct family *family, enum part_kind kind)
{
	const struct part *part;

	for (part = family->parts; part->bits; part++)
		if (part->kind == kind)
			return part;
	return NULL;
}

bool family_has(const struct family *family, enum part_kind kind)
{
	return find_part(family, kind);
}

static bool is_position(enum part_kind kind)
{
	return kind >= PART_X && kind <= PART_CENTRE_Y;
}

static bool is_x(enum part_kind kind)
{
	return kind == PART_X || kind == PART_CENTRE_X;
}

static bool is_centre(enum part_kind kind)
{
	return kind == PART_CENTRE_X || kind == PART_CENTRE_Y;
}

void family_range(const struct family *family, enum part_kind kind, int32_t *min, int32_t *max)
{
	*min = 0;
	*max = (int32_t)((1u << find_part(family, kind)->bits) - 1);
	if (kind == PART_AZIMUTH)
		*max = 359;
	if (!is_position(kind) || !(family->x_max || family->x_min))
		return;
	*min = is_x(kind) ? family->x_min : family->y_min;
	*max = is_x(kind) ? family->x_max : family->y_max;
}

static void put_range(const struct family *family, enum part_kind kind, struct builder *b)
{
	int32_t min, max;

	family_range(family, kind, &min, &max);
	item(b, I_MIN, min);
	item(b, I_MAX, max);
	if (!is_position(kind) || !family->physical)
		return;
	item(b, I_UNIT, family->flags & FAMILY_INCH ? 0x13 : 0x11);
	item(b, I_EXPONENT, 0x0e);
	item(b, I_PHYS_MIN, 0);
	item(b, I_PHYS_MAX, is_x(kind) ? family->physical : family->physical / 2);
}

static void values(struct builder *b, unsigned int bits, unsigned int count, unsigned int flags)
{
	item(b, I_SIZE, bits);
	item(b, I_COUNT, count);
	item(b, I_INPUT, flags);
}

/* How many of the parts from @part on share its main item. */
static unsigned int neighbours(const struct family *family, const struct part *part)
{
	int32_t min, max, next_min, next_max;
	unsigned int count = 1;

	if (is_centre(part[1].kind) && part[1].bits)
		return 2;
	if ((family->flags & FAMILY_RANGE) && part->kind == PART_X)
		return 2;
	if (!(family->flags & FAMILY_LIST))
		return 1;
	family_range(family, part->kind, &min, &max);
	for (; part[count].bits == part->bits && part[count].kind < NUM_PARTS; count++) {
		family_range(family, part[count].kind, &next_min, &next_max);
		if (is_position(part[count].kind) != is_position(part->kind) || next_min != min || next_max != max)
			break;
	}
	return count;
}

static void build_part(const struct family *family, const struct part *part, unsigned int count, struct builder *b)
{
	bool push = (family->flags & FAMILY_PUSH) && is_position(part->kind);
	unsigned int i;

	if (push)
		item0(b, I_PUSH);
	item(b, I_PAGE, is_position(part->kind) ? PAGE_DESKTOP : PAGE_DIGITIZER);
	put_range(family, part->kind, b);
	if (count == 2 && (family->flags & FAMILY_RANGE) && part->kind == PART_X) {
		item(b, I_USAGE_MIN, usages[PART_X]);
		item(b, I_USAGE_MAX, usages[PART_Y]);
	} else {
		for (i = 0; i < count; i++)
			if (i == 0 || !is_centre(part[i].kind) || !(family->flags & FAMILY_CENTRE_COUNT))
				item(b, I_USAGE, usages[part[i].kind]);
	}
	values(b, part->bits, count, VARIABLE);
	if (push) {
		item0(b, I_POP);
	} else if (is_position(part->kind) && family->physical) {
		item(b, I_UNIT, 0);
		item(b, I_EXPONENT, 0);
		item(b, I_PHYS_MAX, 0);
	}
}

static void build_finger(const struct family *family, struct builder *b)
{
	const struct part *part = family->parts;
	unsigned int count;

	item(b, I_PAGE, PAGE_DIGITIZER);
	if (!(family->flags & FAMILY_FLAT)) {
		item(b, I_USAGE, 0x22);
		item(b, I_COLLECTION, 2);
	}
	for (; part->bits; part += count) {
		count = 1;
		if (part->kind == PART_PADDING) {
			values(b, part->bits, 1, CONSTANT);
			continue;
		}
		count = neighbours(family, part);
		build_part(family, part, count, b);
	}
	if (!(family->flags & FAMILY_FLAT))
		item0(b, I_END);
}

uint8_t family_feature_id(const struct family *family)
{
	return family->report_id ? family->report_id + 1 : 0;
}

static void build_features(const struct family *family, struct builder *b)
{
	item(b, I_SIZE, 8);
	item(b, I_MIN, 0);
	if (family->maximum) {
		if (family->report_id)
			item(b, I_ID, family_feature_id(family));
		item(b, I_COUNT, 1);
		item(b, I_MAX, family->maximum);
		item(b, I_USAGE, 0x55);
		item(b, I_FEATURE, VARIABLE);
	}
	if (family->flags & FAMILY_CERTIFIED) {
		item(b, I_PAGE, 0xff00);
		if (family->report_id)
			item(b, I_ID, family->report_id + 2);
		item(b, I_COUNT, 256);
		item(b, I_MAX, 255);
		item(b, I_USAGE, 0xc5);
		item(b, I_FEATURE, VARIABLE);
	}
}

void family_descriptor(const struct family *family, struct builder *b)
{
	unsigned int i;

	if (family->flags & FAMILY_OTHERS) {
		build_mouse(b, family->report_id + 10);
		build_pen(b, family->report_id + 11);
	}
	item(b, I_PAGE, PAGE_DIGITIZER);
	item(b, I_USAGE, 0x04);
	item(b, I_COLLECTION, 1);
	if (family->report_id)
		item(b, I_ID, family->report_id);
	for (i = 0; i < family->contacts; i++)
		build_finger(family, b);
	item(b, I_PAGE, PAGE_DIGITIZER);
	item(b, I_MIN, 0);
	if (family->count != COUNT_ABSENT) {
		item(b, I_MAX, 127);
		item(b, I_USAGE, 0x54);
		values(b, 8, 1, VARIABLE);
	}
	if (family->flags & FAMILY_SCAN_TIME) {
		item(b, I_MAX, 65535);
		item(b, I_USAGE, 0x56);
		values(b, 16, 1, VARIABLE);
	}
	build_features(family, b);
	item0(b, I_END);
}

static void put_bits(uint8_t *report, size_t *at, unsigned int bits, uint32_t value)
{
	unsigned int i;

	for (i = 0; i < bits; i++, (*at)++)
		if (value >> i & 1)
			report[*at / 8] |= (uint8_t)(1u << *at % 8);
}

size_t family_report(const struct family *family, const struct record *records, unsigned int num, unsigned int count,
	uint16_t scan_time, uint8_t *report)
{
	const struct part *part;
	unsigned int i;
	size_t at = 0;

	memset(report, 0, FAMILY_MAX_REPORT);
	if (family->report_id)
		put_bits(report, &at, 8, family->report_id);
	for (i = 0; i < family->contacts; i++)
		for (part = family->parts; part->bits; part++)
			put_bits(report, &at, part->bits,
				i < num && part->kind < NUM_PARTS ? (uint32_t)records[i].value[part->kind] : 0);
	if (family->count != COUNT_ABSENT)
		put_bits(report, &at, 8, count);
	if (family->flags & FAMILY_SCAN_TIME)
		put_bits(report, &at, 16, scan_time);
	return (at + 7) / 8;
}
