// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues with two rings, for drivers that wait in a loop for what they transmit.
 *
 * The driver's ring (front) is kernel memory that no daemon sees. What the driver puts
 * there is copied into an area of the pool, from its own kick or from the daemon's call, and
 * goes back to it at once, so that its loop ends when it looks for the first time. The
 * module itself is the driver of the daemon's ring (back), the one in the pool
 * that VLB_GET_QUEUE describes: descriptor after descriptor in order, each naming a
 * piece of the area. The record of what is in flight (inflight.c) follows the back
 * ring as it does any other, and judges the daemon's used ring.
 *
 * The area is a circle of bytes: [freed, out) is with the daemon, [out, in) waits for
 * descriptors. A daemon may finish the pieces in any order, they are freed in theirs.
 * All of it is protected by the queue's inflight.lock.
 */
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_console.h>

#include "vlb.h"

/* A piece at most, so that a daemon can say early how far it has come. */
#define VLB_RELAY_PIECE 4096U
/* Looks at both rings in a row before others may have the CPU. */
#define VLB_RELAY_LOOKS 4

/* @size is a power of two, @area kernel address and @iova the daemon's of as many bytes. */
int vlb_relay_alloc(struct vlb_queue *q, u8 *area, dma_addr_t iova, u32 size)
{
	struct vlb_relay *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	r->ring_size = vring_size(q->dev->max_queue_size, PAGE_SIZE);
	r->ring = alloc_pages_exact(r->ring_size, GFP_KERNEL | __GFP_ZERO);
	r->len = kcalloc(q->dev->max_queue_size, sizeof(*r->len), GFP_KERNEL);
	r->area = area;
	r->iova = iova;
	r->room = size;
	q->relay = r;
	if (r->ring && r->len)
		return 0;
	vlb_relay_free(q);
	return -ENOMEM;
}

void vlb_relay_free(struct vlb_queue *q)
{
	struct vlb_relay *r = q->relay;

	if (!r)
		return;
	if (r->ring)
		free_pages_exact(r->ring, r->ring_size);
	kfree(r->len);
	kfree(r);
	q->relay = NULL;
}

/* For a new driver, after the back ring and its record were emptied. */
void vlb_relay_reset(struct vlb_queue *q, enum vlb_relay_kind kind, u32 size)
{
	struct vlb_relay *r = q->relay;
	unsigned long flags;

	memset(r->ring, 0, r->ring_size);
	memset(r->area, 0, r->room);
	vring_init(&r->front, q->size, r->ring, PAGE_SIZE);
	raw_spin_lock_irqsave(&q->inflight.lock, flags);
	r->size = min(size, r->room);
	r->kind = kind;
	r->held = r->losing = r->lied = r->report = r->ended = false;
	r->removed = false;
	r->seen = r->next = r->oldest = 0;
	r->done = r->in = r->out = r->freed = 0;
	raw_spin_unlock_irqrestore(&q->inflight.lock, flags);
}

static u32 vlb_relay_space(const struct vlb_relay *r)
{
	return r->size - (r->in - r->freed);
}

/* The caller has looked whether there is space. */
static void vlb_relay_put(struct vlb_relay *r, const void *from, u32 len)
{
	u32 at = r->in & (r->size - 1), first = min(len, r->size - at);

	memcpy(r->area + at, from, first);
	memcpy(r->area, from + first, len - first);
	r->in += len;
}

/*
 * The newest message that waits for a descriptor and speaks of the same thing gets the
 * new value. A driver has no more than 2 * 512 things to speak of, which is less than what
 * fits, so that a daemon finds the last word on each whenever it comes.
 */
