// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>

#include "fault.h"

void fault_format(struct fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
}
