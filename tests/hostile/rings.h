/* SPDX-License-Identifier: MIT */
/*
 * Shared memory and rings without any of the library's checks and manners:
 * whatever can be written can be written here.
 */
#ifndef HOSTILE_RINGS_H
#define HOSTILE_RINGS_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "wire.h"

#define RINGS_MAX   16
#define CHAIN_PARTS 64
#define HELD_MAX    64

/**
 * struct memory - one mapping of a pool
 * @fd: the file, kept for attacks on it
 * @at: NULL: none
 */
struct memory {
	int fd;
	uint8_t *at;
	uint64_t size;
	uint64_t guest_addr;
	uint64_t user_addr;
};

/**
 * struct ring - one virtqueue
 * @taken: available index up to which heads were taken
 * @used_idx: where an honest device would go on
 * @held: heads that were taken and not given back
 */
struct ring {
	unsigned int num;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	int kick;
	int call;
	bool enabled;
	uint16_t taken;
	uint16_t used_idx;
	uint16_t held[HELD_MAX];
	unsigned int num_held;
};

struct chain {
	uint16_t head;
	struct iovec out[CHAIN_PARTS];
	struct iovec in[CHAIN_PARTS];
	unsigned int num_out;
	unsigned int num_in;
	uint32_t out_len;
	uint32_t in_len;
};

int memory_map(struct memory *mem, const struct vhu_mem_region *region, int fd); /* takes @fd */
void memory_unmap(struct memory *mem);
/* NULL when [addr, addr + len) is not in it */
void *memory_guest(const struct memory *mem, uint64_t addr, uint64_t len);
void *memory_user(const struct memory *mem, uint64_t addr, uint64_t len);

void ring_forget(struct ring *r); /* closes its descriptors */
bool ring_usable(const struct ring *r);
int ring_take(struct ring *r); /* the next head, or -1 */
void ring_read(const struct ring *r, const struct memory *mem, uint16_t head, struct chain *chain);
void ring_give(struct ring *r, uint32_t head, uint32_t len); /* any number will do */
void ring_call(const struct ring *r);

/* Bytes between a chain and flat memory; how many were copied */
size_t chain_read(const struct chain *chain, size_t offset, void *to, size_t len);
size_t chain_write(const struct chain *chain, size_t offset, const void *from, size_t len);

#endif /* HOSTILE_RINGS_H */
