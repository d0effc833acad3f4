// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "descriptors.h"
#include "feature.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

enum access {
	READ = 1,
	WRITE = 2,
	READ_WRITE = READ | WRITE,
};

/* A byte's place in the payload that says "save": what comes with 0 there is lost with the next reboot. */
#define ALWAYS_SAVED 0

#define ANY 0xff

/* One report; lengths and places count the payload, without the id byte. */
struct feature_kind {
	uint8_t id;
	uint8_t size;
	uint8_t access;
	uint8_t save_at;
	bool reboots;
	uint8_t max[FEATURE_MAX_PAYLOAD]; /* of each byte when it is set */
	uint8_t factory[FEATURE_MAX_PAYLOAD];
};

/* clang-format off */
static const struct feature_kind kinds[FEATURE_REPORTS] = {
	{ .id = FEATURE_CONTACT_MAX, .size = 1, .access = READ, .factory = { PANEL_MAX_CONTACTS } },
	{ .id = FEATURE_DRIVER, .size = 1, .access = READ }, /* features_init() fills it */
	{ .id = FEATURE_SENSITIVITY, .size = 1, .access = READ_WRITE, .reboots = true, .max = { 2 } },
	{ .id = FEATURE_ROTATION, .size = 1, .access = READ_WRITE, .max = { 3 } },
	{ .id = FEATURE_FIRMWARE, .size = 4, .access = READ, .factory = { 0x05, 0x01 } },
	{ .id = FEATURE_BACKLIGHT, .size = 2, .access = READ_WRITE, .save_at = 1, .max = { ANY, 1 }, .factory = { 255 } },
	{ .id = FEATURE_HAPTIC, .size = 1, .access = WRITE, .max = { 100 } },
	{ .id = FEATURE_PIEZO, .size = 1, .access = WRITE, .max = { 100 } },
	{ .id = FEATURE_FEEDBACK, .size = 1, .access = READ_WRITE, .max = { 3 } },
	{ .id = FEATURE_DIMMING, .size = 12, .access = READ_WRITE,
	  .max = { ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY }, .factory = { 255, 255, 255, 255 } },
	{ .id = FEATURE_CALIBRATE, .size = 1, .access = WRITE },
	{ .id = FEATURE_FADE, .size = 3, .access = READ_WRITE, .save_at = 2, .max = { ANY, ANY, 1 }, .factory = { 0, 200 } },
	{ .id = FEATURE_FACTORY_RESET, .size = 1, .access = WRITE, .reboots = true },
	{ .id = FEATURE_ALARM, .size = 4, .access = WRITE, .max = { 17, ANY, ANY, 10 } },
	{ .id = FEATURE_THRESHOLD, .size = 2, .access = READ_WRITE, .max = { ANY, ANY }, .factory = { 0x01, 0x2c } },
};
/* clang-format on */

static const struct {
	const char *name;
	unsigned int levels; /* of sensitivity, normal first; 0: it cannot be set */
} drivers[DRIVER_COUNT] = {
	[DRIVER_NONE] = { "none", 0 },
	[DRIVER_RESISTIVE] = { "resistive", 0 },
	[DRIVER_MXT] = { "mxt", 3 },
	[DRIVER_GT9XX] = { "gt9xx", 2 },
	[DRIVER_FT5XX] = { "ft5xx", 0 },
	[DRIVER_ILI25XX] = { "ili25xx", 0 },
};

/* The report's row, or -ENXIO. */
static int find_kind(uint8_t id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].id == id)
			return (int)i;
	return -ENXIO;
}

static const uint8_t *value(const struct features *features, enum feature_id id)
{
	return features->now[find_kind(id)];
}

static void factory_values(struct features *features)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		memcpy(features->now[i], kinds[i].factory, sizeof(kinds[i].factory));
	features->now[find_kind(FEATURE_DRIVER)][0] = (uint8_t)features->driver;
	memcpy(features->kept, features->now, sizeof(features->kept));
}

void features_init(struct features *features, enum touch_driver driver, bool forgetful)
{
	*features = (struct features) { .driver = driver, .forgetful = forgetful };
	factory_values(features);
}

void features_restart(struct features *features)
{
	memcpy(features->now, features->kept, sizeof(features->now));
}

int features_get(const struct features *features, uint8_t id, uint8_t *buffer, size_t size)
{
	int row = find_kind(id);

	if (row < 0)
		return row;
	if (!(kinds[row].access & READ))
		return -EACCES;
	if (size < kinds[row].size + 1u)
		return -ENOSPC;
	buffer[0] = id;
	memcpy(buffer + 1, features->now[row], kinds[row].size);
	return kinds[row].size + 1;
}

static int check_payload(const struct features *features, const struct feature_kind *kind, const uint8_t *payload)
{
	unsigned int i;

	for (i = 0; i < kind->size; i++)
		if (payload[i] > kind->max[i])
			return -EINVAL;
	if (kind->id == FEATURE_SENSITIVITY && payload[0] >= drivers[features->driver].levels)
		return -EINVAL;
	return 0;
}

static void store(struct features *features, int row, const uint8_t *payload)
{
	const struct feature_kind *kind = &kinds[row];
	uint8_t save = kind->save_at;

	if (kind->id == FEATURE_FACTORY_RESET) {
		factory_values(features);
		return;
	}
	if (kind->id == FEATURE_SENSITIVITY && features->forgetful)
		return;
	memcpy(features->now[row], payload, kind->size);
	/* An order to save is no setting: it is not there to be read. */
	if (save != ALWAYS_SAVED)
		features->now[row][save] = 0;
	if (save == ALWAYS_SAVED || payload[save])
		memcpy(features->kept[row], features->now[row], kind->size);
}

int features_set(struct features *features, const uint8_t *data, size_t size, bool *reboot)
{
	int row, ret;

	*reboot = false;
	if (size < 1)
		return -EINVAL;
	row = find_kind(data[0]);
	if (row < 0)
		return row;
	if (size != kinds[row].size + 1u)
		return -EINVAL;
	if (!(kinds[row].access & WRITE))
		return -EPERM;
	ret = check_payload(features, &kinds[row], data + 1);
	if (ret)
		return ret;
	store(features, row, data + 1);
	*reboot = kinds[row].reboots;
	return 0;
}

unsigned int features_sensitivity(const struct features *features)
{
	return value(features, FEATURE_SENSITIVITY)[0];
}

unsigned int features_rotation(const struct features *features)
{
	return value(features, FEATURE_ROTATION)[0];
}

int features_find_driver(const char *name)
{
	int i;

	for (i = 0; i < DRIVER_COUNT; i++)
		if (strcmp(drivers[i].name, name) == 0)
			return i;
	return -ENOENT;
}
