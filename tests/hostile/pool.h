/* SPDX-License-Identifier: MIT */
/* Attempts on the memory file itself, each of which has to be refused. */
#ifndef HOSTILE_POOL_H
#define HOSTILE_POOL_H

#include "tests/hostile/peer.h"

struct refusals {
	unsigned long refused;
	unsigned long faults; /* of these, by SIGBUS or SIGSEGV */
	unsigned long through; /* what must never happen; said on stderr */
};

/* One store that may fault; false when it did. */
bool pool_poke(volatile uint8_t *at, uint8_t value);
void pool_attack(const struct peer *p, struct refusals *count);

#endif /* HOSTILE_POOL_H */
