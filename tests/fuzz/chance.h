/* SPDX-License-Identifier: MIT */
/* Random numbers that are the same on every machine for the same seed (splitmix64). */
#ifndef FUZZ_CHANCE_H
#define FUZZ_CHANCE_H

#include <stdint.h>

struct chance {
	uint64_t state;
};

void chance_seed(struct chance *c, uint64_t seed);
uint64_t chance_u64(struct chance *c);
uint32_t chance_u32(struct chance *c);
uint32_t chance_below(struct chance *c, uint64_t limit); /* 0 to @limit - 1 */

#endif /* FUZZ_CHANCE_H */
