// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hid-parser.h"

/* Linux refuses more as well (hid_parser_global(), hid_add_field()). */
#define MAX_BITS   256
#define MAX_VALUES 12288
/* Pairs of usages of one main item; no device in the field comes near. */
#define MAX_USAGES 256
#define MAX_PUSHED 8

#define LONG_ITEM 0xfe

enum item_type {
	TYPE_MAIN,
	TYPE_GLOBAL,
	TYPE_LOCAL,
};

/* Tags are numbered for each type (section 6.2.2.4 onwards). */
enum item_tag {
	MAIN_INPUT = 8,
	MAIN_OUTPUT = 9,
	MAIN_COLLECTION = 10,
	MAIN_FEATURE = 11,
	MAIN_END_COLLECTION = 12,

	GLOBAL_USAGE_PAGE = 0,
	GLOBAL_LOGICAL_MIN = 1,
	GLOBAL_LOGICAL_MAX = 2,
	GLOBAL_PHYSICAL_MIN = 3,
	GLOBAL_PHYSICAL_MAX = 4,
	GLOBAL_EXPONENT = 5,
	GLOBAL_UNIT = 6,
	GLOBAL_REPORT_SIZE = 7,
	GLOBAL_REPORT_ID = 8,
	GLOBAL_REPORT_COUNT = 9,
	GLOBAL_PUSH = 10,
	GLOBAL_POP = 11,

	LOCAL_USAGE = 0,
	LOCAL_USAGE_MIN = 1,
	LOCAL_USAGE_MAX = 2,
	LOCAL_DELIMITER = 10,
};

struct item {
	unsigned int type;
	unsigned int tag;
	unsigned int size; /* of the data */
	uint32_t value;
	int32_t svalue; /* the same, sign-extended */
};

/* A number whose sign is only known once the minimum is: see resolve_max(). */
struct limit {
	uint32_t value;
	int32_t svalue;
};

struct globals {
	uint32_t page;
	int32_t min;
	struct limit max;
	int32_t physical_min;
	struct limit physical_max;
	int exponent;
	uint32_t unit;
	uint32_t bits;
	uint32_t count;
	uint8_t report_id;
};

/* A usage of less than four bytes lacks its page, which is the one in force at the main item. */
struct usage_range {
	uint32_t first;
	uint32_t last;
	bool has_page;
};

struct parser {
	const uint8_t *data;
	size_t size;
	size_t offset; /* of the item being looked at */
	size_t next;
	struct hid_table *table;
	struct hid_error *error;
	struct globals global;
	struct globals pushed[MAX_PUSHED];
	unsigned int num_pushed;
	struct usage_range usages[MAX_USAGES];
	unsigned int num_usages;
	bool range_open; /* a Usage Minimum waits for its maximum */
	bool delimited;
	unsigned int alternatives; /* usages of the current delimited set */
	int collection;
};

static int __attribute__((format(printf, 3, 4))) fail(struct parser *parser, int code, const char *fmt, ...)
{
	char what[100];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(parser->error->text, sizeof(parser->error->text), "%s at byte %zu", what, parser->offset);
	return code;
}

static bool next_is_there(struct parser *parser)
{
	return parser->next < parser->size;
}

/* Reads the item at parser->next; long items are stepped over, none is defined (section 6.2.2.3). */
static int read_item(struct parser *parser, struct item *item)
{
	const uint8_t *at = parser->data + parser->next;
	size_t left = parser->size - parser->next;
	size_t length;
	uint32_t sign;
	unsigned int i;

	parser->offset = parser->next;
	memset(item, 0, sizeof(*item));
	if (at[0] == LONG_ITEM) {
		length = left < 2 ? 3 : 3 + (size_t)at[1];
		item->type = TYPE_LOCAL + 1;
	} else {
		item->size = (1u << (at[0] & 3)) >> 1; /* 0, 1, 2, 4 */
		item->type = at[0] >> 2 & 3;
		item->tag = at[0] >> 4;
		length = 1 + item->size;
	}
	if (length > left)
		return fail(parser, -EINVAL, "an item of %zu bytes is cut off after %zu", length, left);
	for (i = 0; i < item->size; i++)
		item->value |= (uint32_t)at[1 + i] << 8 * i;
	sign = item->size ? 1u << (8 * item->size - 1) : 0;
	item->svalue = (int32_t)((item->value ^ sign) - sign);
	parser->next += length;
	return 0;
}

/*
 * Four bits of two's complement says the specification; descriptors with a full
 * signed byte or word exist too, and do not collide with it.
 */
static int decode_exponent(const struct item *item)
{
	if (item->value & ~0xfu)
		return item->svalue < -8 || item->svalue > 7 ? 0 : item->svalue;
	return item->value > 7 ? (int)item->value - 16 : (int)item->value;
}

static int push_globals(struct parser *parser)
{
	if (parser->num_pushed == MAX_PUSHED)
		return fail(parser, -E2BIG, "Push number %u", MAX_PUSHED + 1);
	parser->pushed[parser->num_pushed++] = parser->global;
	return 0;
}

