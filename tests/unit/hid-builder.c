// SPDX-License-Identifier: MIT
#include "hid-builder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE 0x02
#define CONSTANT 0x03

static void put(struct builder *b, unsigned int prefix, unsigned int code, uint32_t value)
{
	static const unsigned int sizes[] = { 0, 1, 2, 4 };
	unsigned int i;

	assert(b->size + 5 <= sizeof(b->bytes));
	b->bytes[b->size++] = (uint8_t)(prefix | code);
	for (i = 0; i < sizes[code]; i++)
		b->bytes[b->size++] = (uint8_t)(value >> 8 * i);
}

void item(struct builder *b, unsigned int prefix, int64_t value)
{
	bool is_signed = prefix == I_MIN || prefix == I_MAX || prefix == I_PHYS_MIN || prefix == I_PHYS_MAX;
	int64_t limit = is_signed ? 0x7f : 0xff;
	unsigned int code = 1;

	if (value > limit || value < -0x80)
		code = 2;
	if (value > (limit << 8 | 0xff) || value < -0x8000)
		code = 3;
	put(b, prefix, code, (uint32_t)value);
}

void item0(struct builder *b, unsigned int prefix)
{
	put(b, prefix, 0, 0);
}

void item4(struct builder *b, unsigned int prefix, uint32_t value)
{
	put(b, prefix, 3, value);
}

static void values(struct builder *b, unsigned int bits, unsigned int count, unsigned int flags)
{
	item(b, I_SIZE, bits);
	item(b, I_COUNT, count);
	item(b, I_INPUT, flags);
}

static void build_position(struct builder *b, unsigned int usage, int physical, bool twice)
{
	item(b, I_PHYS_MAX, physical);
	item(b, I_USAGE, usage);
	if (twice)
		item(b, I_USAGE, usage);
	values(b, 16, twice ? 2 : 1, VARIABLE);
}

static void build_geometry(struct builder *b, const struct layout *layout)
{
	item(b, I_PAGE, 0x0d);
	item(b, I_MIN, 0);
	if (layout->geometry) {
		item(b, I_MAX, 255);
		item(b, I_USAGE, 0x48);
		item(b, I_USAGE, 0x49);
		item(b, I_USAGE, 0x30);
		values(b, 8, 3, VARIABLE);
	}
	if (layout->azimuth) {
		item(b, I_MAX, 360);
		item(b, I_USAGE, 0x3f);
		values(b, 16, 1, VARIABLE);
	}
}

static void build_finger(struct builder *b, const struct layout *layout)
{
	item(b, I_PAGE, 0x0d);
	if (!layout->flat) {
		item(b, I_USAGE, 0x22);
		item(b, I_COLLECTION, 2);
	}
	item(b, I_MIN, 0);
	item(b, I_MAX, 1);
	item(b, I_USAGE, 0x42);
	values(b, 1, 1, VARIABLE);
	if (layout->confidence)
		item(b, I_USAGE, 0x47);
	values(b, 1, 1, layout->confidence ? VARIABLE : CONSTANT);
	values(b, 6, 1, CONSTANT);
	item(b, I_MAX, 255);
	if (!layout->no_id)
		item(b, I_USAGE, 0x51);
	values(b, 8, 1, layout->no_id ? CONSTANT : VARIABLE);
	item0(b, I_PUSH);
	item(b, I_PAGE, 0x01);
	item(b, I_MAX, 4095);
	item(b, I_UNIT, 0x11);
	item(b, I_EXPONENT, 0x0d); /* thousandths of a centimetre */
	item(b, I_PHYS_MIN, 0);
	build_position(b, 0x30, 20475, layout->centre);
	build_position(b, 0x31, 10237, layout->centre);
	item0(b, I_POP);
	build_geometry(b, layout);
	if (!layout->flat)
		item0(b, I_END);
}

void build_touch_screen(struct builder *b, const struct layout *layout)
{
	unsigned int i;

	item(b, I_PAGE, 0x0d);
	item(b, I_USAGE, 0x04);
	item(b, I_COLLECTION, 1);
	if (layout->report_id)
		item(b, I_ID, layout->report_id);
	for (i = 0; i < layout->contacts; i++)
		build_finger(b, layout);
	item(b, I_PAGE, 0x0d);
	item(b, I_MIN, 0);
	item(b, I_MAX, 255);
	if (layout->count) {
		item(b, I_USAGE, 0x54);
		values(b, 8, 1, VARIABLE);
	}
	if (layout->scan_time) {
		item(b, I_MAX, 65535);
		item(b, I_USAGE, 0x56);
		values(b, 16, 1, VARIABLE);
	}
	if (layout->maximum) {
		if (layout->report_id)
			item(b, I_ID, layout->report_id + 1);
		item(b, I_MAX, layout->maximum);
		item(b, I_SIZE, 8);
		item(b, I_COUNT, 1);
		item(b, I_USAGE, 0x55);
		item(b, I_FEATURE, VARIABLE);
	}
	item0(b, I_END);
}

