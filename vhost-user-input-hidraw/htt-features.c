// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "htt-features.h"

/* clang-format off */
#define BYTE(what, greatest)  { .name = (what), .size = 1, .max = (greatest) }
#define WORD(what)            { .name = (what), .size = 2, .max = UINT16_MAX }
#define ORDER(what, greatest) { .name = (what), .size = 1, .max = (greatest), .order_only = true }
#define LITTLE_ENDIAN_LONG(what) { .name = (what), .size = 4, .max = UINT32_MAX, .little_endian = true }
/* clang-format on */

static const struct htt_report reports[] = {
	{
		.id = HTT_DRIVER,
		.name = "driver type",
		.size = 2,
		.readable = true,
		.num_fields = 1,
		/* A family that is newer than this table is no broken answer. */
		.fields = { BYTE("type", UINT8_MAX) },
	},
	{
		.id = HTT_SENSITIVITY,
		.name = "sensitivity",
		.size = 2,
		.readable = true,
		.writable = true,
		.reboots = true,
		.num_fields = 1,
		.fields = { BYTE("level", HTT_EXTRA) },
	},
	{
		.id = HTT_ROTATION,
		.name = "rotation",
		.size = 2,
		.readable = true,
		.writable = true,
		.num_fields = 1,
		.fields = { BYTE("quarters", 3) },
	},
	{
		.id = HTT_FIRMWARE,
		.name = "firmware revision",
		.size = 5,
		.readable = true,
		.num_fields = 1,
		.fields = { LITTLE_ENDIAN_LONG("revision") },
	},
	{
		.id = HTT_BACKLIGHT,
		.name = "backlight",
		.size = 3,
		.readable = true,
		.writable = true,
		.num_fields = 2,
		.fields = { BYTE("level", UINT8_MAX), ORDER("save", 1) },
	},
	{
		.id = HTT_HAPTIC,
		.name = "haptic",
		.size = 2,
		.writable = true,
		.num_fields = 1,
		.fields = { BYTE("tenths", 100) },
	},
	{
		.id = HTT_PIEZO,
		.name = "piezo",
		.size = 2,
		.writable = true,
		.num_fields = 1,
		.fields = { BYTE("tenths", 100) },
	},
	{
		.id = HTT_FEEDBACK,
		.name = "touch feedback",
		.size = 2,
		.readable = true,
		.writable = true,
		.num_fields = 1,
		.fields = { BYTE("kind", 3) },
	},
	{
		.id = HTT_DIMMING,
		.name = "dimming",
		.size = 13,
		.readable = true,
		.writable = true,
		.num_fields = 8,
		.fields = { BYTE("level 1", UINT8_MAX), BYTE("level 2", UINT8_MAX), BYTE("level 3", UINT8_MAX),
			BYTE("level 4", UINT8_MAX), WORD("seconds 1"), WORD("seconds 2"), WORD("seconds 3"),
			WORD("seconds 4") },
	},
	{
		.id = HTT_CALIBRATE,
		.name = "calibration",
		.size = 2,
		.writable = true,
		.num_fields = 1,
		.fields = { BYTE("zero", 0) },
	},
	{
		.id = HTT_FADE,
		.name = "backlight fade",
		.size = 4,
		.readable = true,
		.writable = true,
		.num_fields = 2,
		.fields = { WORD("milliseconds"), ORDER("save", 1) },
	},
	{
		.id = HTT_FACTORY_RESET,
		.name = "factory reset",
		.size = 2,
		.writable = true,
		.reboots = true,
		.num_fields = 1,
		.fields = { BYTE("zero", 0) },
	},
	{
		.id = HTT_ALARM,
		.name = "alarm",
		.size = 5,
		.writable = true,
		.num_fields = 3,
		.fields = { BYTE("type", 17), WORD("tenths"), BYTE("flashes", 10) },
	},
	{
		.id = HTT_THRESHOLD,
		.name = "touch threshold",
		.size = 3,
		.readable = true,
		.writable = true,
		.num_fields = 1,
		.fields = { WORD("threshold") },
	},
};