static int pop_globals(struct parser *parser)
{
	if (parser->num_pushed == 0)
		return fail(parser, -EINVAL, "Pop without Push");
	parser->global = parser->pushed[--parser->num_pushed];
	return 0;
}

static int set_report_id(struct parser *parser, const struct item *item)
{
	if (item->value == 0 || item->value > 255)
		return fail(parser, -EINVAL, "report id %u is not between 1 and 255", item->value);
	parser->global.report_id = item->value;
	parser->table->numbered = true;
	return 0;
}

static int set_report_shape(struct parser *parser, const struct item *item)
{
	if (item->tag == GLOBAL_REPORT_SIZE) {
		if (item->value > MAX_BITS)
			return fail(parser, -E2BIG, "report size %u is larger than %u bits", item->value, MAX_BITS);
		parser->global.bits = item->value;
		return 0;
	}
	if (item->value > MAX_VALUES)
		return fail(parser, -E2BIG, "report count %u is larger than %u", item->value, MAX_VALUES);
	parser->global.count = item->value;
	return 0;
}

static int global_item(struct parser *parser, const struct item *item)
{
	struct limit limit = { item->value, item->svalue };

	switch (item->tag) {
	case GLOBAL_USAGE_PAGE: parser->global.page = item->value & 0xffff; return 0;
	case GLOBAL_LOGICAL_MIN: parser->global.min = item->svalue; return 0;
	case GLOBAL_LOGICAL_MAX: parser->global.max = limit; return 0;
	case GLOBAL_PHYSICAL_MIN: parser->global.physical_min = item->svalue; return 0;
	case GLOBAL_PHYSICAL_MAX: parser->global.physical_max = limit; return 0;
	case GLOBAL_EXPONENT: parser->global.exponent = decode_exponent(item); return 0;
	case GLOBAL_UNIT: parser->global.unit = item->value; return 0;
	case GLOBAL_REPORT_SIZE:
	case GLOBAL_REPORT_COUNT: return set_report_shape(parser, item);
	case GLOBAL_REPORT_ID: return set_report_id(parser, item);
	case GLOBAL_PUSH: return push_globals(parser);
	case GLOBAL_POP: return pop_globals(parser);
	default: return 0; /* reserved: Linux and Windows ignore them */
	}
}

static int add_usage(struct parser *parser, const struct item *item)
{
	struct usage_range *range;

	/* Of a delimited set of alternatives the first is the preferred one (section 6.2.2.8). */
	if (parser->delimited && parser->alternatives++ > 0)
		return 0;
	if (parser->num_usages == MAX_USAGES)
		return fail(parser, -E2BIG, "more than %u usages for one item", MAX_USAGES);
	range = &parser->usages[parser->num_usages++];
	range->first = item->value;
	range->last = item->value;
	range->has_page = item->size == 4;
	return 0;
}

static int end_usage_range(struct parser *parser, const struct item *item)
{
	struct usage_range *range;

	if (parser->delimited && parser->alternatives > 1)
		return 0;
	if (!parser->range_open)
		return fail(parser, -EINVAL, "Usage Maximum without Usage Minimum");
	range = &parser->usages[parser->num_usages - 1];
	if (item->value < range->first || (item->size == 4) != range->has_page)
		return fail(parser, -EINVAL, "Usage Maximum 0x%x does not fit Usage Minimum 0x%x", item->value,
			range->first);
	range->last = item->value;
	parser->range_open = false;
	return 0;
}

static int local_item(struct parser *parser, const struct item *item)
{
	int ret;

	switch (item->tag) {
	case LOCAL_USAGE: return add_usage(parser, item);
	case LOCAL_USAGE_MIN:
		ret = add_usage(parser, item);
		parser->range_open = !ret && !(parser->delimited && parser->alternatives > 1);
		return ret;
	case LOCAL_USAGE_MAX: return end_usage_range(parser, item);
	case LOCAL_DELIMITER:
		if ((item->value == 1) == parser->delimited)
			return fail(parser, -EINVAL, "delimiters do not match");
		parser->delimited = item->value == 1;
		parser->alternatives = 0;
		return 0;
	default: return 0; /* designators and strings */
	}
}

static uint32_t full_usage(const struct parser *parser, const struct usage_range *range, uint32_t step)
{
	if (range->has_page)
		return range->first + step;
	return HID_USAGE(parser->global.page, (range->first + step) & 0xffff);
}

static void forget_locals(struct parser *parser)
{
	parser->num_usages = 0;
	parser->range_open = false;
	parser->delimited = false;
}

static int open_collection(struct parser *parser, const struct item *item)
{
	struct hid_table *table = parser->table;
	struct hid_collection *collection;

	if (table->num_collections == HID_MAX_COLLECTIONS)
		return fail(parser, -E2BIG, "more than %u collections", HID_MAX_COLLECTIONS);
	collection = &table->collections[table->num_collections];
	collection->usage = parser->num_usages ? full_usage(parser, &parser->usages[0], 0) : 0;
	collection->type = item->value;
	collection->parent = parser->collection;
	parser->collection = (int)table->num_collections++;
	return 0;
}

