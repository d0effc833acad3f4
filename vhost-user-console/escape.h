/* SPDX-License-Identifier: MIT */
/*
 * The escape key of a terminal that is otherwise all the driver's: the key and then q
 * ends the program, the key twice is the key itself. No I/O.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESCAPE_NONE -1

/**
 * struct escape
 * @key: the character; ESCAPE_NONE: everything passes
 * @armed: it was the last one typed
 */
struct escape {
	int key;
	bool armed;
};

/* "^]", one character, or "none". 0 or -EINVAL. */
int escape_parse(const char *text, int *key);
/*
 * Copies what is meant for the driver to @out, which has room for @len + 1 bytes, and
 * stops when the program is to end. The bytes copied.
 */
size_t escape_filter(struct escape *e, const uint8_t *in, size_t len, uint8_t *out, bool *quit);

#endif /* ESCAPE_H */