static void build_pointer(struct builder *b, int min, int max, unsigned int bits, unsigned int flags)
{
	item(b, I_PAGE, 0x01);
	item(b, I_MIN, min);
	item(b, I_MAX, max);
	item(b, I_USAGE, 0x30);
	item(b, I_USAGE, 0x31);
	values(b, bits, 2, flags);
}

void build_mouse(struct builder *b, uint8_t report_id)
{
	item(b, I_PAGE, 0x01);
	item(b, I_USAGE, 0x02);
	item(b, I_COLLECTION, 1);
	if (report_id)
		item(b, I_ID, report_id);
	item(b, I_USAGE, 0x01);
	item(b, I_COLLECTION, 0);
	item(b, I_PAGE, 0x09);
	item(b, I_USAGE_MIN, 1);
	item(b, I_USAGE_MAX, 3);
	item(b, I_MIN, 0);
	item(b, I_MAX, 1);
	values(b, 1, 3, VARIABLE);
	values(b, 5, 1, CONSTANT);
	build_pointer(b, -127, 127, 8, 0x06);
	item0(b, I_END);
	item0(b, I_END);
}

void build_keyboard(struct builder *b)
{
	item(b, I_PAGE, 0x01);
	item(b, I_USAGE, 0x06);
	item(b, I_COLLECTION, 1);
	item(b, I_PAGE, 0x07);
	item(b, I_USAGE_MIN, 0xe0);
	item(b, I_USAGE_MAX, 0xe7);
	item(b, I_MIN, 0);
	item(b, I_MAX, 1);
	values(b, 1, 8, VARIABLE);
	values(b, 8, 1, CONSTANT);
	item(b, I_PAGE, 0x08);
	item(b, I_USAGE_MIN, 1);
	item(b, I_USAGE_MAX, 5);
	item(b, I_SIZE, 1);
	item(b, I_COUNT, 5);
	item(b, I_OUTPUT, VARIABLE);
	item(b, I_PAGE, 0x07);
	item(b, I_MAX, 101);
	item(b, I_USAGE_MIN, 0);
	item(b, I_USAGE_MAX, 101);
	values(b, 8, 6, 0);
	item0(b, I_END);
}

void build_pen(struct builder *b, uint8_t report_id)
{
	item(b, I_PAGE, 0x0d);
	item(b, I_USAGE, 0x02);
	item(b, I_COLLECTION, 1);
	item(b, I_ID, report_id);
	item(b, I_USAGE, 0x20);
	item(b, I_COLLECTION, 0);
	item(b, I_MIN, 0);
	item(b, I_MAX, 1);
	item(b, I_USAGE, 0x42);
	values(b, 1, 1, VARIABLE);
	values(b, 7, 1, CONSTANT);
	build_pointer(b, 0, 9999, 16, VARIABLE);
	item0(b, I_END);
	item0(b, I_END);
}

static uint8_t *put16(uint8_t *p, unsigned int value)
{
	*p++ = (uint8_t)value;
	*p++ = (uint8_t)(value >> 8);
	return p;
}

static uint8_t *pack_finger(const struct layout *layout, const struct finger *finger, uint8_t *p)
{
	*p++ = (uint8_t)(finger->down | !finger->palm << 1);
	*p++ = (uint8_t)finger->id;
	p = put16(p, finger->x);
	if (layout->centre)
		p = put16(p, finger->x + 1);
	p = put16(p, finger->y);
	if (layout->centre)
		p = put16(p, finger->y + 1);
	if (layout->geometry) {
		*p++ = finger->width;
		*p++ = finger->height;
		*p++ = finger->pressure;
	}
	if (layout->azimuth)
		p = put16(p, finger->azimuth);
	return p;
}

size_t pack_report(const struct layout *layout, const struct finger *fingers, unsigned int num, unsigned int count,
	uint16_t scan_time, uint8_t *report)
{
	const struct finger nobody = { .palm = true };
	uint8_t *p = report;
	unsigned int i;

	if (layout->report_id)
		*p++ = layout->report_id;
	for (i = 0; i < layout->contacts; i++)
		p = pack_finger(layout, i < num ? &fingers[i] : &nobody, p);
	if (layout->count)
		*p++ = (uint8_t)count;
	if (layout->scan_time)
		p = put16(p, scan_time);
	return (size_t)(p - report);
}

/* One byte in front, for an allocation of no bytes is nothing to rely on. */
uint8_t *copy_exact(const uint8_t *bytes, size_t size)
{
	uint8_t *block = malloc(size + 1);

	if (!block)
		abort();
	memcpy(block + 1, bytes, size);
	return block + 1;
}

void free_exact(uint8_t *copy)
{
	free(copy - 1);
}

uint32_t draw(uint64_t *seed, uint32_t below)
{
	/* xorshift64 */
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 16) % below;
}
