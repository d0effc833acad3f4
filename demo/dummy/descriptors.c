// SPDX-License-Identifier: MIT
#include <string.h>

#include "descriptors.h"

/* One HID item a line reads like the specification's own tables. */
/* clang-format off */

#define FINGER_HEAD \
	0x05, 0x0d,                     /* Usage Page (Digitizers) */ \
	0x09, 0x22,                     /* Usage (Finger) */ \
	0xa1, 0x02,                     /* Collection (Logical) */ \
	0x09, 0x42,                     /*  Usage (Tip Switch) */ \
	0x09, 0x32,                     /*  Usage (In Range) */ \
	0x15, 0x00,                     /*  Logical Minimum 0 */ \
	0x25, 0x01,                     /*  Logical Maximum 1 */ \
	0x75, 0x01,                     /*  Report Size 1 */ \
	0x95, 0x02,                     /*  Report Count 2 */ \
	0x81, 0x02,                     /*  Input (Data, Variable) */ \
	0x95, 0x06,                     /*  Report Count 6 */ \
	0x81, 0x03,                     /*  Input (Constant) */ \
	0x09, 0x51,                     /*  Usage (Contact Identifier) */ \
	0x25, 0x7f,                     /*  Logical Maximum 127 */ \
	0x75, 0x08,                     /*  Report Size 8 */ \
	0x95, 0x01,                     /*  Report Count 1 */ \
	0x81, 0x02,                     /*  Input (Data, Variable) */ \
	0x05, 0x01,                     /*  Usage Page (Generic Desktop) */ \
	0x26, 0xff, 0x3f,               /*  Logical Maximum 16383 */ \
	0x75, 0x10,                     /*  Report Size 16 */ \
	0x55, 0x0d,                     /*  Unit Exponent -3 */ \
	0x65, 0x11,                     /*  Unit (cm) */ \
	0x35, 0x00,                     /*  Physical Minimum 0 */ \
	0x46, 0x30, 0x3c,               /*  Physical Maximum 15408 */ \
	0x09, 0x30,                     /*  Usage (X) */ \
	0x81, 0x02,                     /*  Input (Data, Variable) */ \
	0x46, 0x90, 0x21,               /*  Physical Maximum 8592 */ \
	0x09, 0x31,                     /*  Usage (Y) */ \
	0x81, 0x02,                     /*  Input (Data, Variable) */ \
	0x45, 0x00,                     /*  Physical Maximum 0 */ \
	0x65, 0x00,                     /*  Unit (none) */ \
	0x55, 0x00                      /*  Unit Exponent 0 */

#define FINGER_GEOMETRY \
	0x05, 0x0d,                     /*  Usage Page (Digitizers) */ \
	0x26, 0xff, 0x00,               /*  Logical Maximum 255 */ \
	0x75, 0x08,                     /*  Report Size 8 */ \
	0x95, 0x03,                     /*  Report Count 3 */ \
	0x09, 0x48,                     /*  Usage (Width) */ \
	0x09, 0x49,                     /*  Usage (Height) */ \
	0x09, 0x30,                     /*  Usage (Tip Pressure) */ \
	0x81, 0x02                      /*  Input (Data, Variable) */

#define FINGER	     FINGER_HEAD, 0xc0
#define FINGER_LARGE FINGER_HEAD, FINGER_GEOMETRY, 0xc0
#define FIVE(item)   item, item, item, item, item

#define TOUCH_BEGIN \
	0x05, 0x0d,                     /* Usage Page (Digitizers) */ \
	0x09, 0x04,                     /* Usage (Touch Screen) */ \
	0xa1, 0x01,                     /* Collection (Application) */ \
	0x85, 0x01                      /*  Report ID 1 */

