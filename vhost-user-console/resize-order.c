// SPDX-License-Identifier: MIT
#include "resize-order.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/*
 * From which patch level on a stable branch reads columns first: the backport of commit 5326ab737a47 by the announcement
 * of the release (5.15, 6.6) or Debian's list of what it took from it (5.10, 6.1, 6.12). Branches that are not here and
 * older than 6.16 never had it: 5.4, for one, had its last release before.
 */
static const struct {
	unsigned int major, minor, patch;
} backports[] = {
	{ 5, 10, 248 },
	{ 5, 15, 198 },
	{ 6, 1, 160 },
	{ 6, 6, 120 },
	{ 6, 12, 65 },
};

enum control_order resize_order_of_linux(const char *release, const char *version)
{
	unsigned int major = 0, minor = 0, patch = 0;
	const char *debian = strstr(version, " Debian ");

	if (sscanf(debian ? debian + strlen(" Debian ") : release, "%u.%u.%u", &major, &minor, &patch) < 2)
		return CONTROL_ROWS_FIRST;
	if (major > 6 || (major == 6 && minor >= 16))
		return CONTROL_COLS_FIRST;
	for (size_t i = 0; i < sizeof(backports) / sizeof(backports[0]); i++) {
		if (major == backports[i].major && minor == backports[i].minor)
			return patch >= backports[i].patch ? CONTROL_COLS_FIRST : CONTROL_ROWS_FIRST;
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
