// SPDX-License-Identifier: MIT
#include "tests/hostile/misdeeds.h"

#include <endian.h>
#include <string.h>

#define BURST 2000 /* stores or calls a tick */

static uint32_t below(struct scribbler *s, uint64_t limit)
{
	return chance_below(&s->chance, limit);
}

static void give(struct scribbler *s, struct ring *r, uint32_t head, uint32_t len)
{
	ring_give(r, head, len);
	s->given++;
}

static void call(struct scribbler *s, const struct ring *r)
{
	ring_call(r);
	s->calls++;
}

/* Numbers at which somebody's arithmetic may end */
static uint32_t nasty(struct scribbler *s)
{
	static const uint32_t list[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000, 0x1001, 0x7fff, 0x8000,
		0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	return below(s, 4) ? list[below(s, sizeof(list) / sizeof(list[0]))] : chance_u32(&s->chance);
}

static struct ring *any_ring(struct scribbler *s)
{
	unsigned int i, n = s->peer.model->num_queues, first = below(s, n);

	for (i = 0; i < n; i++) {
		struct ring *r = &s->peer.rings[(first + i) % n];

		if (ring_usable(r))
			return r;
	}
	return NULL;
}

static uint32_t answer(struct scribbler *s, unsigned int queue, uint16_t head, struct chain *chain)
{
	ring_read(&s->peer.rings[queue], &s->peer.mem, head, chain);
	return s->peer.model->answer(&s->peer.state, queue, chain);
}

void answer_honestly(struct scribbler *s, unsigned int queue, uint16_t head)
{
	struct ring *r = &s->peer.rings[queue];
	struct chain chain;
	uint32_t len = answer(s, queue, head, &chain);

	/* Nothing to say in this queue now: the buffer waits on. */
	if (!len && s->peer.model->unasked & (1U << queue)) {
		r->held[r->num_held++ % HELD_MAX] = head;
		return;
	}
	give(s, r, head, len);
	call(s, r);
}

/* Almost right: the device's own structures with a few numbers exchanged. */
static void wrong(struct scribbler *s, unsigned int queue, uint16_t head)
{
	struct ring *r = &s->peer.rings[queue];
	unsigned int i, times = 1 + below(s, 3);
	struct chain chain;
	uint32_t len = answer(s, queue, head, &chain), value;

	for (i = 0; i < times && chain.in_len; i++) {
		static const unsigned int sizes[] = { 1, 2, 4 };
		size_t area = below(s, 2) && chain.in_len > 64 ? 64 : chain.in_len;

		value = htole32(nasty(s));
		chain_write(&chain, below(s, area), &value, sizes[below(s, 3)]);
	}
	give(s, r, head, len ? len : chain.in_len);
	call(s, r);
}

static void noise(struct scribbler *s, unsigned int queue, uint16_t head)
{
	struct ring *r = &s->peer.rings[queue];
	bool ones = below(s, 2);
	struct chain chain;
	size_t done;

	ring_read(r, &s->peer.mem, head, &chain);
	for (done = 0; done < chain.in_len; done += 8) {
		uint64_t word = ones ? ~0ULL : chance_u64(&s->chance);

		chain_write(&chain, done, &word, sizeof(word));
	}
	give(s, r, head, below(s, (uint64_t)chain.in_len + 1));
	call(s, r);
}

static void lengths(struct scribbler *s, unsigned int queue, uint16_t head)
{
	struct ring *r = &s->peer.rings[queue];
	struct chain chain;
	uint32_t len = answer(s, queue, head, &chain);

	switch (below(s, 4)) {
	case 0: len = chain.in_len + 1 + below(s, 4096); break;
	case 1: len = below(s, (uint64_t)len + 1); break;
	default: len = nasty(s); break;
	}
	give(s, r, head, len);
	call(s, r);
}

static void twice(struct scribbler *s, unsigned int queue, uint16_t head)
{
	struct ring *r = &s->peer.rings[queue];

	answer_honestly(s, queue, head);
	if (!below(s, 4)) {
		give(s, r, head, below(s, 64));
		call(s, r);
	}
}

static void strange_heads(struct scribbler *s, unsigned int queue, uint16_t head)
{
	struct ring *r = &s->peer.rings[queue];

	if (!below(s, 4)) {
		give(s, r, below(s, 2) ? below(s, r->num) : nasty(s), nasty(s));
		call(s, r);
	}
	answer_honestly(s, queue, head);
}

static void index_jumps(struct scribbler *s)
{
	struct ring *r = any_ring(s);

	if (!r || below(s, 8))
		return;
	r->used_idx += (uint16_t)(below(s, 2) ? below(s, 2 * (uint64_t)r->num) : nasty(s));
	__atomic_store_n(&r->used->idx, htole16(r->used_idx), __ATOMIC_RELEASE);
	call(s, r);
}

static void ring_bytes(struct scribbler *s)
{
	unsigned int i, j;

	for (j = 0; j < s->peer.model->num_queues; j++) {
		struct ring *r = &s->peer.rings[j];

		for (i = 0; ring_usable(r) && i < BURST / 10; i++) {
			((uint8_t *)r->used)[below(s, 6 + (uint64_t)r->num * sizeof(r->used->ring[0]))] = (uint8_t)
				chance_u32(&s->chance);
			s->bytes++;
			if (!(i % 32))
				call(s, r);
		}
	}
}

static void scribble(struct scribbler *s, const struct memory *mem)
{
	unsigned int i;

	for (i = 0; mem->at && i < BURST; i++) {
		/* Pages that are not ours to write fault, which is dear: back off from there. */
		if (pool_poke(mem->at + chance_u64(&s->chance) % mem->size, (uint8_t)chance_u32(&s->chance)))
			s->bytes++;
		else
			s->refusals.faults++, i += 20;
	}
}

static void pool_bytes(struct scribbler *s)
{
	scribble(s, &s->peer.mem);
}

/* What a daemon before this connection still had mapped. */
static void old_pool_bytes(struct scribbler *s)
{
	scribble(s, &s->peer.old[below(s, OLD_MEMORIES)]);
}

static void hold(struct scribbler *s, unsigned int queue, uint16_t head)
{
	struct ring *r = &s->peer.rings[queue];

	if (r->num_held < HELD_MAX)
		r->held[r->num_held++] = head;
}

static void any_order(struct scribbler *s)
{
	unsigned int queue;

	for (queue = 0; queue < s->peer.model->num_queues; queue++) {
		struct ring *r = &s->peer.rings[queue];
		unsigned int which;
		uint16_t head;

		if (!ring_usable(r) || !r->num_held)
			continue;
		which = below(s, r->num_held);
		head = r->held[which];
		r->held[which] = r->held[--r->num_held];
		answer_honestly(s, queue, head);
	}
}

static void storm(struct scribbler *s)
{
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		struct ring *r = any_ring(s);

		if (r)
			call(s, r);
	}
}

