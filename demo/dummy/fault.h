/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_FAULT_H
#define DEMO_DUMMY_FAULT_H

/*
 * What went wrong, as one sentence for the person at the terminal.  The caller
 * owns it; functions that fail fill it and return -errno, main() prints it.
 */
struct fault {
	char text[320];
};

void fault_format(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Stores the sentence; its value is @code, so that callers can "return fault_set(...)". */
#define fault_set(fault, code, ...) (fault_format(fault, __VA_ARGS__), (code))

#endif