#define TOUCH_END \
	0x05, 0x0d,                     /*  Usage Page (Digitizers) */ \
	0x25, 0x0a,                     /*  Logical Maximum 10 */ \
	0x75, 0x08,                     /*  Report Size 8 */ \
	0x95, 0x01,                     /*  Report Count 1 */ \
	0x09, 0x54,                     /*  Usage (Contact Count) */ \
	0x81, 0x02,                     /*  Input (Data, Variable) */ \
	0x27, 0xff, 0xff, 0x00, 0x00,   /* Logical Maximum 65535 */ \
	0x75, 0x10,                     /*  Report Size 16 */ \
	0x55, 0x0c,                     /*  Unit Exponent -4 */ \
	0x66, 0x01, 0x10,               /*  Unit (s) */ \
	0x09, 0x56,                     /*  Usage (Scan Time) */ \
	0x81, 0x02,                     /*  Input (Data, Variable) */ \
	0x65, 0x00,                     /*  Unit (none) */ \
	0x55, 0x00,                     /*  Unit Exponent 0 */ \
	0x85, 0x02,                     /*  Report ID 2 */ \
	0x25, 0x0a,                     /*  Logical Maximum 10 */ \
	0x75, 0x08,                     /*  Report Size 8 */ \
	0x09, 0x55,                     /*  Usage (Contact Count Maximum) */ \
	0xb1, 0x02,                     /*  Feature (Data, Variable) */ \
	0xc0                            /* End Collection */

#define VENDOR_FEATURE(id, bytes) \
	0x85, id,                       /*  Report ID */ \
	0x95, bytes,                    /*  Report Count */ \
	0x09, id,                       /*  Usage (vendor) */ \
	0xb1, 0x02                      /*  Feature (Data, Variable) */

#define VENDOR \
	0x06, 0x00, 0xff,               /* Usage Page (vendor 0xff00) */ \
	0x09, 0x01,                     /* Usage (vendor 1) */ \
	0xa1, 0x01,                     /* Collection (Application) */ \
	0x15, 0x00,                     /*  Logical Minimum 0 */ \
	0x26, 0xff, 0x00,               /*  Logical Maximum 255 */ \
	0x75, 0x08,                     /*  Report Size 8 */ \
	VENDOR_FEATURE(4, 1),           /*  touch driver */ \
	VENDOR_FEATURE(7, 1),           /*  sensitivity */ \
	VENDOR_FEATURE(8, 1),           /*  rotation */ \
	VENDOR_FEATURE(9, 4),           /*  firmware revision */ \
	VENDOR_FEATURE(10, 2),          /*  backlight */ \
	VENDOR_FEATURE(11, 1),          /*  haptic */ \
	VENDOR_FEATURE(12, 1),          /*  piezo */ \
	VENDOR_FEATURE(15, 1),          /*  touch feedback */ \
	VENDOR_FEATURE(16, 12),         /*  dimming */ \
	VENDOR_FEATURE(17, 1),          /*  calibration */ \
	VENDOR_FEATURE(18, 3),          /*  backlight fade */ \
	VENDOR_FEATURE(19, 1),          /*  factory reset */ \
	VENDOR_FEATURE(20, 4),          /*  alarm */ \
	VENDOR_FEATURE(26, 2),          /*  threshold */ \
	0xc0                            /* End Collection */

#define PEN \
	0x05, 0x0d,                     /* Usage Page (Digitizers) */ \
	0x09, 0x02,                     /* Usage (Pen) */ \
	0xa1, 0x01,                     /* Collection (Application) */ \
	0x85, 0x03,                     /*  Report ID 3 */ \
	0x09, 0x20,                     /*  Usage (Stylus) */ \
	0xa1, 0x00,                     /*  Collection (Physical) */ \
	0x09, 0x42,                     /*   Usage (Tip Switch) */ \
	0x09, 0x32,                     /*   Usage (In Range) */ \
	0x15, 0x00,                     /*   Logical Minimum 0 */ \
	0x25, 0x01,                     /*   Logical Maximum 1 */ \
	0x75, 0x01,                     /*   Report Size 1 */ \
	0x95, 0x02,                     /*   Report Count 2 */ \
	0x81, 0x02,                     /*   Input (Data, Variable) */ \
	0x95, 0x06,                     /*   Report Count 6 */ \
	0x81, 0x03,                     /*   Input (Constant) */ \
	0x05, 0x01,                     /*   Usage Page (Generic Desktop) */ \
	0x26, 0xff, 0x3f,               /*   Logical Maximum 16383 */ \
	0x75, 0x10,                     /*   Report Size 16 */ \
	0x95, 0x02,                     /*   Report Count 2 */ \
	0x09, 0x30,                     /*   Usage (X) */ \
	0x09, 0x31,                     /*   Usage (Y) */ \
	0x81, 0x02,                     /*   Input (Data, Variable) */ \
	0xc0, 0xc0                      /* End Collection, twice */

