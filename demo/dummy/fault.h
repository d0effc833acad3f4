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

/* Stores the sentence and returns @code, so that callers can "return fault_set(...)". */
int fault_set(struct fault *fault, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