static void other_config(struct scribbler *s)
{
	unsigned int i;

	s->peer.garble_config = true;
	for (i = 0; i < 4; i++)
		peer_config_changed(&s->peer);
}

static void other_flags(struct scribbler *s)
{
	struct ring *r = any_ring(s);
	uint16_t event = (uint16_t)chance_u32(&s->chance);

	if (!r)
		return;
	r->used->flags = (uint16_t)chance_u32(&s->chance);
	memcpy(&r->used->ring[r->num], &event, sizeof(event));
	call(s, r);
}

static void hang_up(struct scribbler *s)
{
	peer_hang_up(&s->peer);
}

static void attack_pool(struct scribbler *s)
{
	pool_attack(&s->peer, &s->refusals);
}

const struct misdeed misdeeds[] = {
	{ "none", .longest = 200 },
	{ "wrong", .chain = wrong, .longest = 200 },
	{ "noise", .chain = noise, .longest = 200 },
	{ "lengths", .chain = lengths, .longest = 200 },
	{ "twice", .chain = twice, .longest = 100 },
	{ "strange-heads", .chain = strange_heads, .longest = 100 },
	{ "index-jumps", .tick = index_jumps, .longest = 100 },
	{ "ring-bytes", .tick = ring_bytes, .longest = 100 },
	{ "pool-bytes", .tick = pool_bytes, .longest = 200 },
	{ "old-pool-bytes", .tick = old_pool_bytes, .longest = 100 },
	{ "any-order", .chain = hold, .tick = any_order, .longest = 300 },
	{ "pause", .deaf = 1, .longest = 400 },
	{ "deaf", .deaf = 2, .longest = 1500 },
	{ "storm", .tick = storm, .longest = 200 },
	{ "config", .tick = other_config, .longest = 300 },
	{ "flags", .tick = other_flags, .longest = 200 },
	{ "hang-up", .begin = hang_up, .longest = 50 },
	{ "pool", .begin = attack_pool, .longest = 20 },
};

const unsigned int num_misdeeds = sizeof(misdeeds) / sizeof(misdeeds[0]);
