// SPDX-License-Identifier: MIT
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int stream_init(struct stream *s, size_t size)
{
	s->bytes = malloc(size);
	s->size = size;
	s->end = 0;
	return s->bytes ? 0 : -ENOMEM;
}

void stream_free(struct stream *s)
{
	free(s->bytes);
	s->bytes = NULL;
}

void stream_append(struct stream *s, const void *data, size_t len)
{
	const uint8_t *from = data;

	if (len > s->size) {
		s->end += len - s->size;
		from += len - s->size;
		len = s->size;
	}
	while (len) {
		size_t at = s->end % s->size, part = s->size - at;

		if (part > len)
			part = len;
		memcpy(s->bytes + at, from, part);
		s->end += part;
		from += part;
		len -= part;
	}
}

uint64_t stream_start(const struct stream *s)
{
	return s->end > s->size ? s->end - s->size : 0;
}

uint64_t stream_catch_up(const struct stream *s, uint64_t *pos)
{
	uint64_t start = stream_start(s), missed = 0;

	if (*pos < start) {
		missed = start - *pos;
		*pos = start;
	}
	return missed;
}

size_t stream_peek(const struct stream *s, uint64_t pos, const uint8_t **data)
{
	size_t at = pos % s->size, part = s->size - at;

	*data = s->bytes + at;
	return s->end - pos < part ? (size_t)(s->end - pos) : part;
}
