// SPDX-License-Identifier: MIT
#include <string.h>

#include "frame.h"

/* Bits of a contact's first byte. */
#define TIP_SWITCH 0x01
#define IN_RANGE   0x02

#define CONTACT_BYTES  6
#define GEOMETRY_BYTES 3

/* A fingertip, for the variants that report its size. */
#define FINGER_WIDTH	40
#define FINGER_HEIGHT	48
#define FINGER_PRESSURE 120

uint16_t frame_units(double position)
{
	if (!(position > 0.0))
		return 0;
	if (position >= 1.0)
		return PANEL_LOGICAL_MAX;
	return (uint16_t)(position * PANEL_LOGICAL_MAX + 0.5);
}

unsigned int frame_reports(const struct panel_variant *variant, const struct frame *frame)
{
	if (frame->count == 0)
		return 1;
	return (frame->count + variant->slots - 1) / variant->slots;
}

static uint8_t *put_le16(uint8_t *p, uint16_t value)
{
	*p++ = value & 0xff;
	*p++ = value >> 8;
	return p;
}

static void pack_contact(uint8_t *p, const struct contact *contact, bool geometry)
{
	*p++ = contact->tip ? TIP_SWITCH | IN_RANGE : 0;
	*p++ = contact->id;
	p = put_le16(p, contact->x);
	p = put_le16(p, contact->y);
	if (!geometry)
		return;
	*p++ = contact->tip ? FINGER_WIDTH : 0;
	*p++ = contact->tip ? FINGER_HEIGHT : 0;
	*p++ = contact->tip ? FINGER_PRESSURE : 0;
}

size_t frame_pack(const struct panel_variant *variant, const struct frame *frame, unsigned int part, uint16_t scan_time,
	uint8_t *buffer)
{
	size_t step = CONTACT_BYTES + (variant->geometry ? GEOMETRY_BYTES : 0);
	unsigned int first = part * variant->slots;
	uint8_t *tail = buffer + 1 + variant->slots * step;
	unsigned int i;

	memset(buffer, 0, variant->report_size);
	buffer[0] = PANEL_TOUCH_REPORT;
	for (i = 0; i < variant->slots && first + i < frame->count; i++)
		pack_contact(buffer + 1 + i * step, &frame->contacts[first + i], variant->geometry);
	*tail++ = part == 0 ? frame->count : 0;
	put_le16(tail, scan_time);
	return variant->report_size;
}

void frame_rotate(struct frame *frame, unsigned int quarters)
{
	unsigned int i, turn;

	for (i = 0; i < frame->count; i++) {
		struct contact *contact = &frame->contacts[i];

		for (turn = 0; turn < quarters % 4; turn++) {
			uint16_t x = contact->x;

			contact->x = PANEL_LOGICAL_MAX - contact->y;
			contact->y = x;
		}
	}
}

unsigned int frame_touching(const struct frame *frame)
{
	unsigned int i, touching = 0;

	for (i = 0; i < frame->count; i++)
		touching += frame->contacts[i].tip;
	return touching;
}
