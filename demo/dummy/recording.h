/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_RECORDING_H
#define DEMO_DUMMY_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fault.h"
#include "strength.h"

/*
 * The text format of hid-recorder(1) and hid-replay(1): one item a line,
 * R: length and bytes of the report descriptor, N: name, P: physical path,
 * I: bus, vendor and product, E: time, length and bytes of one report,
 * D: the device's number, # a comment.
 *
 * One comment has a meaning here and none for those programs: "# strength NAME"
 * says what kind of touch the following reports are of; bare until it is said.
 */
#define RECORDING_MAX_DESCRIPTOR 4096 /* HID_MAX_DESCRIPTOR_SIZE of linux/hid.h */
#define RECORDING_MAX_REPORT	 4096 /* UHID_DATA_MAX of linux/uhid.h */

struct recording_report {
	uint64_t time_us; /* as in the file; only differences mean something */
	size_t size;
	uint8_t *data;
	enum touch_strength strength;
};

struct recording {
	uint8_t *descriptor; /* NULL when the file has no R: line */
	size_t descriptor_size;
	char name[128];
	char phys[64];
	bool has_ids;
	unsigned int bus;
	unsigned int vendor;
	unsigned int product;
	struct recording_report *reports;
	unsigned int count;
	enum touch_strength strength; /* of the next report, while the file is read */
};

/* Fills @recording from text; on failure it is left empty and @fault names the line. */
int recording_parse(const char *text, struct recording *recording, struct fault *fault);

/* The same from a file. */
int recording_load(const char *path, struct recording *recording, struct fault *fault);

void recording_release(struct recording *recording);

/* Writers of the same format; errors show in ferror(@out). */
void recording_write_header(FILE *out, const struct recording *recording);
void recording_write_strength(FILE *out, enum touch_strength strength);
void recording_write_report(FILE *out, uint64_t time_us, const uint8_t *data, size_t size);

#endif
