// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>

#include "fault.h"

int fault_set(struct fault *fault, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return code;
}
