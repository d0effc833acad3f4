// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which buffers of a queue the daemon has: every head that was made available
 * and not used yet, known without the daemon's help, whatever order it works in.
 *
 * The record follows both rings. It may lag behind, but never by more than the
 * rings remember: an entry is overwritten no sooner than the available index is
 * a whole ring ahead of the used index we know, and a driver maps a buffer before
 * it publishes it, so vlb_inflight_before_map() catches up in time. A ring that
 * nobody looks at between two kicks (event index, polling) is exact like that too.
 * Only who keeps buffers mapped (virtio_net since Linux 6.13) can go a whole ring
 * unseen: then the record is not exact any more, and nobody has done wrong.
 *
 * Available entries are the driver's word, in pages that user space cannot write.
 * Used entries are the daemon's: an index that runs ahead, or a head that was not
 * available, is a lie, which the driver's core meets as well. It declares the
 * virtqueue broken then and leaves all that is in flight there, so the device is
 * stopped, and its requests fail.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/virtio_config.h>

#include "vlb.h"

int vlb_inflight_alloc(struct vlb_inflight *f, unsigned int size)
{
	f->taken = kcalloc(size, sizeof(*f->taken), GFP_KERNEL);
	f->order = kcalloc(size, sizeof(*f->order), GFP_KERNEL);
	if (f->taken && f->order)
		return 0;
	vlb_inflight_free(f);
	return -ENOMEM;
}

void vlb_inflight_free(struct vlb_inflight *f)
{
	kfree(f->taken);
	kfree(f->order);
	f->taken = NULL;
	f->order = NULL;
}

/* For a ring that was emptied. */
void vlb_inflight_reset(struct vlb_queue *q)
{
	struct vlb_inflight *f = &q->inflight;
	unsigned long flags;

	raw_spin_lock_irqsave(&f->lock, flags);
	memset(f->taken, 0, q->size * sizeof(*f->taken));
	memset(f->order, 0, q->size * sizeof(*f->order));
	f->next = 1;
	f->twice = 0;
	f->avail = 0;
	WRITE_ONCE(f->used, 0);
	f->exact = true;
	f->lied = false;
	raw_spin_unlock_irqrestore(&f->lock, flags);
}

static unsigned int vlb_avail_head(const struct vlb_queue *q, u16 index)
{
	return virtio16_to_cpu(&q->dev->vdev,
			       READ_ONCE(q->ring.avail->ring[index & (q->size - 1)]));
}

static unsigned int vlb_used_head(const struct vlb_queue *q, u16 index)
{
	return virtio32_to_cpu(&q->dev->vdev,
			       READ_ONCE(q->ring.used->ring[index & (q->size - 1)].id));
}

static void vlb_take(struct vlb_queue *q, u16 to)
{
	struct vlb_inflight *f = &q->inflight;
	u16 i;

	for (i = f->avail; i != to; i++) {
		unsigned int head = vlb_avail_head(q, i);

		if (head >= q->size) {
			f->exact = false;
			continue;
		}
		f->twice += ++f->taken[head] == 2;
		f->order[head] = f->next++;
		vlb_queue_tag(q, head);
	}
}

/*
 * One head may come and go several times between two looks, and nothing tells in
 * which order the two rings moved meanwhile. Only the sum says where it is: with
 * the daemon (1) or with the driver (0). Less than that is a lie.
 */
static bool vlb_give_back(struct vlb_queue *q, u16 to)
{
	struct vlb_inflight *f = &q->inflight;
	u16 i;

	for (i = f->used; i != to; i++) {
		unsigned int head = vlb_used_head(q, i);

		if (head >= q->size || !f->taken[head])
			return false;
		f->twice -= f->taken[head]-- == 2;
	}
	return true;
}

/*
 * A sum of 2 is a lie as well, unless the daemon went on after its index was read: what
 * it used then may be available again already. A later look will tell.
 */
static bool vlb_is_twice(const struct vlb_queue *q, u16 used)
{
	if (likely(!q->inflight.twice))
		return false;
	return virtio16_to_cpu(&q->dev->vdev, READ_ONCE(q->ring.used->idx)) == used;
}

/*
 * Not of a driver that has gone: the next one's device is not to be stopped for it. A relay
 * says it itself, as this may be the middle of a printk().
 */
