// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots: which part of the bounce area is whose.
 *
 * A slot that was given back is kept, as it is, for the next mapping of its size:
 * the last one first, while caches have it. Drivers ask for few sizes, so this is
 * the usual way, and a few instructions long; the bitmap is for what is not there yet. When
 * it has no room, all slots that are kept go back to it.
 *
 * What a device only reads, and may be an indirect table, has a part of its own while that has room,
 * in pages that no daemon can write: we look into tables again when a request has to fail.
 *
 * Records stand in kernel memory only. A head bit makes one valid: to clear it
 * is to take the mapping, which only one caller can.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "vlb.h"

#define VLB_MIN_GRANULE 64UL
/* The longest slots that are kept, in granules. */
#define VLB_KEPT_MAX 1024UL
/* The longest buffers in the part that is read-only for daemons. */
#define VLB_TOLD_MAX (4 * PAGE_SIZE)

static unsigned int vlb_granule_shift(size_t size)
{
	return order_base_2(max(VLB_MIN_GRANULE, DIV_ROUND_UP(size, VLB_MAX_GRANULES)));
}

/* How much of an area of @size bytes is read-only for daemons: whole pages, whole granules. */
size_t vlb_bounce_told(size_t size)
{
	return round_down(size / 8, max(PAGE_SIZE, 1UL << vlb_granule_shift(size)));
}

int vlb_bounce_init(struct vlb_bounce *b, u8 *vaddr, dma_addr_t iova, size_t size)
{
	b->vaddr = vaddr;
	b->iova = iova;
	b->size = size;
	b->told = vlb_bounce_told(size);
	b->shift = vlb_granule_shift(size);
	b->granules = size >> b->shift;
	raw_spin_lock_init(&b->lock);
	b->used = kvcalloc(BITS_TO_LONGS(b->granules), sizeof(long), GFP_KERNEL);
	b->head = kvcalloc(BITS_TO_LONGS(b->granules), sizeof(long), GFP_KERNEL);
	b->slots = kvcalloc(b->granules, sizeof(*b->slots), GFP_KERNEL);
	b->kept = kvcalloc(2 * VLB_KEPT_MAX, sizeof(*b->kept), GFP_KERNEL);
	if (b->used && b->head && b->slots && b->kept)
		return 0;
	vlb_bounce_free(b);
	return -ENOMEM;
}

void vlb_bounce_free(struct vlb_bounce *b)
{
	kvfree(b->used);
	kvfree(b->head);
	kvfree(b->slots);
	kvfree(b->kept);
	kvfree(b->status);
	b->used = NULL;
	b->head = NULL;
	b->slots = NULL;
	b->kept = NULL;
	b->status = NULL;
}

/*
 * Sectors and pages keep their alignment: a daemon may hand the slot to
 * O_DIRECT. Smaller things need none. The same for all slots of a size.
 */
static unsigned long vlb_align_mask(const struct vlb_bounce *b, unsigned long count)
{
	size_t size = count << b->shift;

	if (size < 512)
		return 0;
	return max(rounddown_pow_of_two(min_t(size_t, size, PAGE_SIZE)) >> b->shift, 1UL) - 1;
}

/* May a buffer of @len bytes be an indirect table? Whole pages are payload, of which there is much. */
static bool vlb_wants_told(size_t len, u8 dir)
{
	return dir == DMA_TO_DEVICE && len <= VLB_TOLD_MAX && len % PAGE_SIZE &&
	       !(len % sizeof(struct vring_desc));
}

/*
 * Small slots that the device may write keep to the last eighth while it has room, lest they make holes
 * where pages want to be in a row. Returns b->granules or more when there is no room.
 */
