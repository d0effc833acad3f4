/* SPDX-License-Identifier: MIT */
/* What hid-layout.c finds and hid-touch.c decodes with; private to the two. */
#ifndef HID_LAYOUT_H
#define HID_LAYOUT_H

#include "hid-touch.h"

#define TOUCH_MAX_REPORTS 8 /* different report ids that carry contacts */

/* The roles that a field can play for a finger. */
enum role {
	ROLE_TIP,
	ROLE_ID,
	ROLE_X,
	ROLE_Y,
	ROLE_CONFIDENCE,
	ROLE_PRESSURE,
	ROLE_WIDTH,
	ROLE_HEIGHT,
	ROLE_AZIMUTH,
	ROLE_IN_RANGE,
	ROLE_CENTRE_X,
	ROLE_CENTRE_Y,
	NUM_ROLES,
};

/**
 * struct finger - where one report has one contact
 * @group: collection around it
 * @field: belongs to the table; NULL: absent
 * @index: which of the field's values
 */
struct finger {
	int group;
	const struct hid_field *field[NUM_ROLES];
	unsigned int index[NUM_ROLES];
};

struct touch_report {
	uint8_t id;
	size_t size; /* bytes that hold all fields in use, without the id */
	unsigned int num_fingers;
	struct finger fingers[TOUCH_MAX_SLOTS];
	const struct hid_field *count;
	const struct hid_field *scan_time;
};

struct hid_touch {
	struct hid_table *table;
	struct touch_axes axes;
	const struct hid_field *maximum;
	bool certified; /* for Windows 8: confidence and in range mean what they say, and fingers are repeated */
	bool serial; /* contacts come one by one without a count: no frame is known to be whole */
	unsigned int num_reports;
	struct touch_report reports[TOUCH_MAX_REPORTS];
	/* the frame that is being put together */
	unsigned int expected; /* contacts; 0: none has begun */
	unsigned int received;
	int64_t scan_time;
	bool clock_runs; /* scan time was seen to change */
	struct touch_frame frame;
	bool blank[TOUCH_MAX_SLOTS]; /* of the frame's contacts: all zero, as places that are not in use mostly are */
};

struct touch_report *hid_layout_report(struct hid_touch *touch, uint8_t id); /* NULL: not a touch report */

#endif /* HID_LAYOUT_H */
