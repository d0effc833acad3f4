// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA operations of the parent device: whatever a driver maps is copied
 * through the bounce area, so that a daemon sees only what was handed to it.
 *
 * What an unmap does comes from our own record, never from the ring: the
 * driver core takes addresses and lengths from memory that a daemon may have
 * written. An unmap of something that is not mapped is counted and ignored.
 */
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched/clock.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "vlb.h"

#define VLB_MIN_GRANULE 64UL
#define VLB_FAIL_EDGE	64U
#define VLB_MAX_MAPPING (256 * 1024UL)
/* One interrupt that runs so long while it feeds the ring is a daemon's attack. */
#define VLB_IRQ_BUDGET_NS (500 * NSEC_PER_MSEC)

int vlb_bounce_init(struct vlb_bounce *b, u8 *vaddr, dma_addr_t iova, size_t size)
{
	unsigned long granule = max(VLB_MIN_GRANULE, DIV_ROUND_UP(size, VLB_MAX_GRANULES));

	b->vaddr = vaddr;
	b->iova = iova;
	b->size = size;
	b->shift = order_base_2(granule);
	b->granules = size >> b->shift;
	raw_spin_lock_init(&b->lock);
	b->used = kvcalloc(BITS_TO_LONGS(b->granules), sizeof(long), GFP_KERNEL);
	b->head = kvcalloc(BITS_TO_LONGS(b->granules), sizeof(long), GFP_KERNEL);
	b->slots = kvcalloc(b->granules, sizeof(*b->slots), GFP_KERNEL);
	if (b->used && b->head && b->slots)
		return 0;
	vlb_bounce_free(b);
	return -ENOMEM;
}

void vlb_bounce_free(struct vlb_bounce *b)
{
	kvfree(b->used);
	kvfree(b->head);
	kvfree(b->slots);
	b->used = NULL;
	b->head = NULL;
	b->slots = NULL;
}

static unsigned long vlb_granules(const struct vlb_bounce *b, size_t len)
{
	return (len + (1UL << b->shift) - 1) >> b->shift;
}

static u8 *vlb_slot_vaddr(const struct vlb_bounce *b, unsigned long index)
{
	return b->vaddr + (index << b->shift);
}

/*
 * Sectors and pages keep their alignment: a daemon may hand the slot to
 * O_DIRECT. Smaller things need none.
 */
static unsigned long vlb_align_mask(const struct vlb_bounce *b, size_t len)
{
	size_t align = len < 512 ? 1 : min_t(size_t, rounddown_pow_of_two(len), PAGE_SIZE);

	return align >> b->shift ? (align >> b->shift) - 1 : 0;
}

/* Returns the first granule of a new mapping, or -ENOSPC. */
static long vlb_bounce_alloc(struct vlb_bounce *b, phys_addr_t orig, size_t len, u8 dir)
{
	unsigned long count = vlb_granules(b, len), mask = vlb_align_mask(b, len);
	unsigned long index, flags;

	raw_spin_lock_irqsave(&b->lock, flags);
	index = bitmap_find_next_zero_area(b->used, b->granules, b->hint, count, mask);
	if (index >= b->granules)
		index = bitmap_find_next_zero_area(b->used, b->granules, 0, count, mask);
	if (index >= b->granules) {
		raw_spin_unlock_irqrestore(&b->lock, flags);
		atomic64_inc(&b->map_failures);
		return -ENOSPC;
	}
	bitmap_set(b->used, index, count);
	__set_bit(index, b->head);
	b->slots[index] = (struct vlb_slot) { .orig = orig, .len = len, .dir = dir };
	b->hint = index + count < b->granules ? index + count : 0;
	b->live++;
	b->busy += count;
	b->busy_max = max(b->busy_max, b->busy);
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return index;
}

static void vlb_bounce_release(struct vlb_bounce *b, unsigned long index, size_t len)
{
	unsigned long flags, count = vlb_granules(b, len);

	raw_spin_lock_irqsave(&b->lock, flags);
	bitmap_clear(b->used, index, count);
	b->live--;
	b->busy -= count;
	raw_spin_unlock_irqrestore(&b->lock, flags);
}

