// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues: the kick to the daemon, its call back, and who moved how many bytes.
 *
 * Kick: the driver's own context signals an eventfd. Call: our entry in the
 * wait queue of the daemon's eventfd raises an irq_work. The driver must not
 * run in the wake-up itself: that holds the eventfd's lock, and a driver that
 * kicks from its callback could not signal another eventfd there.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/virtio_config.h>

#include "vlb.h"

/* Rounds of the whole ring that one interrupt may put back before time counts. */
#define VLB_IRQ_ROUNDS 16

static bool vlb_queue_walk_indirect(struct vlb_queue *q, const struct vring_desc *desc,
				    vlb_desc_fn *fn, void *arg)
{
	struct virtio_device *vdev = &q->dev->vdev;
	u32 i, count = virtio32_to_cpu(vdev, READ_ONCE(desc->len)) / sizeof(*desc);
	u64 addr = virtio64_to_cpu(vdev, READ_ONCE(desc->addr));
	const struct vring_desc *table;

	/* The driver's word, and all in the area: that is bound enough. A table may be longer than its ring. */
	table = vlb_bounce_peek(&q->dev->bounce, addr, (size_t)count * sizeof(*table));
	for (i = 0; table && i < count; i++)
		fn(q, &table[i], arg);
	return vlb_bounce_is_told(&q->dev->bounce, addr, (size_t)count * sizeof(*table));
}

/*
 * Calls @fn for each descriptor of a chain in @table, as long as the queue, those of
 * indirect tables included. True if all of them are the driver's word: a very long table, or one that
 * the read-only part had no room for, is in memory that the daemon can write, and may say anything.
 */
bool vlb_queue_walk_table(struct vlb_queue *q, const struct vring_desc *table, unsigned int head,
			  vlb_desc_fn *fn, void *arg)
{
	unsigned int n;
	bool sure = true;

	for (n = 0; n < q->size && head < q->size; n++) {
		const struct vring_desc *desc = &table[head];
		u16 flags = virtio16_to_cpu(&q->dev->vdev, READ_ONCE(desc->flags));

		fn(q, desc, arg);
		if (flags & VRING_DESC_F_INDIRECT)
			sure &= vlb_queue_walk_indirect(q, desc, fn, arg);
		if (!(flags & VRING_DESC_F_NEXT))
			break;
		head = virtio16_to_cpu(&q->dev->vdev, READ_ONCE(desc->next));
	}
	return sure;
}

bool vlb_queue_walk(struct vlb_queue *q, unsigned int head, vlb_desc_fn *fn, void *arg)
{
	return vlb_queue_walk_table(q, q->ring.desc, head, fn, arg);
}

static void vlb_queue_tag_desc(struct vlb_queue *q, const struct vring_desc *desc, void *unused)
{
	vlb_bounce_tag(&q->dev->bounce, virtio64_to_cpu(&q->dev->vdev, READ_ONCE(desc->addr)),
		       q->index);
}

/* Marks the mappings of a chain as this queue's. */
void vlb_queue_tag(struct vlb_queue *q, unsigned int head)
{
	if (q->dev->bounce.status)
		vlb_blk_tag(q, head);
	else
		vlb_queue_walk(q, head, vlb_queue_tag_desc, NULL);
}

static void vlb_kick_irq(struct irq_work *work)
{
	struct vlb_queue *q = container_of(work, struct vlb_queue, kick_irq);

	if (q->relay)
		vlb_relay_report(q);
	vlb_eventfd_signal(q->kick);
}

/*
 * Any context. A console's driver may be in the middle of a printk(), wherever that
 * was called: no lock of the scheduler's may be taken there, so the daemon is woken
 * a moment later.
 */
void vlb_queue_relay(struct vlb_queue *q)
{
	unsigned int todo = vlb_relay_run(q);
	bool later = READ_ONCE(q->relay->kind) == VLB_RELAY_DROP || !vlb_eventfd_may_signal();

	if (todo & (VLB_RELAY_INTERRUPT | VLB_RELAY_AGAIN))
		irq_work_queue(&q->call_irq);
	if (todo & VLB_RELAY_REPORT || (todo & VLB_RELAY_KICK && later))
		irq_work_queue(&q->kick_irq);
	else if (todo & VLB_RELAY_KICK)
		vlb_eventfd_signal(q->kick);
}

