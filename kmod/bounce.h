/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bounce area, by which drivers and daemons give each other bytes: its slots and whose they are.
 */
#ifndef VLB_BOUNCE_H
#define VLB_BOUNCE_H

#include <linux/atomic.h>
#include <linux/dma-direction.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* All granules of a pool are tracked one by one: this bounds the tables. */
#define VLB_MAX_GRANULES 65536UL

/* The driver's view of a buffer that failed. */
enum vlb_fail {
	VLB_FAIL_NOT, /* it did not: what the daemon wrote */
	VLB_FAIL_ONES, /* all ones at both ends, where answers have their status */
	VLB_FAIL_FUSE, /* struct fuse_out_header with EIO */
};

/**
 * struct vlb_slot - what is mapped at a run of granules; never in shared memory
 * @orig: physical address of the driver's buffer
 * @len: bytes; what will be copied back at most, whatever the ring says
 * @next: instead, where nothing is mapped: the next one of struct vlb_bounce.kept
 * @queue: 1 + index of the queue it was seen in, 0 when not known
 * @dir: enum dma_data_direction; DMA_NONE for coherent memory
 * @fail: what the driver will find in it, where no daemon answers any more
 */
struct vlb_slot {
	phys_addr_t orig;
	union {
		u32 len;
		u32 next;
	};
	u16 queue;
	u8 dir;
	u8 fail;
};

/**
 * struct vlb_bounce - allocator of the bounce area
 * @vaddr: byte 0 of the area in the kernel
 * @iova: the same for the daemon
 * @size: bytes
 * @told: bytes at its beginning that user space can never write: for small buffers to the device, among
 *	them the indirect tables, which then are the driver's word
 * @shift: log2 of the granule
 * @granules: size in granules
 * @lock: protects what follows
 * @used: granule is taken
 * @head: granule begins a mapping, slots[granule] is valid; who clears the bit has the mapping, lock or not
 * @kept: by number of granules less 1: 1 + index of the slot of that size that was given back last and is
 *	to be used again first; 0 when there is none. Its granules are taken. Those in @told have an array
 *	of their own behind the others'.
 * @live: mappings
 * @busy: granules taken
 * @busy_max: the most that ever were
 * @status: of a disk, by page where a buffer to be filled begins: 1 + offset of its request's status, 0 while that
 *	is not known. NULL: all buffers are zeroed before they are filled
 */
struct vlb_bounce {
	u8 *vaddr;
	dma_addr_t iova;
	size_t size;
	size_t told;
	unsigned int shift;
	unsigned long granules;
	raw_spinlock_t lock;
	unsigned long *used;
	unsigned long *head;
	struct vlb_slot *slots;
	u32 *kept;
	unsigned long live;
	unsigned long busy;
	unsigned long busy_max;
	u32 *status;
	atomic64_t bytes_to_daemon;
	atomic64_t bytes_from_daemon;
	atomic64_t map_failures;
	atomic64_t bad_unmaps;
};

/* slots.c: who has which part of the bounce area; any context */
size_t vlb_bounce_told(size_t size);
int vlb_bounce_init(struct vlb_bounce *b, u8 *vaddr, dma_addr_t iova, size_t size);
void vlb_bounce_free(struct vlb_bounce *b);
long vlb_bounce_alloc(struct vlb_bounce *b, phys_addr_t orig, size_t len, u8 dir);
void vlb_bounce_release(struct vlb_bounce *b, unsigned long index, size_t len);
long vlb_bounce_index(const struct vlb_bounce *b, dma_addr_t addr);
long vlb_bounce_claim(struct vlb_bounce *b, dma_addr_t addr, bool coherent, struct vlb_slot *slot);
long vlb_bounce_lookup(struct vlb_bounce *b, dma_addr_t addr, size_t len, struct vlb_slot *slot,
		       size_t *offset);
void vlb_bounce_tag(struct vlb_bounce *b, dma_addr_t addr, unsigned int queue);
void *vlb_bounce_peek(struct vlb_bounce *b, dma_addr_t addr, size_t len);
void vlb_bounce_fail(struct vlb_bounce *b, dma_addr_t addr, u8 fail);
bool vlb_bounce_is_told(const struct vlb_bounce *b, dma_addr_t addr, size_t len);
bool vlb_bounce_is_live(struct vlb_bounce *b, dma_addr_t addr, unsigned int queue);

static inline unsigned long vlb_granules(const struct vlb_bounce *b, size_t len)
{
	return (len + (1UL << b->shift) - 1) >> b->shift;
}

static inline u8 *vlb_slot_vaddr(const struct vlb_bounce *b, unsigned long index)
{
	return b->vaddr + (index << b->shift);
}

/* Is a buffer left as it is when it is mapped? Such slots begin with a page. */
static inline bool vlb_blk_is_raw(const struct vlb_bounce *b, size_t len,
				  enum dma_data_direction dir)
{
	return b->status && dir == DMA_FROM_DEVICE && len >= PAGE_SIZE;
}

#endif /* VLB_BOUNCE_H */