static bool vlb_relay_replace(struct vlb_relay *r, const struct virtio_console_control *msg)
{
	u32 at;

	for (at = r->in; at != r->out;) {
		struct virtio_console_control *old;

		at -= sizeof(*old);
		old = (struct virtio_console_control *)(r->area + (at & (r->size - 1)));
		if (READ_ONCE(old->id) == msg->id && READ_ONCE(old->event) == msg->event) {
			WRITE_ONCE(old->value, msg->value);
			atomic64_add(sizeof(*old), &r->dropped);
			return true;
		}
	}
	return false;
}

struct vlb_relay_copy {
	u64 total; /* of the chain */
	u64 skip; /* taken before */
	u32 copied;
	struct virtio_console_control msg;
};

static void vlb_relay_copy_desc(struct vlb_queue *q, const struct vring_desc *desc, void *arg)
{
	struct virtio_device *vdev = &q->dev->vdev;
	u16 flags = virtio16_to_cpu(vdev, READ_ONCE(desc->flags));
	u64 addr = virtio64_to_cpu(vdev, READ_ONCE(desc->addr));
	u32 len = virtio32_to_cpu(vdev, READ_ONCE(desc->len));
	struct vlb_relay *r = q->relay;
	struct vlb_relay_copy *c = arg;
	const u8 *from;
	u32 skip;

	/* Only what stands in the driver's own table may mark a mapping: others can write indirect ones. */
	if (desc >= r->front.desc && desc < r->front.desc + q->size)
		vlb_bounce_tag(&q->dev->bounce, addr, q->index);
	if (flags & (VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE))
		return;
	from = vlb_bounce_peek(&q->dev->bounce, addr, len);
	if (!from)
		return;
	if (r->kind == VLB_RELAY_STATE) {
		if (!c->total && len == sizeof(c->msg))
			memcpy(&c->msg, from, sizeof(c->msg));
		c->total += len;
		return;
	}
	c->total += len;
	skip = min_t(u64, len, c->skip);
	c->skip -= skip;
	len = min(len - skip, vlb_relay_space(r));
	vlb_relay_put(r, from + skip, len);
	c->copied += len;
}

static void vlb_relay_lose(struct vlb_relay *r, u64 bytes)
{
	if (!bytes)
		return;
	atomic64_add(bytes, &r->dropped);
	r->report |= !r->losing;
	r->losing = true;
}

/* Nobody will read it. */
static bool vlb_relay_is_over(struct vlb_queue *q)
{
	return READ_ONCE(q->dev->draining) || q->relay->lied;
}

/* Takes what fits of the buffer @head. False: the rest has to wait for the daemon. */
static bool vlb_relay_take_head(struct vlb_queue *q, unsigned int head)
{
	struct vlb_relay *r = q->relay;
	struct vlb_relay_copy c = { .skip = r->done };

	vlb_queue_walk_table(q, r->front.desc, head, vlb_relay_copy_desc, &c);
	if (r->kind == VLB_RELAY_STATE) {
		if (c.total == sizeof(c.msg) && vlb_relay_space(r) >= sizeof(c.msg))
			vlb_relay_put(r, &c.msg, sizeof(c.msg));
		else if (c.total != sizeof(c.msg) || !vlb_relay_replace(r, &c.msg))
			vlb_relay_lose(r, c.total);
		return true;
	}
	r->done += c.copied;
	if (r->done < c.total) {
		if (r->kind == VLB_RELAY_HOLD)
			return false;
		vlb_relay_lose(r, c.total - r->done);
	}
	r->done = 0;
	return true;
}