static void vlb_inflight_lie(struct vlb_queue *q)
{
	q->inflight.exact = false;
	q->inflight.lied = true;
	if (q->relay)
		return;
	if (READ_ONCE(q->ready) && READ_ONCE(q->dev->status) & VIRTIO_CONFIG_S_DRIVER_OK)
		vlb_break_soon(q->dev, "its daemon used a buffer that it did not have");
}

/* Brings the record up to date, and marks the mappings of what is new as this queue's. */
void vlb_inflight_sync(struct vlb_queue *q)
{
	struct vlb_inflight *f = &q->inflight;
	struct virtio_device *vdev = &q->dev->vdev;
	u16 from = f->used, used, avail, done;
	bool lie;

	lockdep_assert_held(&f->lock);
	used = virtio16_to_cpu(vdev, READ_ONCE(q->ring.used->idx));
	/* Pairs with the daemon's barrier: its entries are there. */
	smp_rmb();
	avail = virtio16_to_cpu(vdev, READ_ONCE(q->ring.avail->idx));
	/* Pairs with the barrier before the driver moves idx: the entries are there. */
	smp_rmb();
	done = used - f->used;
	/* Entries that were overwritten unseen. */
	if ((u16)(avail - f->avail) > q->size || (done > q->size && done <= (u16)(avail - from)))
		f->exact = false;
	if ((u16)(avail - f->avail) > q->size)
		f->avail = avail - q->size;
	vlb_take(q, avail);
	lie = f->exact &&
	      (done > (u16)(avail - from) || !vlb_give_back(q, used) || vlb_is_twice(q, used));
	/* What was read of the entries, before the index that lets either end overwrite them. */
	smp_rmb();
	if ((u16)(virtio16_to_cpu(vdev, READ_ONCE(q->ring.avail->idx)) - from) > q->size)
		f->exact = false;
	else if (lie)
		vlb_inflight_lie(q);
	f->avail = avail;
	/* vlb_inflight_before_map() lets a driver overwrite what was read up to here. */
	smp_store_release(&f->used, used);
}

void vlb_inflight_update(struct vlb_queue *q)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&q->inflight.lock, flags);
	vlb_inflight_sync(q);
	raw_spin_unlock_irqrestore(&q->inflight.lock, flags);
}

/* After this every mapping that was made available is known as its queue's. */
void vlb_inflight_update_all(struct vlb_device *dev)
{
	u32 i;

	for (i = 0; i < dev->num_queues; i++)
		if (READ_ONCE(dev->queues[i].ready))
			vlb_inflight_update(&dev->queues[i]);
}

/*
 * The driver is about to add a buffer to one of the queues, which one it does not
 * say. Where that could be the entry that overwrites one we have not seen, look
 * now. Usually this is one comparison a queue, of indexes that the same CPU has
 * just used; queues are locked one by one.
 */
void vlb_inflight_before_map(struct vlb_device *dev)
{
	u32 i;

	for (i = 0; i < dev->num_queues; i++) {
		struct vlb_queue *q = &dev->queues[i];
		u16 avail;

		if (!READ_ONCE(q->ready))
			continue;
		avail = virtio16_to_cpu(&dev->vdev, READ_ONCE(q->ring.avail->idx));
		if ((u16)(avail - smp_load_acquire(&q->inflight.used)) >= q->size)
			vlb_inflight_update(q);
	}
}

/* How many buffers the daemon has; @exact says whether that is sure. */
unsigned int vlb_inflight_count(struct vlb_queue *q, bool *exact)
{
	struct vlb_inflight *f = &q->inflight;
	unsigned int i, count = 0;
	unsigned long flags;

	raw_spin_lock_irqsave(&f->lock, flags);
	vlb_inflight_sync(q);
	for (i = 0; i < q->size; i++)
		count += !!f->taken[i];
	*exact = f->exact;
	raw_spin_unlock_irqrestore(&f->lock, flags);
	return count;
}

static int vlb_by_order(const void *a, const void *b)
{
	const struct vlb_taken *first = a, *second = b;

	return first->order < second->order ? -1 : first->order > second->order;
}

