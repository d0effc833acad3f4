/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_FEATURE_H
#define DEMO_DUMMY_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Feature reports of the Matrix Orbital HTT panels that the dummy knows. */
enum feature_id {
	FEATURE_CONTACT_MAX = 2,
	FEATURE_DRIVER = 4, /* touch controller family */
	FEATURE_SENSITIVITY = 7, /* 0 normal, 1 high, 2 extra; setting it reboots the panel */
	FEATURE_ROTATION = 8, /* quarters of a turn */
	FEATURE_FIRMWARE = 9, /* revision, 32 bits little endian */
	FEATURE_THRESHOLD = 26, /* 16 bits big endian */
};

/* What the panel keeps over a reboot. */
struct features {
	uint8_t contact_max;
	uint8_t driver;
	uint8_t sensitivity;
	uint8_t rotation;
	uint32_t firmware;
	uint16_t threshold;
};

void features_init(struct features *features);

/*
 * GET_REPORT: writes report @id with its id byte into @buffer.
 * Returns its length, -ENXIO for an unknown id, -ENOSPC when @size is too small.
 */
int features_get(const struct features *features, uint8_t id, uint8_t *buffer, size_t size);

/*
 * SET_REPORT of @size bytes at @data, id byte first.  Returns 0, -ENXIO for an
 * unknown id, -EPERM for one that cannot be set, -EINVAL for a wrong length or
 * value.  @reboot tells whether the panel now reboots.
 */
int features_set(struct features *features, const uint8_t *data, size_t size, bool *reboot);

#endif