/* virtqueue.notify: from any context, also under a driver's lock. */
bool vlb_queue_notify(struct virtqueue *vq)
{
	struct vlb_queue *q = vq->priv;

	atomic64_inc(&q->kicks);
	vlb_quirk_kick(q);
	if (unlikely(q->relay)) {
		vlb_queue_relay(q);
		return true;
	}
	if (unlikely(READ_ONCE(q->dev->draining))) {
		vlb_drain_kick(q);
		return true;
	}
	vlb_inflight_update(q);
	if (likely(vlb_eventfd_may_signal()))
		vlb_eventfd_signal(q->kick);
	else
		irq_work_queue(&q->kick_irq);
	return true;
}

static void vlb_queue_interrupt(struct vlb_queue *q)
{
	struct vlb_irq_budget *budget;

	if (unlikely(q->relay))
		vlb_queue_relay(q);
	/* A daemon may call at any time, a driver expects it from DRIVER_OK on. */
	if (!(READ_ONCE(q->dev->status) & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (likely(!q->relay))
		vlb_inflight_update(q);
	if (unlikely(vlb_quirk_is_deaf(q)))
		return;
	/* PREEMPT_RT runs this in a thread, which the scheduler can be told to bound. */
	budget = in_hardirq() ? this_cpu_ptr(q->dev->budget) : NULL;
	if (budget)
		*budget = (struct vlb_irq_budget) {
			.start = local_clock(),
			.max_maps = VLB_IRQ_ROUNDS * q->size,
		};
	if (vring_interrupt(0, q->vq) == IRQ_HANDLED)
		atomic64_inc(&q->interrupts);
	if (budget)
		budget->max_maps = 0;
}

/*
 * Interrupts of a device do not overlap, and drivers build on it: the callbacks of
 * virtio_rng and i2c-virtio have no lock. A daemon may call on two processors at once,
 * and an irq_work then runs on both. The second one waits here, at its caller's cost.
 */
static void vlb_call_irq(struct irq_work *work)
{
	struct vlb_queue *q = container_of(work, struct vlb_queue, call_irq);
	bool thread = !in_hardirq();

	/* As the kernel's own interrupt threads: a softirq that the driver raises runs at their end. */
	if (thread)
		local_bh_disable();
	spin_lock(&q->call_lock);
	WRITE_ONCE(q->caller, thread ? current : NULL);
	if (likely(q->call_head))
		vlb_queue_interrupt(q);
	WRITE_ONCE(q->caller, NULL);
	spin_unlock(&q->call_lock);
	if (thread)
		local_bh_enable();
}

/*
 * No callback of the queue that began before is running any more. Of an irq_work that
 * runs on two processors irq_work_sync() may wait for one only.
 */
void vlb_queue_sync(struct vlb_queue *q)
{
	irq_work_sync(&q->call_irq);
	spin_lock_irq(&q->call_lock);
	spin_unlock_irq(&q->call_lock);
}

/* Is this the queue's own callback, or that of another queue of the device? */
bool vlb_queue_in_interrupt(struct vlb_queue *q)
{
	struct vlb_device *dev = q->dev;
	u32 i;

	if (in_hardirq())
		return this_cpu_ptr(dev->budget)->max_maps;
	for (i = 0; IS_ENABLED(CONFIG_PREEMPT_RT) && i < dev->num_queues; i++)
		if (READ_ONCE(dev->queues[i].caller) == current)
			return true;
	return false;
}

/* Runs with the eventfd's lock held and interrupts off. */
static int vlb_call_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct vlb_queue *q = container_of(wait, struct vlb_queue, call_wait);

	if (key_to_poll(key) & EPOLLIN) {
		atomic64_inc(&q->calls);
		irq_work_queue(&q->call_irq);
	}
	return 0;
}

struct vlb_poll {
	poll_table table;
	struct vlb_queue *q;
};

static void vlb_call_found(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct vlb_queue *q = container_of(table, struct vlb_poll, table)->q;

	q->call_head = head;
	add_wait_queue(head, &q->call_wait);
}

/* q->vq is set. From here on a call becomes an interrupt. */
int vlb_queue_hook(struct vlb_queue *q)
{
	struct vlb_poll poll = { .q = q };

	q->call_head = NULL;
	init_waitqueue_func_entry(&q->call_wait, vlb_call_wake);
	init_poll_funcptr(&poll.table, vlb_call_found);
	vfs_poll(q->call, &poll.table);
	return q->call_head ? 0 : -EINVAL;
}

/* On return no callback of the queue runs and none will. */
void vlb_queue_unhook(struct vlb_queue *q)
{
	if (q->call_head)
		remove_wait_queue(q->call_head, &q->call_wait);
	spin_lock_irq(&q->call_lock);
	q->call_head = NULL;
	spin_unlock_irq(&q->call_lock);
	irq_work_sync(&q->call_irq);
	irq_work_sync(&q->kick_irq);
}

void vlb_queue_init(struct vlb_queue *q, struct vlb_device *dev, unsigned int index)
{
	q->dev = dev;
	q->index = index;
	init_irq_work(&q->kick_irq, vlb_kick_irq);
	init_irq_work(&q->call_irq, vlb_call_irq);
	spin_lock_init(&q->call_lock);
	raw_spin_lock_init(&q->inflight.lock);
}

/*
 * VLB_SETUP_QUEUE. The caller has checked @size; 0 means that the queue does not
 * exist. Both descriptors are the calling process's, the queue takes its own
 * references.
 */
int vlb_queue_configure(struct vlb_queue *q, unsigned int size, int kick_fd, int call_fd)
{
	struct eventfd_ctx *kick;
	struct file *kick_file, *call;
	int err;

	if (q->configured)
		return -EBUSY;
	if (size) {
		err = vlb_console_setup(q);
		if (err)
			return err;
		if (!q->inflight.taken && vlb_inflight_alloc(&q->inflight, q->dev->max_queue_size))
			return -ENOMEM;
		kick_file = eventfd_fget(kick_fd);
		if (IS_ERR(kick_file))
			return PTR_ERR(kick_file);
		call = eventfd_fget(call_fd);
		if (IS_ERR(call)) {
			fput(kick_file);
			return PTR_ERR(call);
		}
		kick = eventfd_ctx_fileget(kick_file);
		if (IS_ERR(kick)) { /* cannot be: it is an eventfd */
			fput(kick_file);
			fput(call);
			return PTR_ERR(kick);
		}
		q->kick_file = kick_file;
		q->kick = kick;
		q->call = call;
		q->ring = vlb_pool_ring(q->dev->pool, q->index, size);
		/* After all that a reader of debugfs looks at. */
		smp_store_release(&q->size, size);
	}
	q->configured = true;
	return 0;
}

void vlb_queue_release(struct vlb_queue *q)
{
	irq_work_sync(&q->kick_irq);
	if (q->kick)
		eventfd_ctx_put(q->kick);
	if (q->kick_file)
		fput(q->kick_file);
	if (q->call)
		fput(q->call);
	vlb_inflight_free(&q->inflight);
	vlb_relay_free(q);
}

/* Empties the ring for a new driver; nothing of the last one's remains. */
void vlb_queue_place(struct vlb_queue *q)
{
	memset(q->ring.desc, 0, vring_size(q->size, PAGE_SIZE));
	vlb_inflight_reset(q);
	vlb_quirk_kick(q);
	if (q->relay)
		vlb_console_reset(q);
}

/* VLB_GET_QUEUE; the caller holds vlb_device.lock. The used index is the daemon's word. */
void vlb_queue_state(struct vlb_queue *q, struct vlb_queue_state *state)
{
	const struct vlb_pool *pool = q->dev->pool;
	struct virtio_device *vdev = &q->dev->vdev;
	const struct vring *ring = &q->ring;

	lockdep_assert_held(&q->dev->lock);
	*state = (struct vlb_queue_state) { .index = q->index, .size = q->size };
	if (!q->ready)
		return;
	state->ready = 1;
	state->used_idx = virtio16_to_cpu(vdev, READ_ONCE(ring->used->idx));
	state->avail_idx = virtio16_to_cpu(vdev, READ_ONCE(ring->avail->idx));
	state->desc = VLB_POOL_IOVA + ((u8 *)ring->desc - pool->vaddr);
	state->avail = VLB_POOL_IOVA + ((u8 *)ring->avail - pool->vaddr);
	state->used = VLB_POOL_IOVA + ((u8 *)ring->used - pool->vaddr);
}