/* By enum htt_driver */
static const struct {
	const char *name;
	unsigned int levels;
} drivers[] = {
	[HTT_DRIVER_NONE] = { "none", 0 },
	[HTT_DRIVER_RESISTIVE] = { "resistive", 0 },
	[HTT_DRIVER_MXT] = { "MXT", 3 },
	[HTT_DRIVER_GT9XX] = { "GT9xx", 2 },
	[HTT_DRIVER_FT5XX] = { "FT5xx", 0 },
	[HTT_DRIVER_ILI25XX] = { "ILI25xx", 0 },
};

static const char *const levels[HTT_NUM_LEVELS] = { "normal", "high", "extra" };

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

const struct htt_report *htt_report_find(unsigned int id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reports); i++)
		if (reports[i].id == id)
			return &reports[i];
	return NULL;
}

static uint32_t get_number(const struct htt_field *field, const uint8_t *data)
{
	uint32_t value = 0;
	unsigned int i;

	for (i = 0; i < field->size; i++)
		value = value << 8 | data[field->little_endian ? field->size - 1 - i : i];
	return value;
}

static void put_number(const struct htt_field *field, uint32_t value, uint8_t *data)
{
	unsigned int i;

	for (i = 0; i < field->size; i++)
		data[field->little_endian ? i : field->size - 1 - i] = (uint8_t)(value >> 8 * i);
}

int htt_decode(const struct htt_report *report, const uint8_t *data, size_t size, uint32_t *values)
{
	uint32_t got[HTT_MAX_FIELDS] = { 0 };
	unsigned int i;

	if (size != report->size || data[0] != report->id)
		return -EBADMSG;
	data++;
	for (i = 0; i < report->num_fields; i++) {
		got[i] = get_number(&report->fields[i], data);
		if (got[i] > report->fields[i].max && !report->fields[i].order_only)
			return -ERANGE;
		data += report->fields[i].size;
	}
	if (values)
		memcpy(values, got, report->num_fields * sizeof(*values));
	return 0;
}

int htt_encode(const struct htt_report *report, const uint32_t *values, uint8_t *data)
{
	unsigned int i;

	if (!report->writable)
		return -EPERM;
	*data++ = report->id;
	for (i = 0; i < report->num_fields; i++) {
		if (values[i] > report->fields[i].max)
			return -ERANGE;
		put_number(&report->fields[i], values[i], data);
		data += report->fields[i].size;
	}
	return report->size;
}

const char *htt_driver_name(unsigned int driver)
{
	return driver < ARRAY_SIZE(drivers) ? drivers[driver].name : "unknown";
}

const char *htt_level_name(unsigned int level)
{
	return level < HTT_NUM_LEVELS ? levels[level] : "unknown";
}

int htt_level_parse(const char *name)
{
	int i;

	for (i = 0; i < HTT_NUM_LEVELS; i++)
		if (strcmp(name, levels[i]) == 0)
			return i;
	return -EINVAL;
}

unsigned int htt_driver_levels(unsigned int driver)
{
	return driver < ARRAY_SIZE(drivers) ? drivers[driver].levels : 0;
}

void htt_level_list(unsigned int count, char *text)
{
	size_t used = 0;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < count && i < HTT_NUM_LEVELS; i++)
		used += (size_t)snprintf(text + used, HTT_LEVEL_NAMES - used, "%s%s", i ? ", " : "", levels[i]);
}

void htt_driver_level_names(unsigned int driver, char *text)
{
	htt_level_list(htt_driver_levels(driver), text);
}

uint32_t htt_request_from_level(enum htt_level level)
{
	return HTT_SENSITIVITY | (uint32_t)level << 8;
}

int htt_request_to_level(uint32_t request)
{
	uint32_t level = request >> 8;

	if ((request & 0xff) != HTT_SENSITIVITY || level >= HTT_NUM_LEVELS)
		return -EINVAL;
	return (int)level;
}
