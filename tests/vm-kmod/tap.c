// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "tap.h"

/* One program, one result: the two counters are the file's reason to be. */
static unsigned int results, failures;

bool check(bool good, const char *what)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++results, what);
	fflush(stdout);
	failures += !good;
	return good;
}

int tap_end(void)
{
	printf("1..%u\n", results);
	return failures > 0;
}
