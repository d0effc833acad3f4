// SPDX-License-Identifier: MIT
#include <string.h>

#include "frame.h"

/* Bits of a contact's first byte. */
#define TIP_SWITCH 0x01
#define IN_RANGE   0x02

#define CONTACT_BYTES  6
#define GEOMETRY_BYTES 3

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
	const struct touch_shape *shape = strength_shape(contact->strength);

	*p++ = contact->tip ? TIP_SWITCH | IN_RANGE : 0;
	*p++ = contact->id;
	p = put_le16(p, contact->x);
	p = put_le16(p, contact->y);
	if (!geometry)
		return;
	*p++ = contact->tip ? shape->width : 0;
	*p++ = contact->tip ? shape->height : 0;
	*p++ = contact->tip ? shape->pressure : 0;
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

static bool is_down(const struct frame *frame, uint8_t id)
{
	unsigned int i;

	for (i = 0; i < frame->count; i++)
		if (frame->contacts[i].id == id)
			return frame->contacts[i].tip;
	return false;
}

void frame_feel(const struct frame *touched, unsigned int level, const struct frame *last, struct frame *reported)
{
	unsigned int i;

	reported->count = 0;
	for (i = 0; i < touched->count; i++) {
		struct contact contact = touched->contacts[i];
		bool felt = strength_felt(contact.strength, level);

		if (!felt && !is_down(last, contact.id))
			continue;
		contact.tip = contact.tip && felt;
		reported->contacts[reported->count++] = contact;
	}
}

enum touch_strength frame_strength(const struct frame *frame)
{
	enum touch_strength strength = frame->count ? STRENGTH_COUNT - 1 : STRENGTH_BARE;
	unsigned int i;

	for (i = 0; i < frame->count; i++)
		if (frame->contacts[i].strength < strength)
			strength = frame->contacts[i].strength;
	return strength;
}

unsigned int frame_touching(const struct frame *frame)
{
	unsigned int i, touching = 0;

	for (i = 0; i < frame->count; i++)
		touching += frame->contacts[i].tip;
	return touching;
}
