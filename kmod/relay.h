/* SPDX-License-Identifier: GPL-2.0-only */
/* The second ring of a queue whose driver must not wait for its daemon: relay.c. */
#ifndef VLB_RELAY_H
#define VLB_RELAY_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/types.h>
#include <linux/virtio_ring.h>

/* What becomes of what a driver transmits when its relay is full. */
enum vlb_relay_kind {
	VLB_RELAY_HOLD, /* a stream of bytes: stays in the driver's ring until the daemon has read */
	VLB_RELAY_DROP, /* a stream: dropped and counted, the driver cannot wait */
	VLB_RELAY_STATE, /* struct virtio_console_control each: a newer one of its kind takes its place */
};

/* What vlb_relay_run() leaves to do. */
#define VLB_RELAY_KICK	    BIT(0) /* wake the daemon */
#define VLB_RELAY_INTERRUPT BIT(1) /* the driver sleeps for a buffer that it got back */
#define VLB_RELAY_AGAIN	    BIT(2) /* there is more to do */
#define VLB_RELAY_REPORT    BIT(3) /* vlb_relay_report() */

/**
 * struct vlb_relay - the second ring of a queue whose driver waits in a loop; relay.c
 * @front: the driver's ring; that of struct vlb_queue is between module and daemon
 * @ring: memory of @front
 * @ring_size: bytes of it
 * @area: room in the pool for the data
 * @iova: the same for the daemon
 * @room: bytes of it
 * @len: by descriptor of the back ring: its bytes
 *
 * The rest is protected by vlb_inflight.lock.
 * @size: bytes of @area in use, a power of two
 * @kind: when it is full
 * @held: buffers of the driver wait for room
 * @losing: something was dropped since the area was empty
 * @lied: the daemon spoilt its used ring, nothing is relayed any more
 * @report: there is something to report
 * @ended: the driver gives its ring up, nothing in it is looked at any more
 * @removed: the daemon took the port away (only the driver's control work looks at this)
 * @seen: available and used index of @front
 * @next: available index of the back ring
 * @oldest: the first piece, counted as @next is, that is not free
 * @done: bytes taken of the driver's next buffer
 * @in: bytes that came into the area, ever
 * @out: those that have been given to the daemon
 * @freed: those that it has finished
 * @dropped: bytes
 */
struct vlb_relay {
	struct vring front;
	void *ring;
	size_t ring_size;
	u8 *area;
	dma_addr_t iova;
	u32 room;
	u32 *len;
	u32 size;
	enum vlb_relay_kind kind;
	bool held;
	bool losing;
	bool lied;
	bool report;
	bool ended;
	bool removed;
	u16 seen;
	u16 next;
	u16 oldest;
	u64 done;
	u32 in;
	u32 out;
	u32 freed;
	atomic64_t dropped;
};

#endif /* VLB_RELAY_H */
