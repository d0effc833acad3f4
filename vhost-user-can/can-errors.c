// SPDX-License-Identifier: MIT
#include "can-errors.h"

#include <stdio.h>

/* By bit, from CAN_ERR_TX_TIMEOUT to CAN_ERR_CNT. */
static const char *const names[CAN_ERROR_KINDS] = {
	"time-out of the driver",
	"lost arbitration",
	"controller problem",
	"protocol violation",
	"transceiver problem",
	"no acknowledgement",
	"bus-off",
	"bus error",
	"restart",
	"error counters",
};

uint32_t can_errors_count(struct can_errors *errors, const struct canfd_frame *frame)
{
	uint32_t kinds = frame->can_id & CAN_ERR_MASK;

	errors->frames++;
	for (unsigned int i = 0; i < CAN_ERROR_KINDS; i++)
		errors->kinds[i] += kinds >> i & 1;
	return kinds;
}

void can_errors_text(uint32_t kinds, char *buf, size_t size)
{
	size_t used = 0;

	snprintf(buf, size, "unknown");
	for (unsigned int i = 0; i < CAN_ERROR_KINDS && used < size; i++) {
		if (kinds >> i & 1)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", names[i]);
	}
}

void can_errors_summary(const struct can_errors *errors, char *buf, size_t size)
{
	size_t used = 0;

	snprintf(buf, size, "none");
	for (unsigned int i = 0; i < CAN_ERROR_KINDS && used < size; i++) {
		if (errors->kinds[i])
			used += (size_t)snprintf(buf + used, size - used, "%s%s %llu", used ? ", " : "", names[i],
				(unsigned long long)errors->kinds[i]);
	}
}
