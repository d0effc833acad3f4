/* SPDX-License-Identifier: MIT */
/* Puts the time in front of each line. No I/O. */
#ifndef STAMPS_H
#define STAMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define STAMP_SIZE sizeof("2026-11-21T17:30:00.123Z ")

struct stamps {
	bool inside; /* a line; false: the next byte begins one */
};

/**
 * stamps_fill - copy with stamps
 * @now: CLOCK_REALTIME
 * @in: @len bytes
 * @out: @room bytes, at least STAMP_SIZE + 1
 * @used: how many of @in were copied; the rest did not fit
 *
 * Returns the bytes in @out. Stamps are in UTC, so that a log stays in order over a change of the clock's zone.
 */
size_t stamps_fill(struct stamps *s, const struct timespec *now, const uint8_t *in, size_t len, char *out, size_t room,
	size_t *used);

#endif /* STAMPS_H */
