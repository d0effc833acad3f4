/* SPDX-License-Identifier: MIT */
/*
 * The families of multitouch descriptors that are in the field, as panels that do not exist: one table for the unit
 * tests, the fuzzer's first inputs and the comparison with hid-multitouch.
 */
#ifndef TEST_FAMILIES_H
#define TEST_FAMILIES_H

#include "tests/unit/hid-builder.h"

#define FAMILY_MAX_PARTS  14
#define FAMILY_MAX_REPORT 256

/* What a finger's fields mean, in the order of struct record's values. */
enum part_kind {
	PART_TIP,
	PART_CONFIDENCE,
	PART_IN_RANGE,
	PART_ID,
	PART_X,
	PART_Y,
	PART_CENTRE_X, /* right behind PART_X */
	PART_CENTRE_Y,
	PART_WIDTH,
	PART_HEIGHT,
	PART_PRESSURE,
	PART_AZIMUTH,
	NUM_PARTS,
	PART_PADDING,
};

struct part {
	enum part_kind kind;
	unsigned int bits; /* 0: end of the list */
};

enum count_mode {
	COUNT_ABSENT,
	COUNT_FIRST, /* in the first report of a frame; the others say zero */
	COUNT_EACH, /* the frame's number in each of its reports */
};

enum family_flag {
	FAMILY_CERTIFIED = 1 << 0, /* has Microsoft's blob */
	FAMILY_SCAN_TIME = 1 << 1,
	FAMILY_FLAT = 1 << 2, /* no collection around each finger */
	FAMILY_LIST = 1 << 3, /* neighbours of one size and range share a main item */
	FAMILY_RANGE = 1 << 4, /* X and Y by Usage Minimum and Maximum */
	FAMILY_PUSH = 1 << 5, /* the position's units between Push and Pop */
	FAMILY_CENTRE_COUNT = 1 << 6, /* the centre by a Report Count of two, not by a second usage */
	FAMILY_OTHERS = 1 << 7, /* a mouse and a pen in front */
	FAMILY_INCH = 1 << 8,
};

/**
 * struct family - one panel
 * @maximum: feature Contact Count Maximum; 0: there is none
 * @fingers: that it tracks; more than @maximum shows what becomes of fingers without a slot
 * @contacts: in one report
 * @x_min ... @y_max: logical ranges; all zero: 0 to all that the bits hold
 * @physical: length of X in hundredths of a centimetre or inch, of Y half as much; 0: not told
 */
struct family {
	const char *name;
	uint8_t report_id;
	unsigned int contacts;
	unsigned int fingers;
	unsigned int maximum;
	enum count_mode count;
	unsigned int flags;
	int x_min, x_max, y_min, y_max;
	int physical;
	struct part parts[FAMILY_MAX_PARTS];
};

/* What one place of a report says. */
struct record {
	int32_t value[NUM_PARTS];
};

extern const struct family families[];
extern const unsigned int num_families;

const struct family *family_find(const char *name); /* NULL: there is none */
bool family_has(const struct family *family, enum part_kind kind);
/* The logical range of a field that the family has. */
void family_range(const struct family *family, enum part_kind kind, int32_t *min, int32_t *max);

void family_descriptor(const struct family *family, struct builder *b);

/* The id of its feature reports (0: not numbered), of which Contact Count Maximum is the first value. */
uint8_t family_feature_id(const struct family *family);

/* One report, with its id; places beyond @num are zero. Returns its size. */
size_t family_report(const struct family *family, const struct record *records, unsigned int num, unsigned int count,
	uint16_t scan_time, uint8_t *report);

#endif /* TEST_FAMILIES_H */
