/* SPDX-License-Identifier: MIT */
/*
 * HID feature reports of Matrix Orbital's HTT panels as tables and numbers; no
 * I/O. Source: the vendor's HTT-Utility, src/htt_util.cpp, which is all the
 * documentation there is. It reads reports 18 and 26 with their bytes the other way
 * round than it writes them; here they are big endian both ways.
 */
#ifndef HTT_FEATURES_H
#define HTT_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTT_VENDOR  0x1b3d
#define HTT_PRODUCT 0x14c9

#define HTT_MAX_REPORT 13 /* bytes of the longest report, its id included */
#define HTT_MAX_FIELDS 8

/* Report ids */
enum htt_report_id {
	HTT_DRIVER = 4, /* family of the touch controller, enum htt_driver */
	HTT_SENSITIVITY = 7, /* enum htt_level */
	HTT_ROTATION = 8, /* quarters of a turn */
	HTT_FIRMWARE = 9, /* revision */
	HTT_BACKLIGHT = 10,
	HTT_HAPTIC = 11, /* vibrate for so many tenths of a second, now */
	HTT_PIEZO = 12, /* the same with sound */
	HTT_FEEDBACK = 15, /* what a touch does: bit 0 vibration, bit 1 sound */
	HTT_DIMMING = 16, /* backlight while nobody touches, in four steps */
	HTT_CALIBRATE = 17, /* of capacitive panels */
	HTT_FADE = 18, /* milliseconds that a change of the backlight takes */
	HTT_FACTORY_RESET = 19,
	HTT_ALARM = 20,
	HTT_THRESHOLD = 26, /* of resistive panels */
};

enum htt_driver {
	HTT_DRIVER_NONE,
	HTT_DRIVER_RESISTIVE,
	HTT_DRIVER_MXT,
	HTT_DRIVER_GT9XX,
	HTT_DRIVER_FT5XX,
	HTT_DRIVER_ILI25XX,
};

enum htt_level {
	HTT_NORMAL,
	HTT_HIGH,
	HTT_EXTRA,
	HTT_NUM_LEVELS,
};

/**
 * struct htt_field - one number in a report
 * @size: bytes: 1, 2 or 4
 * @little_endian: order of its bytes
 * @order_only: means something when the report is set; when read, its byte can be anything
 * @max: the greatest value that makes sense; the least is 0
 */
struct htt_field {
	const char *name;
	uint8_t size;
	bool little_endian;
	bool order_only;
	uint32_t max;
};

/**
 * struct htt_report - one feature report: its id, then its fields
 * @size: bytes, the id included
 * @readable, @writable: what GET_FEATURE and SET_FEATURE may do with it
 * @reboots: setting it makes the panel leave the bus and come back
 */
struct htt_report {
	uint8_t id;
	uint8_t size;
	bool readable;
	bool writable;
	bool reboots;
	uint8_t num_fields;
	const char *name;
	struct htt_field fields[HTT_MAX_FIELDS];
};

/* NULL for an id that is not in enum htt_report_id. */
const struct htt_report *htt_report_find(unsigned int id);

/**
 * htt_decode - check what GET_FEATURE gave, or what somebody wants to set
 * @data: @size bytes, the id first
 * @values: one for each field, or NULL; unchanged unless 0 is returned
 *
 * Returns 0, -EBADMSG (wrong id or length), -ERANGE (a value out of its range).
 */
int htt_decode(const struct htt_report *report, const uint8_t *data, size_t size, uint32_t *values);

/**
 * htt_encode - build the bytes of SET_FEATURE
 * @values: one for each field
 * @data: room for HTT_MAX_REPORT bytes
 *
 * Returns the number of bytes, -EPERM (cannot be set), -ERANGE (a value out of its range).
 */
int htt_encode(const struct htt_report *report, const uint32_t *values, uint8_t *data);

const char *htt_driver_name(unsigned int driver); /* "unknown" for those that this code does not know */
const char *htt_level_name(unsigned int level); /* "unknown" */
int htt_level_parse(const char *name); /* enum htt_level, or -EINVAL */

/* How many levels of sensitivity, from HTT_NORMAL upwards, this family has; 0: it cannot be set. */
unsigned int htt_driver_levels(unsigned int driver);

/* Their names, as "normal, high"; empty when there are none. @text: room for HTT_LEVEL_NAMES bytes. */
#define HTT_LEVEL_NAMES 32
void htt_driver_level_names(unsigned int driver, char *text);
void htt_level_list(unsigned int count, char *text); /* the same of the lowest @count levels */

/*
 * The sensitivity through an input device (see ARCHITECTURE.md): the value of
 * {EV_MSC, MSC_RAW} is the first four bytes of a SET_FEATURE report, little endian.
 */
uint32_t htt_request_from_level(enum htt_level level);
int htt_request_to_level(uint32_t request); /* enum htt_level, or -EINVAL for anything but report 7 with a level */

#endif /* HTT_FEATURES_H */
