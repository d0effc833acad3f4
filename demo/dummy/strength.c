// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "strength.h"

static const struct {
	const char *name;
	unsigned int level; /* the least sensitive one that feels it */
	struct touch_shape shape;
} strengths[STRENGTH_COUNT] = {
	[STRENGTH_BARE] = { "bare", 0, { .width = 40, .height = 48, .pressure = 120 } },
	/* Cloth spreads a finger and takes most of its signal. */
	[STRENGTH_GLOVE] = { "glove", 1, { .width = 52, .height = 60, .pressure = 60 } },
	[STRENGTH_TWO_GLOVES] = { "two-gloves", 2, { .width = 60, .height = 70, .pressure = 30 } },
	[STRENGTH_WATER] = { "water", 2, { .width = 12, .height = 14, .pressure = 20 } },
};

const char *strength_name(enum touch_strength strength)
{
	return strengths[strength].name;
}

int strength_find(const char *name, size_t length)
{
	int i;

	for (i = 0; i < STRENGTH_COUNT; i++)
		if (strlen(strengths[i].name) == length && memcmp(strengths[i].name, name, length) == 0)
			return i;
	return -ENOENT;
}

bool strength_felt(enum touch_strength strength, unsigned int level)
{
	return level >= strengths[strength].level;
}

const struct touch_shape *strength_shape(enum touch_strength strength)
{
	return &strengths[strength].shape;
}
