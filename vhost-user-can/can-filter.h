/* SPDX-License-Identifier: MIT */
/*
 * The text of --filter, in the words of can-utils (candump(1)), and what it lets through.
 *
 *	FILTERS := FILTER[,FILTER]...
 *	FILTER  := ID:MASK	passes when received id & MASK == ID & MASK
 *		 | ID~MASK	passes when it is not
 *		 | j | J	frames have to pass all filters, not one of them
 *
 * Hexadecimal; eight digits of ID mean an extended frame. As in the kernel the two upper
 * bits of MASK say whether kind (extended, remote) matters.
 *
 * The kernel's own filters (CAN_RAW_FILTER) are not used: they would also hide the
 * frames that the daemon waits for to acknowledge its own.
 */
#ifndef CAN_FILTER_H
#define CAN_FILTER_H

#include <linux/can.h>
#include <stdbool.h>
#include <stddef.h>

#define CAN_MAX_FILTERS 64

struct can_filters {
	struct can_filter list[CAN_MAX_FILTERS]; /* can_id with CAN_INV_FILTER: the other way round */
	unsigned int count; /* 0: all frames pass */
	bool join;
};

/* Adds to @filters. 0, or -EINVAL with a sentence without its full stop in @error. */
int can_filters_parse(struct can_filters *filters, const char *text, char *error, size_t size);
bool can_filters_pass(const struct can_filters *filters, canid_t id);

#endif /* CAN_FILTER_H */
