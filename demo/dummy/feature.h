/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_FEATURE_H
#define DEMO_DUMMY_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Feature reports of the Matrix Orbital HTT panels; feature.c has their lengths and ranges. */
enum feature_id {
	FEATURE_CONTACT_MAX = 2,
	FEATURE_DRIVER = 4, /* touch controller family, enum touch_driver */
	FEATURE_SENSITIVITY = 7, /* 0 normal, 1 high, 2 extra; setting it reboots the panel */
	FEATURE_ROTATION = 8, /* quarters of a turn */
	FEATURE_FIRMWARE = 9, /* revision, 32 bits little endian */
	FEATURE_BACKLIGHT = 10, /* level, save */
	FEATURE_HAPTIC = 11, /* tenths of a second */
	FEATURE_PIEZO = 12, /* tenths of a second */
	FEATURE_FEEDBACK = 15, /* what a touch does: bit 0 vibration, bit 1 sound */
	FEATURE_DIMMING = 16, /* four levels, four times in seconds (big endian) */
	FEATURE_CALIBRATE = 17,
	FEATURE_FADE = 18, /* milliseconds (big endian), save */
	FEATURE_FACTORY_RESET = 19, /* reboots the panel, too */
	FEATURE_ALARM = 20, /* kind, tenths of a second (big endian), flashes */
	FEATURE_THRESHOLD = 26, /* 16 bits big endian */
};

/* As the panel numbers them; the levels of sensitivity differ. */
enum touch_driver {
	DRIVER_NONE,
	DRIVER_RESISTIVE,
	DRIVER_MXT, /* normal, high and extra */
	DRIVER_GT9XX, /* normal and high */
	DRIVER_FT5XX,
	DRIVER_ILI25XX,
	DRIVER_COUNT,
};

#define FEATURE_REPORTS	    15
#define FEATURE_MAX_PAYLOAD 12 /* bytes of the longest report without its id */

typedef uint8_t feature_values[FEATURE_REPORTS][FEATURE_MAX_PAYLOAD];

/* The panel's settings; one feature_values row a report, in the order of the table in feature.c. */
struct features {
	enum touch_driver driver;
	bool forgetful; /* a new sensitivity reboots the panel and is not kept */
	feature_values now;
	feature_values kept; /* what is left after a reboot */
};

/* A panel fresh from the factory. */
void features_init(struct features *features, enum touch_driver driver, bool forgetful);

/* What a reboot or an unplug does: settings that were not saved are lost. */
void features_restart(struct features *features);

/*
 * GET_REPORT: writes report @id with its id byte into @buffer.
 * Returns its length, -ENXIO for an unknown id, -EACCES for one that cannot be
 * read, -ENOSPC when @size is too small.
 */
int features_get(const struct features *features, uint8_t id, uint8_t *buffer, size_t size);

/*
 * SET_REPORT of @size bytes at @data, id byte first.  Returns 0, -ENXIO for an
 * unknown id, -EPERM for one that cannot be set, -EINVAL for a wrong length or
 * value.  @reboot tells whether the panel now reboots.
 */
int features_set(struct features *features, const uint8_t *data, size_t size, bool *reboot);

unsigned int features_sensitivity(const struct features *features);
unsigned int features_rotation(const struct features *features);

/* The family of that name (none, resistive, mxt, ...), or -ENOENT. */
int features_find_driver(const char *name);

#endif
