/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_TRACE_H
#define DEMO_DUMMY_TRACE_H

#include <stdint.h>
#include <stdio.h>

#include "fault.h"
#include "frame.h"

/*
 * A trace is a text file of touch frames, written both by the panel (what was
 * sent) and by touchlog (what arrived), so that the two can be compared:
 *
 *	F <time in us> <fingers on the glass> <id>:<x>,<y> ...
 *	R <time in us> <report in hexadecimal>       sent as it is, not understood
 *	U <time in us> <touches> <id>:<x>,<y>:<strength> ...    touched, but not reported
 *	# comment
 */
void trace_write_frame(FILE *out, uint64_t time_us, const struct frame *frame);
/* The touches of @frame that a panel at sensitivity @level does not feel; nothing when it feels all. */
void trace_write_unfelt(FILE *out, uint64_t time_us, const struct frame *frame, unsigned int level);
void trace_write_raw(FILE *out, uint64_t time_us, const uint8_t *data, size_t size);

/* What a comparison found. */
struct trace_result {
	unsigned long frames; /* distinct frames sent */
	unsigned long matched; /* how many of them arrived, in order */
	unsigned long unexpected; /* frames that arrived and were never sent */
	unsigned int left_down; /* fingers on the glass at the end of what arrived */
};

/*
 * Compares what arrived with what was sent.  A frame is the set of its finger
 * positions: ids are a matter of each side, and a frame equal to the one before
 * it makes no event.  Positions may be off by @tolerance units.
 * Returns 0 when all frames could be read (also when they differ), else -errno.
 */
int trace_compare(FILE *sent, FILE *arrived, unsigned int tolerance, struct trace_result *result, struct fault *fault);

#endif
