/* SPDX-License-Identifier: MIT */
/*
 * Finds the touch screen among the fields of a HID device and turns its reports
 * into frames (HID Usage Tables 1.5, section 16, Digitizers Page). No layout is
 * wired in. Understood are
 *
 *	parallel	all contacts in one report
 *	hybrid		a frame takes several reports; the first one carries the
 *			contact count, the others zero or the same count again
 *	serial		one contact a report, with or without a contact count
 *	single touch	no contact identifier at all
 *
 * on any number of report ids. Other collections of the device are left alone. Bits
 * that mean this or that on older panels (in range, confidence) count only on panels
 * that Microsoft has certified.
 */
#ifndef HID_TOUCH_H
#define HID_TOUCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hid-parser.h"
#include "touch.h"

struct hid_touch;

/**
 * hid_touch_new - find the touch screen
 * @table: of the device; owned by the new object, and freed on failure
 * @error: the end of a sentence, filled in unless 0 is returned
 *
 * Returns 0, -ENODEV (no touch screen in it), -EINVAL (there is one, but what it
 * reports makes no sense) or -ENOMEM.
 */
int hid_touch_new(struct hid_table *table, struct hid_touch **touch, struct hid_error *error);
void hid_touch_free(struct hid_touch *touch); /* NULL is fine */

/* Valid as long as @touch. */
const struct touch_axes *hid_touch_axes(const struct hid_touch *touch);

/*
 * The panel repeats the fingers that are down many times a second, as Windows asks
 * of the panels it certifies: silence means that there are none (STICKY_FINGERS of
 * hid-multitouch).
 */
bool hid_touch_repeats(const struct hid_touch *touch);

/* The most contacts that one report can carry. */
unsigned int hid_touch_per_report(const struct hid_touch *touch);

/*
 * The feature report that tells how many contacts the panel tracks (usage Contact
 * Count Maximum): its id and its length in bytes without the id. 0, or -ENOENT if
 * there is none. What the device answers goes into hid_touch_set_maximum().
 */
int hid_touch_maximum_report(const struct hid_touch *touch, uint8_t *id, size_t *size);
void hid_touch_set_maximum(struct hid_touch *touch, const uint8_t *payload, size_t size);

/**
 * hid_touch_decode - look at one input report
 * @report: as read from hidraw: with its id in front if the device numbers reports
 * @frame: written when 1 is returned
 *
 * Returns 1 when the report completed a frame, 0 when it did not or was not a
 * touch report, -EMSGSIZE when it is shorter than its fields.
 */
int hid_touch_decode(struct hid_touch *touch, const uint8_t *report, size_t size, struct touch_frame *frame);

/* Forget a frame of which only some reports have come. */
void hid_touch_reset(struct hid_touch *touch);

#endif /* HID_TOUCH_H */
