/* SPDX-License-Identifier: MIT */
/* The ways in which the scribbler misbehaves, one at a time, each for a moment. */
#ifndef HOSTILE_MISDEEDS_H
#define HOSTILE_MISDEEDS_H

#include "tests/hostile/peer.h"
#include "tests/hostile/pool.h"

struct scribbler {
	struct chance chance;
	struct peer peer;
	struct refusals refusals;
	unsigned long given;
	unsigned long calls;
	unsigned long bytes; /* stored at random */
};

/**
 * struct misdeed
 * @name: for --only and --without
 * @begin: once
 * @chain: instead of an honest answer to one head; NULL: honest
 * @tick: every millisecond or so; may be NULL
 * @deaf: 1: no ring is looked at, 2: nor is the socket
 * @longest: milliseconds
 */
struct misdeed {
	const char *name;
	void (*begin)(struct scribbler *s);
	void (*chain)(struct scribbler *s, unsigned int queue, uint16_t head);
	void (*tick)(struct scribbler *s);
	int deaf;
	unsigned int longest;
};

extern const struct misdeed misdeeds[];
extern const unsigned int num_misdeeds;

void answer_honestly(struct scribbler *s, unsigned int queue, uint16_t head);

#endif /* HOSTILE_MISDEEDS_H */
