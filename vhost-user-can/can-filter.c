// SPDX-License-Identifier: MIT
#include "can-filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_DIGITS	8
#define EXTENDED_DIGITS 8

/* Up to eight hexadecimal digits; returns how many there were. */
static unsigned int parse_hex(const char *text, canid_t *value)
{
	unsigned int digits = 0;

	for (*value = 0; digits <= MAX_DIGITS; digits++) {
		char c = text[digits];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (canid_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			*value = *value << 4 | (canid_t)((c | 0x20) - 'a' + 10);
		else
			break;
	}
	return digits;
}

/* One ID:MASK or ID~MASK of @len bytes. */
static int parse_one(const char *text, size_t len, struct can_filter *filter)
{
	unsigned int digits = parse_hex(text, &filter->can_id), mask_digits;
	char sign = text[digits];

	if (!digits || digits > MAX_DIGITS || (sign != ':' && sign != '~'))
		return -EINVAL;
	mask_digits = parse_hex(text + digits + 1, &filter->can_mask);
	if (!mask_digits || mask_digits > MAX_DIGITS || digits + 1 + mask_digits != len)
		return -EINVAL;
	/* error frames are no frames of the driver's */
	filter->can_mask &= ~CAN_ERR_FLAG;
	filter->can_id &= ~CAN_INV_FILTER;
	if (digits == EXTENDED_DIGITS)
		filter->can_id |= CAN_EFF_FLAG;
	if (sign == '~')
		filter->can_id |= CAN_INV_FILTER;
	return 0;
}

int can_filters_parse(struct can_filters *filters, const char *text, char *error, size_t size)
{
	for (;; text++) {
		size_t len = strcspn(text, ",");

		if (len == 1 && (*text | 0x20) == 'j') {
			filters->join = true;
		} else if (filters->count == CAN_MAX_FILTERS) {
			snprintf(error, size, "more than %d filters", CAN_MAX_FILTERS);
			return -EINVAL;
		} else if (parse_one(text, len, &filters->list[filters->count])) {
			snprintf(error, size,
				"\"%.*s\" is no filter: write ID:MASK or ID~MASK in hexadecimal digits, eight of ID for extended frames",
				(int)(len < 40 ? len : 40), text);
			return -EINVAL;
		} else {
			filters->count++;
		}
		text += len;
		if (!*text)
			return 0;
	}
}

static bool passes(const struct can_filter *filter, canid_t id)
{
	bool match = (id & filter->can_mask) == (filter->can_id & ~CAN_INV_FILTER & filter->can_mask);

	return match != !!(filter->can_id & CAN_INV_FILTER);
}

bool can_filters_pass(const struct can_filters *filters, canid_t id)
{
	for (unsigned int i = 0; i < filters->count; i++) {
		if (passes(&filters->list[i], id) != filters->join)
			return !filters->join;
	}
	return filters->join || !filters->count;
}