/* The driver's part: takes what it has made available, and gives it back. */
static unsigned int vlb_relay_take(struct vlb_queue *q)
{
	struct vlb_relay *r = q->relay;
	struct virtio_device *vdev = &q->dev->vdev;
	u16 mask = q->size - 1, first = r->seen;
	bool waited = r->held, over = vlb_relay_is_over(q);
	u16 avail = virtio16_to_cpu(vdev, READ_ONCE(r->front.avail->idx));

	/* Pairs with the barrier before the driver moves idx: the entries are there. */
	smp_rmb();
	while (r->seen != avail) {
		unsigned int head = virtio16_to_cpu(
			vdev, READ_ONCE(r->front.avail->ring[r->seen & mask]));

		if (over)
			r->done = 0;
		else if (!vlb_relay_take_head(q, head))
			break;
		r->front.used->ring[r->seen & mask] = (struct vring_used_elem) {
			.id = cpu_to_virtio32(vdev, head)
		};
		r->seen++;
	}
	r->held = r->seen != avail;
	if (over)
		atomic64_add((u16)(r->seen - first), &q->drained);
	/* The entries before the index, and what was read of the buffers before both. */
	smp_store_release(&r->front.used->idx, cpu_to_virtio16(vdev, r->seen));
	/* Each new buffer is to be told. */
	WRITE_ONCE(vring_avail_event(&r->front), cpu_to_virtio16(vdev, avail));
	/* In its own kick a driver finds its buffer; who waits for an older one sleeps. */
	return waited && r->seen != first ? VLB_RELAY_INTERRUPT : 0;
}

/* What the daemon has finished is free again, in the order in which it was given. */
static void vlb_relay_reclaim(struct vlb_queue *q)
{
	struct vlb_relay *r = q->relay;
	struct vlb_inflight *f = &q->inflight;

	vlb_inflight_sync(q);
	if (!f->exact && !r->lied) {
		r->lied = true;
		r->report = true;
	}
	while (!r->lied && r->oldest != r->next && !f->taken[r->oldest & (q->size - 1)])
		r->freed += r->len[r->oldest++ & (q->size - 1)];
	if (r->in == r->freed)
		r->losing = false;
}

static bool vlb_relay_wants_kick(struct vlb_queue *q, u16 old)
{
	struct virtio_device *vdev = &q->dev->vdev;
	u16 event = virtio16_to_cpu(vdev, READ_ONCE(vring_avail_event(&q->ring)));

	if (virtio_has_feature(vdev, VIRTIO_RING_F_EVENT_IDX))
		return vring_need_event(event, q->relay->next, old);
	return !(READ_ONCE(q->ring.used->flags) & cpu_to_virtio16(vdev, VRING_USED_F_NO_NOTIFY));
}

/* The daemon's part: what is in the area and has no descriptor gets one, while there are any. */
static unsigned int vlb_relay_give(struct vlb_queue *q)
{
	struct vlb_relay *r = q->relay;
	struct virtio_device *vdev = &q->dev->vdev;
	u32 most = r->kind == VLB_RELAY_STATE ? sizeof(struct virtio_console_control)
					      : VLB_RELAY_PIECE;
	u16 mask = q->size - 1, old = r->next;

	while (r->out != r->in && (u16)(r->next - r->oldest) < q->size && !vlb_relay_is_over(q)) {
		u32 at = r->out & (r->size - 1);
		u32 len = min3(r->in - r->out, r->size - at, most);

		q->ring.desc[r->next & mask] = (struct vring_desc) {
			.addr = cpu_to_virtio64(vdev, r->iova + at),
			.len = cpu_to_virtio32(vdev, len),
		};
		q->ring.avail->ring[r->next & mask] = cpu_to_virtio16(vdev, r->next & mask);
		r->len[r->next++ & mask] = len;
		r->out += len;
	}
	if (r->next == old)
		return 0;
	/* Bytes, descriptors and entries before the index. */
	smp_wmb();
	WRITE_ONCE(q->ring.avail->idx, cpu_to_virtio16(vdev, r->next));
	vlb_inflight_sync(q);
	/* The index before the daemon's wish is read. */
	smp_mb();
	return vlb_relay_wants_kick(q, old) ? VLB_RELAY_KICK : 0;
}

/*
 * Asks for a call when half of what the daemon has is done, if something waits for it;
 * otherwise the next kick is early enough. True: the daemon has been quicker.
 */