static unsigned int vlb_list_taken(struct vlb_queue *q, struct vlb_taken *list)
{
	struct vlb_inflight *f = &q->inflight;
	unsigned int i, count = 0;

	for (i = 0; i < q->size; i++)
		if (f->taken[i])
			list[count++] = (struct vlb_taken) { f->order[i], i };
	sort(list, count, sizeof(*list), vlb_by_order, NULL);
	return count;
}

/*
 * Makes the entries from the used index to the available index name exactly the
 * buffers that the last daemon took and never used, oldest first, so that the next
 * one finds each once when it begins at the used index. Nobody but the caller's
 * daemons may serve the ring, and none may do so now.
 *
 * The driver may add buffers meanwhile. It only writes entries from the available
 * index on, at most up to a ring's length behind the used index that it has seen,
 * which is not ahead of ours: never one that is rewritten here. It does not
 * read entries back, and keeps its own copy of the index. A daemon sees new
 * entries only by the index, which is not touched.
 *
 * Returns -EBUSY while there is a daemon, -ESTALE when it is not known which buffers these
 * are, or the device comes to its end.
 */
int vlb_inflight_resume(struct vlb_queue *q)
{
	struct vlb_inflight *f = &q->inflight;
	struct virtio_device *vdev = &q->dev->vdev;
	unsigned int i, count;
	struct vlb_taken *list;
	unsigned long flags;
	int err = 0;

	/* A driver that leaves after this does no harm: ring and record are the device's. */
	if (!READ_ONCE(q->ready))
		return 0;
	if (READ_ONCE(q->dev->backend) == VLB_BACKEND_UP)
		return -EBUSY;
	if (READ_ONCE(q->dev->draining))
		return -ESTALE;
	list = kvcalloc(q->size, sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	raw_spin_lock_irqsave(&f->lock, flags);
	vlb_inflight_sync(q);
	count = vlb_list_taken(q, list);
	if (!f->exact || READ_ONCE(q->dev->needs_reset) || count != (u16)(f->avail - f->used))
		err = -ESTALE;
	for (i = 0; !err && i < count; i++)
		WRITE_ONCE(q->ring.avail->ring[(f->used + i) & (q->size - 1)],
			   cpu_to_virtio16(vdev, list[i].head));
	raw_spin_unlock_irqrestore(&f->lock, flags);
	kvfree(list);
	return err;
}

static void vlb_claim_desc(struct vlb_queue *q, const struct vring_desc *desc, void *arg)
{
	long slot = vlb_bounce_index(&q->dev->bounce,
				     virtio64_to_cpu(&q->dev->vdev, READ_ONCE(desc->addr)));

	if (slot >= 0)
		__set_bit(slot, arg);
}

/*
 * Makes a record again that was not exact, from what the driver still has mapped.
 * A descriptor that is not in use names a buffer of the past, whose place may have
 * been taken by another one since: what became available last has it. The used
 * index goes back to where the driver is: as many behind the available one as it
 * waits for.
 *
 * Only for a fenced pool. @list has room for the queue's size, @claimed a bit for each
 * granule; the caller holds the lock.
 */
void vlb_inflight_recover(struct vlb_queue *q, struct vlb_taken *list, unsigned long *claimed)
{
	struct vlb_bounce *b = &q->dev->bounce;
	struct vlb_inflight *f = &q->inflight;
	unsigned int i, count, live = 0;

	lockdep_assert_held(&f->lock);
	bitmap_zero(claimed, b->granules);
	for (i = 0; i < q->size; i++)
		f->taken[i] = f->order[i] != 0;
	count = vlb_list_taken(q, list);
	while (count--) {
		unsigned int head = list[count].head;
		u64 addr = virtio64_to_cpu(&q->dev->vdev, READ_ONCE(q->ring.desc[head].addr));
		long slot = vlb_bounce_index(b, addr);

		f->taken[head] = slot >= 0 && !test_bit(slot, claimed) &&
				 vlb_bounce_is_live(b, addr, q->index);
		if (!f->taken[head])
			continue;
		live++;
		vlb_queue_walk(q, head, vlb_claim_desc, claimed);
	}
	f->twice = 0;
	WRITE_ONCE(f->used, f->avail - live);
	WRITE_ONCE(q->ring.used->idx, cpu_to_virtio16(&q->dev->vdev, f->used));
	f->exact = true;
	f->lied = false;
}
