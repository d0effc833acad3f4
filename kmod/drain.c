// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a device that a driver still uses: nobody will serve its rings, so
 * each buffer that the driver waits for goes back to it with an error, and so does
 * each new one until the driver is unbound. Breaking the virtqueues instead would
 * leave block requests, GPIO and I2C transfers waiting for ever.
 *
 * First the pool is fenced: a daemon that is still alive writes into a page that
 * nobody reads, so that from then on the used rings are the kernel's own. What
 * the driver finds in a failed buffer is made when it is unmapped, for the same reason.
 *
 * New buffers are taken in the kick itself, since some drivers spin for them with
 * interrupts off. The interrupt always comes from a work item a jiffy later, so that
 * a driver that puts buffers back from there goes in slow circles.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>

#include "vlb.h"

/* A driver that polls may add buffers without a kick. */
#define VLB_DRAIN_POLL (HZ / 10)

struct vlb_verdict {
	bool readable;
	bool fail;
	u32 writable;
};

static void vlb_judge(struct vlb_queue *q, const struct vring_desc *desc, void *arg)
{
	struct virtio_device *vdev = &q->dev->vdev;
	u16 flags = virtio16_to_cpu(vdev, READ_ONCE(desc->flags));
	u32 len = virtio32_to_cpu(vdev, READ_ONCE(desc->len));
	u64 addr = virtio64_to_cpu(vdev, READ_ONCE(desc->addr));
	struct vlb_verdict *v = arg;

	if (flags & VRING_DESC_F_INDIRECT)
		return;
	if (!(flags & VRING_DESC_F_WRITE)) {
		v->readable = true;
		return;
	}
	if (v->fail)
		vlb_bounce_fail(&q->dev->bounce, addr,
				vdev->id.device == VLB_ID_FS && !v->writable ? VLB_FAIL_FUSE
									     : VLB_FAIL_ONES);
	v->writable += min(len, U32_MAX - v->writable);
}

/*
 * Is @head something that a driver waits for? Buffers that are only there for
 * the device to write into (input events, received packets) stay: a driver would
 * put them back at once. So do GPIO event requests, which wait for an edge.
 */
static bool vlb_is_request(struct vlb_queue *q, unsigned int head)
{
	struct vlb_verdict v = { 0 };

	if (q->dev->vdev.id.device == VLB_ID_GPIO && q->index == VLB_GPIO_EVENTS)
		return false;
	/* Who can say of a chain what it likes would have it wait for ever. */
	return !vlb_queue_walk(q, head, vlb_judge, &v) || v.readable;
}

static void vlb_fail(struct vlb_queue *q, unsigned int head)
{
	struct vlb_verdict v = { .fail = true };
	struct vlb_inflight *f = &q->inflight;
	struct virtio_device *vdev = &q->dev->vdev;
	struct vring_used_elem *used = &q->ring.used->ring[f->used & (q->size - 1)];

	vlb_queue_walk(q, head, vlb_judge, &v);
	used->id = cpu_to_virtio32(vdev, head);
	used->len = cpu_to_virtio32(vdev, v.writable);
	f->taken[head] = 0;
	WRITE_ONCE(f->used, f->used + 1);
	/* The entry before the index, and the answer before both. */
	smp_wmb();
	WRITE_ONCE(q->ring.used->idx, cpu_to_virtio16(vdev, f->used));
	atomic64_inc(&q->drained);
}

/* Fails what is in flight now. Any context. */
static void vlb_drain_queue(struct vlb_queue *q)
{
	struct vlb_inflight *f = &q->inflight;
	unsigned long flags;
	unsigned int i;

	if (q->relay) {
		vlb_queue_relay(q);
		return;
	}
	raw_spin_lock_irqsave(&f->lock, flags);
	vlb_inflight_sync(q);
	for (i = 0; f->exact && i < q->size; i++)
		if (f->taken[i] && vlb_is_request(q, i))
			vlb_fail(q, i);
	/* Each new buffer is to be told. */
	WRITE_ONCE(q->ring.used->flags, 0);
	WRITE_ONCE(vring_avail_event(&q->ring), cpu_to_virtio16(&q->dev->vdev, f->avail));
	raw_spin_unlock_irqrestore(&f->lock, flags);
}