/*
 * Takes the record of the mapping that begins at @addr: only one caller gets
 * it, and the granules stay taken until vlb_bounce_release().
 */
static long vlb_bounce_claim(struct vlb_bounce *b, dma_addr_t addr, bool coherent,
			     struct vlb_slot *slot)
{
	u64 off = addr - b->iova;
	unsigned long index, flags;
	long ret = -ENOENT;

	if (addr < b->iova || off >= b->size || off & ((1UL << b->shift) - 1))
		return -ENOENT;
	index = off >> b->shift;
	raw_spin_lock_irqsave(&b->lock, flags);
	if (test_bit(index, b->head) && (b->slots[index].dir == DMA_NONE) == coherent) {
		__clear_bit(index, b->head);
		*slot = b->slots[index];
		ret = index;
	}
	raw_spin_unlock_irqrestore(&b->lock, flags);
	return ret;
}

/* The mapping around @addr, for the partial syncs; -ENOENT when nothing has all of @len. */
static long vlb_bounce_lookup(struct vlb_bounce *b, dma_addr_t addr, size_t len,
			      struct vlb_slot *slot, size_t *offset)
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

/* Does a mapping begin at @addr that was seen in @queue? */
bool vlb_bounce_is_live(struct vlb_bounce *b, dma_addr_t addr, unsigned int queue)
{
	u64 off = addr - b->iova;
	unsigned long flags;
	bool live;

	if (addr < b->iova || off >= b->size || off & ((1UL << b->shift) - 1))
		return false;
	raw_spin_lock_irqsave(&b->lock, flags);
	live = test_bit(off >> b->shift, b->head) && b->slots[off >> b->shift].queue == queue + 1;
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

/*
 * Some drivers put a buffer back into the ring while they still handle the
 * interrupt; a daemon that keeps completing them would keep that CPU there for
 * ever. Refusing a mapping takes the buffer out of the circle.
 */
static bool vlb_irq_exhausted(struct vlb_device *dev)
{
	struct vlb_irq_budget *budget;

	if (likely(!in_hardirq()))
		return false;
	budget = this_cpu_ptr(dev->budget);
	if (!budget->max_maps || ++budget->maps < budget->max_maps ||
	    local_clock() - budget->start < VLB_IRQ_BUDGET_NS)
		return false;
	vlb_break_soon(dev, "its daemon kept a CPU in the interrupt");
	return true;
}

dma_addr_t vlb_map_phys(struct device *parent, phys_addr_t phys, size_t size,
			enum dma_data_direction dir, unsigned long attrs)
{
	struct vlb_device *dev = vlb_of_parent(parent);
	struct vlb_bounce *b = &dev->bounce;
	size_t copied = 0;
	long index;
	u8 *slot;

	vlb_inflight_before_map(dev);
	if (!size || size > b->size || attrs & VLB_ATTR_NO_RAM || vlb_irq_exhausted(dev)) {
		atomic64_inc(&b->map_failures);
		return DMA_MAPPING_ERROR;
	}
	index = vlb_bounce_alloc(b, phys, size, dir);
	if (index < 0)
		return DMA_MAPPING_ERROR;
	slot = vlb_slot_vaddr(b, index);
	if (dir != DMA_FROM_DEVICE && !(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		memcpy(slot, phys_to_virt(phys), size);
		copied = size;
		atomic64_add(size, &b->bytes_to_daemon);
	}
	memset(slot + copied, 0, (vlb_granules(b, size) << b->shift) - copied);
	return b->iova + ((u64)index << b->shift);
}

static void vlb_account(struct vlb_device *dev, const struct vlb_slot *slot)
{
	struct vlb_queue *q;

	if (!slot->queue || slot->queue > dev->num_queues)
		return;
	q = &dev->queues[slot->queue - 1];
	if (slot->dir != DMA_FROM_DEVICE)
		atomic64_add(slot->len, &q->bytes_to_daemon);
	if (slot->dir != DMA_TO_DEVICE)
		atomic64_add(slot->len, &q->bytes_from_daemon);
}

/*
 * A status byte or code of all ones is an error, or at least no success, in every
 * device type (virtio 1.4, chapter 5). FUSE has an errno there, and ones would be
 * EPERM. What is between the ends is payload.
 */
static void vlb_answer_failed(const struct vlb_slot *slot, u8 *buf)
{
	static const __le32 fuse[] = { cpu_to_le32(16), cpu_to_le32(-EIO) };
	u32 edge = min_t(u32, slot->len, VLB_FAIL_EDGE);

	if (slot->fail == VLB_FAIL_FUSE) {
		memcpy(buf, fuse, min_t(size_t, slot->len, sizeof(fuse)));
		return;
	}
	memset(buf, 0xff, edge);
	memset(buf + slot->len - edge, 0xff, edge);
}

void vlb_unmap_phys(struct device *parent, dma_addr_t addr, size_t size,
		    enum dma_data_direction dir, unsigned long attrs)
{
	struct vlb_device *dev = vlb_of_parent(parent);
	struct vlb_bounce *b = &dev->bounce;
	struct vlb_slot slot;
	long index;

	if (dir == DMA_FROM_DEVICE)
		vlb_console_before_unmap(dev);
	index = vlb_bounce_claim(b, addr, false, &slot);
	if (index < 0) {
		atomic64_inc(&b->bad_unmaps);
		dev_warn_ratelimited(parent, "unmap of %pad, which is not mapped\n", &addr);
		return;
	}
	if (!(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		if (slot.dir != DMA_TO_DEVICE && unlikely(slot.fail)) {
			vlb_answer_failed(&slot, phys_to_virt(slot.orig));
		} else if (slot.dir != DMA_TO_DEVICE) {
			memcpy(phys_to_virt(slot.orig), vlb_slot_vaddr(b, index), slot.len);
			atomic64_add(slot.len, &b->bytes_from_daemon);
			vlb_console_heard(dev, slot.queue - 1, phys_to_virt(slot.orig), slot.len);
		}
		vlb_account(dev, &slot);
	}
	vlb_bounce_release(b, index, slot.len);
}

/*
 * Unmaps what a driver left behind in its rings. Many a driver does not take
 * its buffers back before it gives up the queues, and nobody can later. By way
 * of the core, so that its DMA debugging sees it. The buffers may be freed: no
 * copy.
 */
void vlb_bounce_reclaim(struct vlb_device *dev)
{
	struct vlb_bounce *b = &dev->bounce;
	unsigned long index;

	for_each_set_bit(index, b->head, b->granules) {
		struct vlb_slot *slot = &b->slots[index];

		if (slot->queue && slot->dir != DMA_NONE)
			dma_unmap_page_attrs(&dev->pdev.dev, b->iova + ((u64)index << b->shift),
					     slot->len, slot->dir, DMA_ATTR_SKIP_CPU_SYNC);
	}
}

static void vlb_sync(struct device *parent, dma_addr_t addr, size_t size, bool for_cpu)
{
	struct vlb_bounce *b = &vlb_of_parent(parent)->bounce;
	struct vlb_slot slot;
	size_t offset;
	long index = vlb_bounce_lookup(b, addr, size, &slot, &offset);
	u8 *mine, *drivers;

	if (index < 0) {
		atomic64_inc(&b->bad_unmaps);
		dev_warn_ratelimited(parent, "sync of %pad, which is not mapped\n", &addr);
		return;
	}
	mine = vlb_slot_vaddr(b, index) + offset;
	drivers = (u8 *)phys_to_virt(slot.orig) + offset;
	if (for_cpu && slot.dir != DMA_TO_DEVICE) {
		memcpy(drivers, mine, size);
		atomic64_add(size, &b->bytes_from_daemon);
	} else if (!for_cpu && slot.dir != DMA_FROM_DEVICE) {
		memcpy(mine, drivers, size);
		atomic64_add(size, &b->bytes_to_daemon);
	}
}

static void vlb_sync_for_cpu(struct device *parent, dma_addr_t addr, size_t size,
			     enum dma_data_direction dir)
{
	vlb_sync(parent, addr, size, true);
}

static void vlb_sync_for_device(struct device *parent, dma_addr_t addr, size_t size,
				enum dma_data_direction dir)
{
	vlb_sync(parent, addr, size, false);
}

static void vlb_unmap_sg(struct device *parent, struct scatterlist *sgl, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		vlb_unmap_phys(parent, sg_dma_address(sg), sg_dma_len(sg), dir, attrs);
}

static int vlb_map_sg(struct device *parent, struct scatterlist *sgl, int nents,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		sg->dma_address = vlb_map_phys(parent, sg_phys(sg), sg->length, dir, attrs);
		if (sg->dma_address == DMA_MAPPING_ERROR) {
			vlb_unmap_sg(parent, sgl, i, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
			return VLB_MAP_SG_FAILED;
		}
		sg_dma_len(sg) = sg->length;
	}
	return nents;
}

static void vlb_sync_sg_for_cpu(struct device *parent, struct scatterlist *sgl, int nents,
				enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		vlb_sync(parent, sg_dma_address(sg), sg_dma_len(sg), true);
}

static void vlb_sync_sg_for_device(struct device *parent, struct scatterlist *sgl, int nents,
				   enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		vlb_sync(parent, sg_dma_address(sg), sg_dma_len(sg), false);
}

static void *vlb_alloc(struct device *parent, size_t size, dma_addr_t *addr, gfp_t gfp,
		       unsigned long attrs)
{
	struct vlb_bounce *b = &vlb_of_parent(parent)->bounce;
	long index;

	if (!size || size > b->size)
		return NULL;
	size = PAGE_ALIGN(size);
	index = vlb_bounce_alloc(b, 0, size, DMA_NONE);
	if (index < 0)
		return NULL;
	*addr = b->iova + ((u64)index << b->shift);
	return memset(vlb_slot_vaddr(b, index), 0, size);
}

static void vlb_free(struct device *parent, size_t size, void *vaddr, dma_addr_t addr,
		     unsigned long attrs)
{
	struct vlb_bounce *b = &vlb_of_parent(parent)->bounce;
	struct vlb_slot slot;
	long index = vlb_bounce_claim(b, addr, true, &slot);

	if (index < 0)
		atomic64_inc(&b->bad_unmaps);
	else
		vlb_bounce_release(b, index, slot.len);
}

static size_t vlb_max_mapping_size(struct device *parent)
{
	return min_t(size_t, VLB_MAX_MAPPING, vlb_of_parent(parent)->bounce.size / 4);
}

static const struct dma_map_ops vlb_dma_ops = {
	VLB_MAP_OPS,
	.map_sg = vlb_map_sg,
	.unmap_sg = vlb_unmap_sg,
	.sync_single_for_cpu = vlb_sync_for_cpu,
	.sync_single_for_device = vlb_sync_for_device,
	.sync_sg_for_cpu = vlb_sync_sg_for_cpu,
	.sync_sg_for_device = vlb_sync_sg_for_device,
	.alloc = vlb_alloc,
	.free = vlb_free,
	.max_mapping_size = vlb_max_mapping_size,
};

/*
 * Gives the parent device our operations.
 *
 * Returns -EOPNOTSUPP where the kernel would go on mapping physical addresses:
 * no device may exist then.
 */
int vlb_dma_attach(struct vlb_device *dev)
{
	struct device *parent = &dev->pdev.dev;

	set_dma_ops(parent, &vlb_dma_ops);
	return get_dma_ops(parent) == &vlb_dma_ops ? 0 : -EOPNOTSUPP;
}

/* Once the parent is registered, and has dma_parms. */
void vlb_dma_limit(struct vlb_device *dev)
{
	struct device *parent = &dev->pdev.dev;

	if (dma_set_mask_and_coherent(parent, DMA_BIT_MASK(64)))
		dev_warn(parent, "64-bit DMA mask refused\n");
	dma_set_max_seg_size(parent, vlb_max_mapping_size(parent));
}