static int close_collection(struct parser *parser)
{
	if (parser->collection < 0)
		return fail(parser, -EINVAL, "End Collection without Collection");
	parser->collection = parser->table->collections[parser->collection].parent;
	return 0;
}

/* The maximum is a signed number only where the minimum is negative: "25 ff" after "15 00" is 255. */
static int64_t resolve_max(int32_t min, struct limit max)
{
	return min < 0 ? (int64_t)max.svalue : (int64_t)max.value;
}

static int append_field(struct parser *parser, const struct hid_field *field)
{
	struct hid_table *table = parser->table;

	if (table->num_fields == HID_MAX_FIELDS)
		return fail(parser, -E2BIG, "more than %u fields", HID_MAX_FIELDS);
	table->fields[table->num_fields++] = *field;
	return 0;
}

/*
 * One field for each usage; the last usage stands for all values that are left
 * (section 6.2.2.8), so that a vendor's blob of 4000 bytes is one field.
 */
static int append_variables(struct parser *parser, struct hid_field *field, uint32_t values)
{
	unsigned int i;
	int ret;

	for (i = 0; i < parser->num_usages; i++) {
		const struct usage_range *range = &parser->usages[i];
		uint32_t step, steps = range->last - range->first;

		for (step = 0; step <= steps && values > 0; step++) {
			bool last = i + 1 == parser->num_usages && step == steps;

			field->usage = full_usage(parser, range, step);
			field->count = last ? values : 1;
			ret = append_field(parser, field);
			if (ret)
				return ret;
			field->bit_offset += field->count * field->bits;
			values -= field->count;
		}
	}
	return 0;
}

static int data_item(struct parser *parser, const struct item *item, enum hid_kind kind)
{
	const struct globals *global = &parser->global;
	uint32_t *length = &parser->table->bits[kind][global->report_id];
	struct hid_field field = {
		.kind = kind,
		.report_id = global->report_id,
		.flags = item->value & 0xffff,
		.collection = parser->collection,
		.bit_offset = *length,
		.bits = global->bits,
		.min = global->min,
		.max = resolve_max(global->min, global->max),
		.physical_min = global->physical_min,
		.physical_max = resolve_max(global->physical_min, global->physical_max),
		.unit = global->unit,
		.exponent = global->exponent,
	};
	uint32_t bits = global->bits * global->count; /* both are bounded: no overflow */

	if (bits > HID_MAX_REPORT * 8 - *length)
		return fail(parser, -E2BIG, "report %u is longer than %u bytes", global->report_id, HID_MAX_REPORT);
	*length += bits;
	if (bits == 0 || parser->num_usages == 0 || (field.flags & HID_CONSTANT))
		return 0; /* padding */
	if (field.flags & HID_VARIABLE)
		return append_variables(parser, &field, global->count);
	field.usage = full_usage(parser, &parser->usages[0], 0);
	field.count = global->count;
	return append_field(parser, &field);
}

static int main_item(struct parser *parser, const struct item *item)
{
	int ret = 0;

	switch (item->tag) {
	case MAIN_INPUT: ret = data_item(parser, item, HID_INPUT); break;
	case MAIN_OUTPUT: ret = data_item(parser, item, HID_OUTPUT); break;
	case MAIN_FEATURE: ret = data_item(parser, item, HID_FEATURE); break;
	case MAIN_COLLECTION: ret = open_collection(parser, item); break;
	case MAIN_END_COLLECTION: ret = close_collection(parser); break;
	}
	forget_locals(parser);
	return ret;
}

static int parse_items(struct parser *parser)
{
	struct item item;
	int ret = 0;

	while (!ret && next_is_there(parser)) {
		ret = read_item(parser, &item);
		if (ret)
			break;
		if (item.type == TYPE_MAIN)
			ret = main_item(parser, &item);
		else if (item.type == TYPE_GLOBAL)
			ret = global_item(parser, &item);
		else if (item.type == TYPE_LOCAL)
			ret = local_item(parser, &item);
	}
	if (ret)
		return ret;
	parser->offset = parser->size;
	if (parser->collection >= 0)
		return fail(parser, -EINVAL, "the end is missing: a collection is still open");
	return 0;
}

int hid_parse(const uint8_t *data, size_t size, struct hid_table **table, struct hid_error *error)
{
	struct parser *parser;
	int ret;

	*table = NULL;
	snprintf(error->text, sizeof(error->text), "out of memory");
	parser = calloc(1, sizeof(*parser));
	if (!parser)
		return -ENOMEM;
	*parser = (struct parser) { .data = data, .size = size, .error = error, .collection = -1 };
	parser->table = calloc(1, sizeof(*parser->table));
	if (!parser->table)
		ret = -ENOMEM;
	else if (size == 0 || size > HID_MAX_DESCRIPTOR)
		ret = fail(parser, -EINVAL, "%zu bytes are not between 1 and %u", size, HID_MAX_DESCRIPTOR);
	else
		ret = parse_items(parser);
	if (ret)
		hid_table_free(parser->table);
	else
		*table = parser->table;
	free(parser);
	return ret;
}

void hid_table_free(struct hid_table *table)
{
	free(table);
}
