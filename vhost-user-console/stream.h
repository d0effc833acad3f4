/* SPDX-License-Identifier: MIT */
/*
 * A stream of bytes of which only the last ones are kept. Bytes are numbered from the
 * stream's beginning, and each reader keeps its own position, so that one buffer is
 * scroll-back for newcomers and queue for slow readers at the same time. No I/O.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct stream
 * @size: how many bytes are kept
 * @end: number of the byte that comes next
 */
struct stream {
	uint8_t *bytes;
	size_t size;
	uint64_t end;
};

int stream_init(struct stream *s, size_t size); /* 0 or -ENOMEM */
void stream_free(struct stream *s);

/* Never fails: what no longer fits pushes the oldest bytes out. */
void stream_append(struct stream *s, const void *data, size_t len);
/* The oldest byte that is still there. */
uint64_t stream_start(const struct stream *s);
/* Moves a position that has fallen behind to the oldest byte; how many bytes it has missed. */
uint64_t stream_catch_up(const struct stream *s, uint64_t *pos);
/* The bytes from @pos on that lie together; 0 at the end. @pos has caught up. Valid until the next append. */
size_t stream_peek(const struct stream *s, uint64_t pos, const uint8_t **data);

#endif /* STREAM_H */
