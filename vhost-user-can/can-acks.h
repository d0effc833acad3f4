/* SPDX-License-Identifier: MIT */
/*
 * Frames that were handed to the kernel and have not been seen on the bus yet, oldest
 * first. No I/O, no allocation.
 *
 * The kernel gives each own frame back when it has been sent, but without a name. So the
 * oldest equal one is taken: that is exact, since equal frames are exchangeable. Frames may
 * come back in another order (a controller may send the more important one first), and under
 * load the kernel may lose some on their way back; those have a deadline.
 */
#ifndef CAN_ACKS_H
#define CAN_ACKS_H

#include <stdint.h>

#include "can-frame.h"

#define CAN_ACKS_MAX 1024 /* as many as a queue has descriptors */

/* @cookie: the caller's, never NULL; @next, @prev: places, CAN_ACKS_MAX is none */
struct can_ack {
	struct can_msg msg;
	void *cookie;
	uint64_t deadline;
	uint16_t next;
	uint16_t prev;
};

struct can_acks {
	struct can_ack entries[CAN_ACKS_MAX];
	uint16_t first;
	uint16_t last;
	uint16_t free;
	unsigned int count;
};

void can_acks_init(struct can_acks *acks); /* empty; whatever was in it is forgotten */
/* @deadline: of the caller's clock, not before that of the last one. 0 or -ENOSPC */
int can_acks_push(struct can_acks *acks, const struct can_msg *msg, void *cookie, uint64_t deadline);
/* Each takes one out and returns its cookie, or NULL: */
void *can_acks_confirm(struct can_acks *acks, const struct can_msg *echo); /* the oldest that is equal */
void *can_acks_expire(struct can_acks *acks, uint64_t now); /* the oldest, if its deadline has passed */
void *can_acks_take(struct can_acks *acks); /* the oldest */
uint64_t can_acks_deadline(const struct can_acks *acks); /* of the oldest; UINT64_MAX if there is none */

#endif /* CAN_ACKS_H */
