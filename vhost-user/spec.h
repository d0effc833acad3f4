/* SPDX-License-Identifier: MIT */
/* Helpers for daemons that read an option with a small language of its own, such as --lines or --port. */
#ifndef VHOST_USER_SPEC_H
#define VHOST_USER_SPEC_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct vhu_fault - where the sentence goes that says what is wrong
 * @text: of the caller, @size bytes; always ended by a NUL
 */
struct vhu_fault {
	char *text;
	size_t size;
};

/* Writes the sentence, which has no full stop; returns -EINVAL. */
int __attribute__((format(printf, 2, 3))) vhu_refuse(const struct vhu_fault *fault, const char *format, ...);
/*
 * A decimal number of digits only, without sign or space, at the beginning of *@text, which is moved behind it.
 * False: there is none, or it is more than @max.
 */
bool vhu_take_number(const char **text, unsigned long max, unsigned long *value);

#endif /* VHOST_USER_SPEC_H */
