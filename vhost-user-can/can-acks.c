// SPDX-License-Identifier: MIT
#include "can-acks.h"

#include <errno.h>
#include <stddef.h>

#define NONE CAN_ACKS_MAX

void can_acks_init(struct can_acks *acks)
{
	acks->first = NONE;
	acks->last = NONE;
	acks->free = 0;
	acks->count = 0;
	for (uint16_t i = 0; i < CAN_ACKS_MAX; i++)
		acks->entries[i].next = (uint16_t)(i + 1);
}

int can_acks_push(struct can_acks *acks, const struct can_msg *msg, void *cookie, uint64_t deadline)
{
	uint16_t place = acks->free;
	struct can_ack *ack;

	if (place == NONE)
		return -ENOSPC;
	ack = &acks->entries[place];
	acks->free = ack->next;
	*ack = (struct can_ack) {
		.msg = *msg, .cookie = cookie, .deadline = deadline, .next = NONE, .prev = acks->last
	};
	if (acks->last == NONE)
		acks->first = place;
	else
		acks->entries[acks->last].next = place;
	acks->last = place;
	acks->count++;
	return 0;
}

static void *remove_at(struct can_acks *acks, uint16_t place)
{
	struct can_ack *ack = &acks->entries[place];

	if (ack->prev == NONE)
		acks->first = ack->next;
	else
		acks->entries[ack->prev].next = ack->next;
	if (ack->next == NONE)
		acks->last = ack->prev;
	else
		acks->entries[ack->next].prev = ack->prev;
	ack->next = acks->free;
	acks->free = place;
	acks->count--;
	return ack->cookie;
}

void *can_acks_confirm(struct can_acks *acks, const struct can_msg *echo)
{
	for (uint16_t i = acks->first; i != NONE; i = acks->entries[i].next) {
		if (can_frame_same(&acks->entries[i].msg, echo))
			return remove_at(acks, i);
	}
	return NULL;
}

void *can_acks_expire(struct can_acks *acks, uint64_t now)
{
	return can_acks_deadline(acks) <= now ? can_acks_take(acks) : NULL;
}

void *can_acks_take(struct can_acks *acks)
{
	return acks->first == NONE ? NULL : remove_at(acks, acks->first);
}

uint64_t can_acks_deadline(const struct can_acks *acks)
{
	return acks->first == NONE ? UINT64_MAX : acks->entries[acks->first].deadline;
}
