/* SPDX-License-Identifier: MIT */
#ifndef TEST_CAN_FAKE_H
#define TEST_CAN_FAKE_H

#include <stdint.h>

/* What the kernel would say beside a received frame. */
struct can_fake_tail {
	uint32_t lost;
	uint32_t own;
};

#endif /* TEST_CAN_FAKE_H */
