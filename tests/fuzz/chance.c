// SPDX-License-Identifier: MIT
#include "tests/fuzz/chance.h"

void chance_seed(struct chance *c, uint64_t seed)
{
	c->state = seed;
}

uint64_t chance_u64(struct chance *c)
{
	uint64_t z;

	c->state += UINT64_C(0x9e3779b97f4a7c15);
	z = c->state;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t chance_u32(struct chance *c)
{
	return (uint32_t)(chance_u64(c) >> 32);
}

uint32_t chance_below(struct chance *c, uint64_t limit)
{
	return (uint32_t)(chance_u64(c) % limit);
}
