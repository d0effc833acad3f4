// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA operations of the parent device: whatever a driver maps is copied
 * through the bounce area, so that a daemon sees only what was handed to it.
 *
 * What an unmap does comes from our own record, never from the ring: the
 * driver core takes addresses and lengths from memory that a daemon may have
 * written. An unmap of something that is not mapped is counted and ignored.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched/clock.h>
#include <linux/scatterlist.h>

#include "vlb.h"

#define VLB_FAIL_EDGE	64U
#define VLB_MAX_MAPPING (256 * 1024UL)
/* One interrupt that runs so long while it feeds the ring is a daemon's attack. */
#define VLB_IRQ_BUDGET_NS (500 * NSEC_PER_MSEC)

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

/*
 * What the daemon does not write must not be the rest of an older request. A status of a disk
 * that it did not write is no success.
 */
static void vlb_clear(struct vlb_bounce *b, unsigned long index, size_t size,
		      enum dma_data_direction dir)
{
	if (vlb_blk_is_raw(b, size, dir))
		WRITE_ONCE(b->status[(index << b->shift) >> PAGE_SHIFT], 0);
	else
		memset(vlb_slot_vaddr(b, index), b->status && size == 1 ? 0xff : 0, size);
}

dma_addr_t vlb_map_phys(struct device *parent, phys_addr_t phys, size_t size,
			enum dma_data_direction dir, unsigned long attrs)
{
	struct vlb_device *dev = vlb_of_parent(parent);
	struct vlb_bounce *b = &dev->bounce;
	long index;

	vlb_inflight_before_map(dev);
	if (!size || size > b->size || attrs & VLB_ATTR_NO_RAM || vlb_irq_exhausted(dev)) {
		atomic64_inc(&b->map_failures);
		return DMA_MAPPING_ERROR;
	}
	index = vlb_bounce_alloc(b, phys, size, dir);
	if (index < 0)
		return DMA_MAPPING_ERROR;
	if (dir != DMA_FROM_DEVICE && !(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		memcpy(vlb_slot_vaddr(b, index), phys_to_virt(phys), size);
		atomic64_add(size, &b->bytes_to_daemon);
	} else {
		vlb_clear(b, index, size, dir);
	}
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

	/* Fresh memory of the kernel's, maybe, and the daemon may have others believe that it was filled. */
	memset(buf, 0, slot->len);
	if (slot->fail == VLB_FAIL_FUSE) {
		memcpy(buf, fuse, min_t(size_t, slot->len, sizeof(fuse)));
		return;
	}
	memset(buf, 0xff, edge);
	memset(buf + slot->len - edge, 0xff, edge);
}

/*
 * Of a read that failed nothing is the daemon's word. Zeroes then, for a page that the driver
 * has fresh from the kernel: a daemon that says OK a moment later would show it to others.
 */
static void vlb_copy_back(struct vlb_bounce *b, unsigned long index, const struct vlb_slot *slot,
			  size_t offset, size_t size)
{
	u8 *to = (u8 *)phys_to_virt(slot->orig) + offset;

	if (unlikely(vlb_blk_is_raw(b, slot->len, slot->dir) && !vlb_blk_is_read(b, index)))
		memset(to, 0, size);
	else
		memcpy(to, vlb_slot_vaddr(b, index) + offset, size);
	atomic64_add(size, &b->bytes_from_daemon);
}

/*
 * Has nobody looked at the ring yet in which this buffer was? What is not looked at before its
 * slot has a next owner would count as that one's. A relay has its own way for what it is told.
 */
static bool vlb_is_unseen(const struct vlb_bounce *b, unsigned long index,
			  const struct vlb_slot *slot)
{
	if (!slot->queue)
		return b->status || slot->dir != DMA_TO_DEVICE;
	return vlb_blk_is_unknown(b, index, slot);
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
		if (unlikely(vlb_is_unseen(b, index, &slot))) {
			vlb_inflight_update_all(dev);
			slot.queue = READ_ONCE(b->slots[index].queue);
		}
		if (slot.dir != DMA_TO_DEVICE && unlikely(slot.fail)) {
			vlb_answer_failed(&slot, phys_to_virt(slot.orig));
		} else if (slot.dir != DMA_TO_DEVICE) {
			vlb_copy_back(b, index, &slot, 0, slot.len);
			vlb_quirk_answer(dev, slot.queue - 1, phys_to_virt(slot.orig), slot.len);
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

	if (index < 0) {
		atomic64_inc(&b->bad_unmaps);
		dev_warn_ratelimited(parent, "sync of %pad, which is not mapped\n", &addr);
		return;
	}
	if (for_cpu && slot.dir != DMA_TO_DEVICE) {
		vlb_copy_back(b, index, &slot, offset, size);
	} else if (!for_cpu && slot.dir != DMA_FROM_DEVICE) {
		memcpy(vlb_slot_vaddr(b, index) + offset, (u8 *)phys_to_virt(slot.orig) + offset,
		       size);
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
