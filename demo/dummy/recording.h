/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_RECORDING_H
#define DEMO_DUMMY_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fault.h"

/*
 * The text format of hid-recorder(1) and hid-replay(1): one item a line,
 * R: length and bytes of the report descriptor, N: name, P: physical path,
 * I: bus, vendor and product, E: time, length and bytes of one report,
 * D: the device's number, # a comment.
 */
#define RECORDING_MAX_DESCRIPTOR 4096 /* HID_MAX_DESCRIPTOR_SIZE of linux/hid.h */
#define RECORDING_MAX_REPORT	 4096 /* UHID_DATA_MAX of linux/uhid.h */

struct recording_report {
	uint64_t time_us; /* as in the file; only differences mean something */
	size_t size;
	uint8_t *data;
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
};

/* Fills @recording from text; on failure it is left empty and @fault names the line. */
int recording_parse(const char *text, struct recording *recording, struct fault *fault);

/* The same from a file. */
int recording_load(const char *path, struct recording *recording, struct fault *fault);

void recording_release(struct recording *recording);

/* Writers of the same format; errors show in ferror(@out). */
void recording_write_header(FILE *out, const struct recording *recording);
void recording_write_report(FILE *out, uint64_t time_us, const uint8_t *data, size_t size);

#endif