#define MOUSE \
	0x05, 0x01,                     /* Usage Page (Generic Desktop) */ \
	0x09, 0x02,                     /* Usage (Mouse) */ \
	0xa1, 0x01,                     /* Collection (Application) */ \
	0x85, 0x05,                     /*  Report ID 5 */ \
	0x09, 0x01,                     /*  Usage (Pointer) */ \
	0xa1, 0x00,                     /*  Collection (Physical) */ \
	0x05, 0x09,                     /*   Usage Page (Buttons) */ \
	0x19, 0x01,                     /*   Usage Minimum 1 */ \
	0x29, 0x02,                     /*   Usage Maximum 2 */ \
	0x15, 0x00,                     /*   Logical Minimum 0 */ \
	0x25, 0x01,                     /*   Logical Maximum 1 */ \
	0x75, 0x01,                     /*   Report Size 1 */ \
	0x95, 0x02,                     /*   Report Count 2 */ \
	0x81, 0x02,                     /*   Input (Data, Variable) */ \
	0x95, 0x06,                     /*   Report Count 6 */ \
	0x81, 0x03,                     /*   Input (Constant) */ \
	0x05, 0x01,                     /*   Usage Page (Generic Desktop) */ \
	0x15, 0x81,                     /*   Logical Minimum -127 */ \
	0x25, 0x7f,                     /*   Logical Maximum 127 */ \
	0x75, 0x08,                     /*   Report Size 8 */ \
	0x95, 0x02,                     /*   Report Count 2 */ \
	0x09, 0x30,                     /*   Usage (X) */ \
	0x09, 0x31,                     /*   Usage (Y) */ \
	0x81, 0x06,                     /*   Input (Data, Variable, Relative) */ \
	0xc0, 0xc0                      /* End Collection, twice */

static const uint8_t ten_contacts[] = {
	TOUCH_BEGIN,
	FIVE(FINGER),
	FIVE(FINGER),
	TOUCH_END,
	VENDOR,
};

static const uint8_t five_contacts[] = {
	TOUCH_BEGIN,
	FIVE(FINGER_LARGE),
	TOUCH_END,
	VENDOR,
};

static const uint8_t one_contact[] = {
	TOUCH_BEGIN,
	FINGER,
	TOUCH_END,
	VENDOR,
};

/* Pen and mouse stand before the touch collection: a parser that takes the
 * first X it meets gets this one wrong.
 */
static const uint8_t mixed[] = {
	MOUSE,
	PEN,
	TOUCH_BEGIN,
	FIVE(FINGER),
	FIVE(FINGER),
	TOUCH_END,
	VENDOR,
};

static const struct panel_variant variants[] = {
	{
		.name = "ten",
		.summary = "ten contacts in one 64 byte report",
		.descriptor = ten_contacts,
		.descriptor_size = sizeof(ten_contacts),
		.slots = 10,
		.report_size = 64,
	},
	{
		.name = "five",
		.summary = "five contacts with size and pressure, frames split over two reports",
		.descriptor = five_contacts,
		.descriptor_size = sizeof(five_contacts),
		.slots = 5,
		.geometry = true,
		.report_size = 49,
	},
	{
		.name = "serial",
		.summary = "one contact a report, the first one carries the count",
		.descriptor = one_contact,
		.descriptor_size = sizeof(one_contact),
		.slots = 1,
		.report_size = 10,
	},
	{
		.name = "mixed",
		.summary = "as ten, with a mouse and a pen collection in front",
		.descriptor = mixed,
		.descriptor_size = sizeof(mixed),
		.slots = 10,
		.report_size = 64,
	},
};

/* clang-format on */

const struct panel_variant *panel_variant_at(size_t index)
{
	if (index >= sizeof(variants) / sizeof(variants[0]))
		return NULL;
	return &variants[index];
}

const struct panel_variant *panel_variant_find(const char *name)
{
	const struct panel_variant *variant;
	size_t i;

	for (i = 0; (variant = panel_variant_at(i)); i++)
		if (strcmp(variant->name, name) == 0)
			return variant;
	return NULL;
}