/*
 * virtqueue.notify while draining, under the driver's locks. Not inside of the
 * driver's own interrupt: it may go on until no more buffer comes.
 */
void vlb_drain_kick(struct vlb_queue *q)
{
	if (!vlb_queue_in_interrupt(q))
		vlb_drain_queue(q);
	vlb_queue_delayed_end_work(&q->dev->drain, 1);
}

/* A ring that a daemon spoilt: as far as can be told, what its driver waits for. */
static void vlb_drain_mend(struct vlb_queue *q)
{
	struct vlb_device *dev = q->dev;
	struct vlb_inflight *f = &q->inflight;
	bool broken = virtqueue_is_broken(q->vq);
	unsigned long flags;

	raw_spin_lock_irqsave(&f->lock, flags);
	vlb_inflight_sync(q);
	if (f->lied || broken)
		vlb_inflight_recover(q, dev->mend_list, dev->mend_slots);
	raw_spin_unlock_irqrestore(&f->lock, flags);
	if (broken)
		vlb_unbreak_queue(q->vq);
}

static void vlb_drain_work(struct work_struct *work)
{
	struct vlb_device *dev = container_of(to_delayed_work(work), struct vlb_device, drain);
	bool again;
	u32 i;

	spin_lock(&dev->lock);
	again = dev->draining;
	for (i = 0; again && i < dev->num_queues; i++) {
		struct vlb_queue *q = &dev->queues[i];

		if (!q->ready)
			continue;
		/* A driver may have been in the middle of what the daemon wrote when the fence went up. */
		if (!q->relay && unlikely(virtqueue_is_broken(q->vq)))
			vlb_drain_mend(q);
		vlb_drain_queue(q);
		irq_work_queue(&q->call_irq);
	}
	spin_unlock(&dev->lock);
	if (again)
		vlb_queue_delayed_end_work(&dev->drain, VLB_DRAIN_POLL);
}

static void vlb_drain_mend_all(struct vlb_device *dev)
{
	u32 i;

	spin_lock(&dev->lock);
	for (i = 0; i < dev->num_queues; i++)
		if (dev->queues[i].ready && !dev->queues[i].relay)
			vlb_drain_mend(&dev->queues[i]);
	spin_unlock(&dev->lock);
}

/* Until the next reset, which waits for @end_lock: the fence would be up for the next driver otherwise. May sleep. */
void vlb_drain_start(struct vlb_device *dev)
{
	lockdep_assert_held(&dev->end_lock);
	if (READ_ONCE(dev->draining) || !(READ_ONCE(dev->status) & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	vlb_pool_fence(dev->pool, true);
	vlb_drain_mend_all(dev);
	spin_lock(&dev->lock);
	WRITE_ONCE(dev->draining, true);
	spin_unlock(&dev->lock);
	vlb_queue_delayed_end_work(&dev->drain, 0);
}

void vlb_drain_init(struct vlb_device *dev)
{
	INIT_DELAYED_WORK(&dev->drain, vlb_drain_work);
}

/* Beforehand: who waits for memory may be waiting for the disk that is to be drained. Freed with the device. */
int vlb_drain_alloc(struct vlb_device *dev)
{
	dev->mend_list = kvcalloc(dev->max_queue_size, sizeof(*dev->mend_list), GFP_KERNEL);
	dev->mend_slots = kvcalloc(BITS_TO_LONGS(dev->bounce.granules), sizeof(long), GFP_KERNEL);
	return dev->mend_list && dev->mend_slots ? 0 : -ENOMEM;
}
