// SPDX-License-Identifier: MIT
#include "resize-order.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* From which patch level on a branch has commit 5326ab737a47 without its revert. */
static const struct {
	unsigned int major, minor, patch;
} cols_first[] = {
	{ 5, 4, 295 },
	{ 5, 10, 239 },
	{ 5, 15, 186 },
	{ 6, 1, 142 },
	{ 6, 6, 94 },
	{ 6, 12, 34 },
	{ 6, 15, 3 },
	{ 6, 16, 0 },
};

enum control_order resize_order_of_linux(const char *release, const char *version)
{
	unsigned int major = 0, minor = 0, patch = 0;
	const char *debian = strstr(version, " Debian ");

	if (sscanf(debian ? debian + strlen(" Debian ") : release, "%u.%u.%u", &major, &minor, &patch) < 2)
		return CONTROL_ROWS_FIRST;
	for (size_t i = 0; i < sizeof(cols_first) / sizeof(cols_first[0]); i++) {
		if (major == cols_first[i].major && minor == cols_first[i].minor)
			return patch >= cols_first[i].patch ? CONTROL_COLS_FIRST : CONTROL_ROWS_FIRST;
	}
	return CONTROL_ROWS_FIRST;
}

enum control_order resize_order(enum resize_order asked)
{
	struct utsname name;

	if (asked == RESIZE_AUTO && uname(&name) == 0)
		return resize_order_of_linux(name.release, name.version);
	return asked == RESIZE_SPEC ? CONTROL_COLS_FIRST : CONTROL_ROWS_FIRST;
}
