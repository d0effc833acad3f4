// SPDX-License-Identifier: MIT
#include "stamps.h"

#include <stdio.h>
#include <string.h>

static size_t put_stamp(const struct timespec *now, char *out)
{
	char stamp[STAMP_SIZE + 8];
	struct tm tm;
	size_t n = 0;

	if (gmtime_r(&now->tv_sec, &tm))
		n = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(stamp + n, sizeof(stamp) - n, ".%03uZ ", (unsigned int)(now->tv_nsec / 1000000 % 1000));
	if (n > STAMP_SIZE - 1)
		n = STAMP_SIZE - 1;
	memcpy(out, stamp, n);
	return n;
}

size_t stamps_fill(struct stamps *s, const struct timespec *now, const uint8_t *in, size_t len, char *out, size_t room,
	size_t *used)
{
	size_t n = 0, i;

	for (i = 0; i < len && room - n > STAMP_SIZE; i++) {
		if (!s->inside)
			n += put_stamp(now, out + n);
		out[n++] = (char)in[i];
		s->inside = in[i] != '\n';
	}
	*used = i;
	return n;
}
