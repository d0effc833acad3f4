// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a disk says about the buffers that it was to fill.
 *
 * Memory that a device is to write is zeroed first (bounce.c), so that what the daemon
 * leaves out does not reach the driver as the rest of an older request. For whole pages of
 * data that costs as much as copying them back, under the driver's lock. A disk has a
 * better way: each request ends in a status, and VIRTIO_BLK_S_OK says that a read is
 * complete (virtio 1.4, 5.2.6). So these pages are not zeroed; they are copied to the
 * driver when the status is OK, and otherwise the driver gets zeroes.
 *
 * The length in the used ring would not do. QEMU gives the whole buffer's for a read that
 * failed, too, and others give less than they wrote; no block driver looks at it.
 *
 * Where the status of a request is comes from its descriptors, when it is seen in the
 * available ring. Daemons can write the status itself: one that lies gives its own device's
 * driver bytes of the same disk's requests, as it could have written any others there.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#include "vlb.h"

/*
 * For a new device whose features are known. A report of zones is no read: it may fill
 * less than its buffer and still be OK. So for zoned disks all stays zeroed.
 */
int vlb_blk_init(struct vlb_device *dev)
{
	struct vlb_bounce *b = &dev->bounce;

	if (dev->vdev.id.device != VIRTIO_ID_BLOCK || dev->features & BIT_ULL(VIRTIO_BLK_F_ZONED))
		return 0;
	b->status = kvcalloc(DIV_ROUND_UP(b->size, PAGE_SIZE), sizeof(*b->status), GFP_KERNEL);
	return b->status ? 0 : -ENOMEM;
}

struct vlb_blk_chain {
	u64 status; /* address of the last byte that the device may write */
	bool pages;
};

static bool vlb_blk_is_data(struct vlb_queue *q, const struct vring_desc *desc)
{
	struct virtio_device *vdev = &q->dev->vdev;
	u16 flags = virtio16_to_cpu(vdev, READ_ONCE(desc->flags));

	return flags & VRING_DESC_F_WRITE && !(flags & VRING_DESC_F_INDIRECT);
}

static void vlb_blk_look(struct vlb_queue *q, const struct vring_desc *desc, void *arg)
{
	struct virtio_device *vdev = &q->dev->vdev;
	u64 addr = virtio64_to_cpu(vdev, READ_ONCE(desc->addr));
	u32 len = virtio32_to_cpu(vdev, READ_ONCE(desc->len));
	struct vlb_blk_chain *chain = arg;

	vlb_bounce_tag(&q->dev->bounce, addr, q->index);
	if (!vlb_blk_is_data(q, desc))
		return;
	chain->status = addr + len - 1;
	chain->pages |= len >= PAGE_SIZE;
}

static void vlb_blk_point(struct vlb_queue *q, const struct vring_desc *desc, void *arg)
{
	struct vlb_bounce *b = &q->dev->bounce;
	const struct vlb_blk_chain *chain = arg;
	u64 off = virtio64_to_cpu(&q->dev->vdev, READ_ONCE(desc->addr)) - b->iova;

	if (vlb_blk_is_data(q, desc) && off < b->size)
		WRITE_ONCE(b->status[off >> PAGE_SHIFT], chain->status - b->iova + 1);
}

/* As vlb_queue_tag(); and remembers where the status of a read will be. */
void vlb_blk_tag(struct vlb_queue *q, unsigned int head)
{
	struct vlb_blk_chain chain = { 0 };

	vlb_queue_walk(q, head, vlb_blk_look, &chain);
	if (chain.pages && vlb_bounce_peek(&q->dev->bounce, chain.status, 1))
		vlb_queue_walk(q, head, vlb_blk_point, &chain);
}

/*
 * A look at the ring that is under way on another processor has the buffer's queue already, and
 * its status not yet: it is to be waited for.
 */
bool vlb_blk_is_unknown(const struct vlb_bounce *b, unsigned long index,
			const struct vlb_slot *slot)
{
	return vlb_blk_is_raw(b, slot->len, slot->dir) &&
	       !READ_ONCE(b->status[(index << b->shift) >> PAGE_SHIFT]);
}

/* Has the disk said that the pages at granule @index are what was to be read? */
bool vlb_blk_is_read(const struct vlb_bounce *b, unsigned long index)
{
	u32 at = READ_ONCE(b->status[(index << b->shift) >> PAGE_SHIFT]);

	return at && READ_ONCE(b->vaddr[at - 1]) == VIRTIO_BLK_S_OK;
}
