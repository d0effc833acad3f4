// SPDX-License-Identifier: MIT
#include "spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int vhu_refuse(const struct vhu_fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->text, fault->size, format, args);
	va_end(args);
	return -EINVAL;
}

bool vhu_take_number(const char **text, unsigned long max, unsigned long *value)
{
	char *end;

	/* strtoul() takes signs and spaces as well */
	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*value = strtoul(*text, &end, 10);
	*text = end;
	return !errno && *value <= max;
}
