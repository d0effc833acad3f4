/* SPDX-License-Identifier: MIT */
/*
 * A HID report descriptor as a table of fields (Device Class Definition for HID
 * 1.11, sections 5.4 to 6.2.2). The descriptor comes from a device that anybody
 * can build and plug in: nothing in it is believed before it was checked, and
 * the cost of parsing is bounded by its size and the limits below.
 */
#ifndef HID_PARSER_H
#define HID_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HID_MAX_DESCRIPTOR  4096 /* bytes; Linux hands out no more (HID_MAX_DESCRIPTOR_SIZE) */
#define HID_MAX_FIELDS	    1024 /* a panel of ten contacts has about a hundred */
#define HID_MAX_COLLECTIONS 256
#define HID_MAX_REPORT	    16384 /* bytes of one report */

/* A usage with its page, as in the HID Usage Tables. */
#define HID_USAGE(page, id) ((uint32_t)(page) << 16 | (id))

enum hid_kind {
	HID_INPUT,
	HID_OUTPUT,
	HID_FEATURE,
	HID_NUM_KINDS,
};

/* Bits of the Input, Output and Feature items (section 6.2.2.5). */
enum hid_flag {
	HID_CONSTANT = 1 << 0,
	HID_VARIABLE = 1 << 1,
	HID_RELATIVE = 1 << 2,
	HID_NULL_STATE = 1 << 6,
};

/**
 * struct hid_field - a run of equal values with one usage
 * @usage: what the values mean; for an array (no HID_VARIABLE) the first usage of its range
 * @kind: in which kind of report it travels
 * @report_id: 0 when the device does not number its reports
 * @flags: enum hid_flag
 * @collection: index of the innermost collection, -1 outside of all
 * @bit_offset: of the first value, from the byte after the report id
 * @bits: of one value, 1 to 256; only values of up to 32 bits can be read
 * @count: values of this usage, one after the other
 * @min, @max: logical range; negative @min means that the values are signed
 * @physical_min, @physical_max: the same range in @unit times ten to @exponent
 */
struct hid_field {
	uint32_t usage;
	enum hid_kind kind;
	uint8_t report_id;
	uint16_t flags;
	int collection;
	uint32_t bit_offset;
	uint32_t bits;
	uint32_t count;
	int64_t min;
	int64_t max;
	int64_t physical_min;
	int64_t physical_max;
	uint32_t unit;
	int exponent;
};

enum hid_collection_type {
	HID_COLLECTION_PHYSICAL = 0,
	HID_COLLECTION_APPLICATION = 1,
	HID_COLLECTION_LOGICAL = 2,
};

/* @parent is an index, always smaller than the collection's own; -1 at the top. */
struct hid_collection {
	uint32_t usage;
	unsigned int type;
	int parent;
};

/**
 * struct hid_table - all fields of a device; never changes after hid_parse()
 * @numbered: reports start with a byte that holds their id (section 5.6)
 * @bits: length of each report without the id, 0 for reports that do not exist
 */
struct hid_table {
	bool numbered;
	unsigned int num_fields;
	unsigned int num_collections;
	struct hid_field fields[HID_MAX_FIELDS];
	struct hid_collection collections[HID_MAX_COLLECTIONS];
	uint32_t bits[HID_NUM_KINDS][256];
};

/* What is wrong with a descriptor, as the end of a sentence. */
struct hid_error {
	char text[320];
};

/**
 * hid_parse - read a report descriptor
 * @data: the descriptor, @size bytes of it; not kept
 * @table: the caller's, to be freed with hid_table_free()
 * @error: filled in unless 0 is returned
 *
 * Returns 0, -EINVAL (malformed), -E2BIG (beyond a limit above) or -ENOMEM.
 */
int hid_parse(const uint8_t *data, size_t size, struct hid_table **table, struct hid_error *error);
void hid_table_free(struct hid_table *table); /* NULL is fine */

/**
 * hid_field_get - read one value of a report
 * @payload: the report after its id, @size bytes
 * @index: which value, below @field->count
 *
 * Returns 0 or -EMSGSIZE when the report is too short, -EINVAL when the field
 * has no such value or its values have more than 32 bits.
 */
int hid_field_get(
	const struct hid_field *field, unsigned int index, const uint8_t *payload, size_t size, int64_t *value);

#endif /* HID_PARSER_H */