static unsigned long vlb_bounce_find(struct vlb_bounce *b, unsigned long count, bool told)
{
	unsigned long begin = b->told >> b->shift, first = begin;
	unsigned long mask = vlb_align_mask(b, count), index;

	if (told) {
		index = bitmap_find_next_zero_area(b->used, begin, 0, count, mask);
		return index < begin ? index : b->granules;
	}
	if (count << b->shift < PAGE_SIZE)
		first = b->granules - b->granules / 8;
	index = bitmap_find_next_zero_area(b->used, b->granules, first, count, mask);
	if (index >= b->granules && first != begin)
		index = bitmap_find_next_zero_area(b->used, b->granules, begin, count, mask);
	return index;
}

static u32 *vlb_kept_list(const struct vlb_bounce *b, unsigned long count, bool told)
{
	return &b->kept[count - 1 + (told ? VLB_KEPT_MAX : 0)];
}

static void vlb_kept_push(struct vlb_bounce *b, unsigned long count, unsigned long index)
{
	u32 *list = vlb_kept_list(b, count, index < b->told >> b->shift);

	b->slots[index].next = *list;
	*list = index + 1;
}

static bool vlb_kept_pop(struct vlb_bounce *b, unsigned long count, bool told, unsigned long *index)
{
	u32 *list;

	if (count > VLB_KEPT_MAX)
		return false;
	list = vlb_kept_list(b, count, told);
	if (!*list)
		return false;
	*index = *list - 1;
	*list = b->slots[*index].next;
	return true;
}

/* Gives all that is kept back to the bitmap; false when that is nothing. */
static bool vlb_bounce_forget(struct vlb_bounce *b, bool told)
{
	unsigned long count, index;
	bool found = false;

	for (count = 1; count <= VLB_KEPT_MAX; count++) {
		while (vlb_kept_pop(b, count, told, &index)) {
			bitmap_clear(b->used, index, count);
			found = true;
		}
	}
	return found;
}

static unsigned long vlb_bounce_take_from(struct vlb_bounce *b, unsigned long count, bool told)
{
	unsigned long index;

	if (likely(vlb_kept_pop(b, count, told, &index)))
		return index;
	index = vlb_bounce_find(b, count, told);
	if (index >= b->granules && vlb_bounce_forget(b, told))
		index = vlb_bounce_find(b, count, told);
	if (index < b->granules)
		bitmap_set(b->used, index, count);
	return index;
}

/* The caller holds the lock. Returns b->granules or more when there is no room. */
static unsigned long vlb_bounce_take(struct vlb_bounce *b, unsigned long count, bool told)
{
	unsigned long index = b->granules;

	if (told)
		index = vlb_bounce_take_from(b, count, true);
	return index < b->granules ? index : vlb_bounce_take_from(b, count, false);
}

/*
 * Makes a mapping of @len bytes. Returns its first granule, or -ENOSPC. What stands
 * in the memory is of former mappings: the caller overwrites all of it.
 */
long vlb_bounce_alloc(struct vlb_bounce *b, phys_addr_t orig, size_t len, u8 dir)
{
	unsigned long index, flags, count = vlb_granules(b, len);

	raw_spin_lock_irqsave(&b->lock, flags);
	index = vlb_bounce_take(b, count, vlb_wants_told(len, dir));
	if (unlikely(index >= b->granules)) {
		raw_spin_unlock_irqrestore(&b->lock, flags);
		atomic64_inc(&b->map_failures);
		return -ENOSPC;
	}
	b->slots[index] = (struct vlb_slot) { .orig = orig, .len = len, .dir = dir };
	b->live++;
	b->busy += count;
	b->busy_max = max(b->busy_max, b->busy);
	/* The record before the bit that makes it valid. */
	smp_mb__before_atomic();
	set_bit(index, b->head);
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return index;
}

/* The end of a mapping whose record the caller has claimed. */
void vlb_bounce_release(struct vlb_bounce *b, unsigned long index, size_t len)
{
	unsigned long flags, count = vlb_granules(b, len);

	raw_spin_lock_irqsave(&b->lock, flags);
	if (likely(count <= VLB_KEPT_MAX))
		vlb_kept_push(b, count, index);
	else
		bitmap_clear(b->used, index, count);
	b->live--;
	b->busy -= count;
	raw_spin_unlock_irqrestore(&b->lock, flags);
}

