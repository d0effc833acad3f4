/* SPDX-License-Identifier: MIT */
/* TAP, as much of it as the programs here need. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

/* Prints one result, and returns @good. */
bool check(bool good, const char *what);
/* Prints the plan; returns the exit status. */
int tap_end(void);

#endif /* TAP_H */
