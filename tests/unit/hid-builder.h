/* SPDX-License-Identifier: MIT */
/* Report descriptors and reports of touch panels that do not exist, for the tests of vhost-user-input-hidraw. */
#ifndef TEST_HID_BUILDER_H
#define TEST_HID_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost-user-input-hidraw/touch.h"

#define BUILDER_ROOM 4096

/* Item prefixes without their size bits (HID 1.11, section 6.2.2.4 onwards). */
enum {
	I_INPUT = 0x80,
	I_OUTPUT = 0x90,
	I_COLLECTION = 0xa0,
	I_FEATURE = 0xb0,
	I_END = 0xc0,
	I_PAGE = 0x04,
	I_MIN = 0x14,
	I_MAX = 0x24,
	I_PHYS_MIN = 0x34,
	I_PHYS_MAX = 0x44,
	I_EXPONENT = 0x54,
	I_UNIT = 0x64,
	I_SIZE = 0x74,
	I_ID = 0x84,
	I_COUNT = 0x94,
	I_PUSH = 0xa4,
	I_POP = 0xb4,
	I_USAGE = 0x08,
	I_USAGE_MIN = 0x18,
	I_USAGE_MAX = 0x28,
	I_DELIMITER = 0xa8,
};

struct builder {
	size_t size;
	uint8_t bytes[BUILDER_ROOM];
};

/* Append an item with as few bytes of data as hold the number, or with none, or with exactly four. */
void item(struct builder *b, unsigned int prefix, int64_t value);
void item0(struct builder *b, unsigned int prefix);
void item4(struct builder *b, unsigned int prefix, uint32_t value);

/* A panel's ways. X and Y go from 0 to 4095 over 204.75 by 102.375 mm: 20 and 40 units a millimetre. */
struct layout {
	unsigned int contacts; /* in one report */
	unsigned int maximum; /* feature Contact Count Maximum; 0: none */
	uint8_t report_id; /* 0: reports are not numbered */
	bool no_id;
	bool count;
	bool scan_time;
	bool confidence;
	bool geometry; /* width, height, pressure */
	bool azimuth;
	bool flat; /* no collection around each finger */
	bool centre; /* X and Y twice, as Windows has it */
};

void build_touch_screen(struct builder *b, const struct layout *layout);
void build_mouse(struct builder *b, uint8_t report_id);
void build_keyboard(struct builder *b);
void build_pen(struct builder *b, uint8_t report_id);

struct finger {
	uint32_t id;
	bool down;
	bool palm;
	uint16_t x;
	uint16_t y;
	uint8_t width;
	uint8_t height;
	uint8_t pressure;
	uint16_t azimuth;
};

/* One report of such a panel. Returns its size with the id. */
size_t pack_report(const struct layout *layout, const struct finger *fingers, unsigned int num, unsigned int count,
	uint16_t scan_time, uint8_t *report);

/* A copy with not a byte to spare behind it, so that ASan sees a step too far; to be freed with free_exact(). */
uint8_t *copy_exact(const uint8_t *bytes, size_t size);
void free_exact(uint8_t *copy);

/* The same numbers on every run and machine. */
uint32_t draw(uint64_t *seed, uint32_t below);

#endif /* TEST_HID_BUILDER_H */