static bool vlb_relay_arm(struct vlb_queue *q)
{
	struct vlb_relay *r = q->relay;
	struct virtio_device *vdev = &q->dev->vdev;
	u16 used = q->inflight.used;
	bool wait = r->out != r->in || r->held;
	u16 event = wait ? used + (u16)(r->next - used) / 2 : used - 1;

	WRITE_ONCE(q->ring.avail->flags,
		   wait ? 0 : cpu_to_virtio16(vdev, VRING_AVAIL_F_NO_INTERRUPT));
	WRITE_ONCE(vring_used_event(&q->ring), cpu_to_virtio16(vdev, event));
	/* The wish before the last look. */
	smp_mb();
	return wait && virtio16_to_cpu(vdev, READ_ONCE(q->ring.used->idx)) != used;
}

/* Has the driver been quicker than our wish to be told? */
static bool vlb_relay_has_more(struct vlb_queue *q)
{
	const struct vlb_relay *r = q->relay;

	smp_mb();
	return !r->held &&
	       virtio16_to_cpu(&q->dev->vdev, READ_ONCE(r->front.avail->idx)) != r->seen;
}

/*
 * Moves what can be moved, either way. Any context.
 *
 * Returns what the caller has to do without the lock, VLB_RELAY_* in one.
 */
unsigned int vlb_relay_run(struct vlb_queue *q)
{
	unsigned int looks = VLB_RELAY_LOOKS, todo = 0;
	unsigned long flags;
	bool again;

	raw_spin_lock_irqsave(&q->inflight.lock, flags);
	if (q->relay->ended) {
		raw_spin_unlock_irqrestore(&q->inflight.lock, flags);
		return 0;
	}
	do {
		vlb_relay_reclaim(q);
		todo |= vlb_relay_take(q);
		todo |= vlb_relay_give(q);
		again = (!vlb_relay_is_over(q) && vlb_relay_arm(q)) || vlb_relay_has_more(q);
	} while (again && --looks);
	if (again)
		todo |= VLB_RELAY_AGAIN;
	if (q->relay->report)
		todo |= VLB_RELAY_REPORT;
	raw_spin_unlock_irqrestore(&q->inflight.lock, flags);
	return todo;
}

/* What vlb_relay_run() found: under a driver's lock nobody may say it, as the log may be this console. */
void vlb_relay_report(struct vlb_queue *q)
{
	struct vlb_relay *r = q->relay;
	unsigned long flags;
	bool report, lied;

	raw_spin_lock_irqsave(&q->inflight.lock, flags);
	report = r->report;
	lied = r->lied;
	r->report = false;
	raw_spin_unlock_irqrestore(&q->inflight.lock, flags);
	if (report && lied)
		vlb_break_soon(q->dev, "its daemon spoilt a used ring");
	else if (report)
		dev_warn_ratelimited(
			&q->dev->pdev.dev,
			"queue %u: its daemon does not read, output is dropped until it does\n",
			q->index);
}

void vlb_relay_set_kind(struct vlb_queue *q, enum vlb_relay_kind kind)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&q->inflight.lock, flags);
	WRITE_ONCE(q->relay->kind, kind);
	raw_spin_unlock_irqrestore(&q->inflight.lock, flags);
}

/* The driver's ring may say anything from now on. */
void vlb_relay_end(struct vlb_queue *q)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&q->inflight.lock, flags);
	q->relay->ended = true;
	raw_spin_unlock_irqrestore(&q->inflight.lock, flags);
}

/* Bytes that the daemon has not finished, of the driver's buffers only those that were taken. */
u32 vlb_relay_waiting(struct vlb_queue *q)
{
	unsigned long flags;
	u32 bytes;

	raw_spin_lock_irqsave(&q->inflight.lock, flags);
	vlb_relay_reclaim(q);
	bytes = q->relay->in - q->relay->freed;
	raw_spin_unlock_irqrestore(&q->inflight.lock, flags);
	return bytes;
}
