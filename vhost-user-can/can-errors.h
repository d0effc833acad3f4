/* SPDX-License-Identifier: MIT */
/*
 * SocketCAN's error frames (linux/can/error.h): virtio has no place for them, so they are
 * counted by kind, logged, and bus-off is told apart.
 */
#ifndef CAN_ERRORS_H
#define CAN_ERRORS_H

#include <linux/can.h>
#include <linux/can/error.h>
#include <stddef.h>
#include <stdint.h>

#define CAN_ERROR_KINDS 10

struct can_errors {
	uint64_t frames;
	uint64_t kinds[CAN_ERROR_KINDS]; /* by bit of the identifier; a frame may be of several */
};

/* Returns the frame's kinds, CAN_ERR_*. */
uint32_t can_errors_count(struct can_errors *errors, const struct canfd_frame *frame);
/* "bus-off, no acknowledgement"; cut short when @buf is too small. */
void can_errors_text(uint32_t kinds, char *buf, size_t size);
/* "no acknowledgement 12, bus-off 1", or "none". */
void can_errors_summary(const struct can_errors *errors, char *buf, size_t size);

#endif /* CAN_ERRORS_H */
