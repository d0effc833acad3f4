/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_STRENGTH_H
#define DEMO_DUMMY_STRENGTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How much of a touch gets through to the glass.  A controller reports what is
 * stronger than its sensitivity asks for; a more sensitive one feels fingers in
 * gloves, and at last what nobody wants: drops of water.
 */
enum touch_strength {
	STRENGTH_BARE, /* a finger */
	STRENGTH_GLOVE,
	STRENGTH_TWO_GLOVES, /* one over the other */
	STRENGTH_WATER, /* a drop */
	STRENGTH_COUNT,
};

/* What a touch looks like, in the units of report descriptors with geometry: 0..255. */
struct touch_shape {
	uint8_t width;
	uint8_t height;
	uint8_t pressure;
};

/* "bare", "glove", "two-gloves", "water". */
const char *strength_name(enum touch_strength strength);

/* The strength of that name of @length characters, or -ENOENT. */
int strength_find(const char *name, size_t length);

/* Whether a panel at @level (0 normal, 1 high, 2 extra) reports such a touch. */
bool strength_felt(enum touch_strength strength, unsigned int level);

const struct touch_shape *strength_shape(enum touch_strength strength);

#endif