/* The granule that begins at @addr, which may be anything, or -1. */
long vlb_bounce_index(const struct vlb_bounce *b, dma_addr_t addr)
{
	u64 off = addr - b->iova;

	if (addr < b->iova || off >= b->size || off & ((1UL << b->shift) - 1))
		return -1;
	return off >> b->shift;
}

/*
 * Takes the record of the mapping that begins at @addr: only one caller gets
 * it, and the granules stay taken until vlb_bounce_release().
 */
long vlb_bounce_claim(struct vlb_bounce *b, dma_addr_t addr, bool coherent, struct vlb_slot *slot)
{
	long index = vlb_bounce_index(b, addr);

	if (index < 0 || !test_and_clear_bit(index, b->head))
		return -ENOENT;
	*slot = b->slots[index];
	if (likely((slot->dir == DMA_NONE) == coherent))
		return index;
	set_bit(index, b->head);
	return -ENOENT;
}

/* The mapping around @addr, for the partial syncs; -ENOENT when nothing has all of @len. */
long vlb_bounce_lookup(struct vlb_bounce *b, dma_addr_t addr, size_t len, struct vlb_slot *slot,
		       size_t *offset)
{
	u64 off = addr - b->iova;
	unsigned long index, flags;
	long ret = -ENOENT;

	if (addr < b->iova || off >= b->size)
		return -ENOENT;
	index = off >> b->shift;
	raw_spin_lock_irqsave(&b->lock, flags);
	/* find_last_bit() answers the size when there is none */
	index = find_last_bit(b->head, index + 1);
	if (index <= off >> b->shift) {
		*slot = b->slots[index];
		*offset = off - ((u64)index << b->shift);
		if (slot->dir != DMA_NONE && *offset <= slot->len && len <= slot->len - *offset)
			ret = index;
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return ret;
}

/*
 * Remembers in which queue a mapping was seen. Anything may stand in @addr, it
 * comes from a descriptor. A wrong tag costs the device of the daemon that
 * caused it a wrong count or a lost buffer, hence without the lock.
 */
void vlb_bounce_tag(struct vlb_bounce *b, dma_addr_t addr, unsigned int queue)
{
	u64 off = addr - b->iova;

	if (addr >= b->iova && off < b->size)
		WRITE_ONCE(b->slots[off >> b->shift].queue, queue + 1);
}

/* As vlb_bounce_tag(), for a buffer that nobody will fill: an enum vlb_fail. */
void vlb_bounce_fail(struct vlb_bounce *b, dma_addr_t addr, u8 fail)
{
	u64 off = addr - b->iova;

	if (addr >= b->iova && off < b->size)
		WRITE_ONCE(b->slots[off >> b->shift].fail, fail);
}

/* Is this memory that no daemon can write? */
bool vlb_bounce_is_told(const struct vlb_bounce *b, dma_addr_t addr, size_t len)
{
	u64 off = addr - b->iova;

	return addr >= b->iova && off < b->told && len <= b->told - off;
}

/* Does a mapping begin at @addr that was seen in @queue? */
bool vlb_bounce_is_live(struct vlb_bounce *b, dma_addr_t addr, unsigned int queue)
{
	long index = vlb_bounce_index(b, addr);
	unsigned long flags;
	bool live;

	if (index < 0)
		return false;
	raw_spin_lock_irqsave(&b->lock, flags);
	live = test_bit(index, b->head) && b->slots[index].queue == queue + 1;
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return live;
}

/* Pool memory behind [addr, addr + len), or NULL when it is not all in the area. */
void *vlb_bounce_peek(struct vlb_bounce *b, dma_addr_t addr, size_t len)
{
	u64 off = addr - b->iova;

	if (addr < b->iova || off >= b->size || len > b->size - off)
		return NULL;
	return b->vaddr + off;
}
