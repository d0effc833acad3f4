// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio_console (virtio 1.4, 5.3) waits in a loop for the device, after each control
 * message and each transmit of a console port, there with interrupts off
 * (drivers/char/virtio_console.c, __send_control_msg() and __send_to_port()). So its
 * queues to the device are relays, and this file knows what each of them may do with
 * data that the daemon does not read: a console loses it, any other port makes its
 * writer wait, control messages keep the newest of each kind.
 *
 * Which port is a console, the daemon tells the driver in a control message. The
 * module hears of it first: when the driver takes the message from its queue, from the
 * driver's own copy.
 */
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>

#include "vlb.h"

#define VLB_CONTROL_IN	 2 /* queue to the driver */
#define VLB_CONTROL_OUT	 3
#define VLB_CONSOLE_ROOM SZ_8M /* for all ports */
#define VLB_PORT_ROOM	 SZ_256K
/* Messages of 8 bytes: more than all ports of a device with 1024 queues have to say. */
#define VLB_CONTROL_ROOM SZ_16K

static bool vlb_is_console(const struct vlb_device *dev)
{
	return dev->vdev.id.device == VIRTIO_ID_CONSOLE;
}

static bool vlb_is_multiport(const struct vlb_device *dev)
{
	return virtio_has_feature(&dev->vdev, VIRTIO_CONSOLE_F_MULTIPORT);
}

/* A kernel's whole log for a port, as long as there are not too many of them. */
static u32 vlb_console_share(u32 num_queues)
{
	u32 share = VLB_CONSOLE_ROOM / max(num_queues / 2, 1U);

	return clamp_t(u32, rounddown_pow_of_two(share), VLB_CONTROL_ROOM, VLB_PORT_ROOM);
}

/* Bytes of the pool behind the bounce area, for the relays of a new device. */
u64 vlb_console_room(u32 device_id, u32 num_queues)
{
	if (device_id != VIRTIO_ID_CONSOLE)
		return 0;
	return PAGE_ALIGN((u64)vlb_console_share(num_queues) * (num_queues / 2));
}

/* VLB_SETUP_QUEUE: makes a relay of a queue that is to be one. */
int vlb_console_setup(struct vlb_queue *q)
{
	struct vlb_device *dev = q->dev;
	u32 share = vlb_console_share(dev->num_queues);
	size_t offset;

	if (!vlb_is_console(dev) || !(q->index & 1) || q->relay)
		return 0;
	offset = vlb_pool_bounce_offset(dev->pool) + dev->bounce.size +
		 (size_t)share * (q->index / 2);
	return vlb_relay_alloc(q, dev->pool->vaddr + offset, VLB_POOL_IOVA + offset, share);
}

/* For a new driver, which has told its features. A port is no console before the daemon says so. */
void vlb_console_reset(struct vlb_queue *q)
{
	if (!vlb_is_multiport(q->dev))
		vlb_relay_reset(q, VLB_RELAY_DROP, VLB_PORT_ROOM);
	else if (q->index == VLB_CONTROL_OUT)
		vlb_relay_reset(q, VLB_RELAY_STATE, VLB_CONTROL_ROOM);
	else
		vlb_relay_reset(q, VLB_RELAY_HOLD, VLB_PORT_ROOM);
}

/* The driver takes a buffer back: know by now which queue it is of, whoever looked at that last. */
void vlb_console_before_unmap(struct vlb_device *dev)
{
	if (vlb_is_console(dev) && dev->num_queues > VLB_CONTROL_IN &&
	    READ_ONCE(dev->queues[VLB_CONTROL_IN].ready))
		vlb_inflight_update(&dev->queues[VLB_CONTROL_IN]);
}

/* Its driver waited for each buffer in a loop, which ended because the queue is broken. */
static bool vlb_console_gave_up(const struct vlb_queue *q)
{
	return q->relay && q->vq && READ_ONCE(q->relay->kind) != VLB_RELAY_HOLD &&
	       virtqueue_is_broken(q->vq);
}

/*
 * The driver resets the device, to leave it. What it finds in its queues afterwards it
 * takes for buffers of its ports (remove_vqs()), also what a loop left there that found
 * the queue broken: bytes that were freed since, or its only control message. So that
 * goes first. The loops hold a spinlock from adding a buffer to giving up, which is
 * an RCU critical section; who comes later cannot add anything.
 */
void vlb_console_leave(struct vlb_device *dev)
{
	bool waited = false;
	u32 i;

	if (!vlb_is_console(dev))
		return;
	for (i = 1; i < dev->num_queues; i += 2) {
		struct vlb_queue *q = &dev->queues[i];

		if (!vlb_console_gave_up(q))
			continue;
		if (!waited)
			synchronize_rcu();
		waited = true;
		vlb_relay_end(q);
		while (virtqueue_detach_unused_buf(q->vq))
			;
	}
}

static struct vlb_queue *vlb_console_port(struct vlb_device *dev, u32 port)
{
	u32 index = port ? 2 * port + 3 : 1;

	if (port >= VLB_MAX_QUEUES || index >= dev->num_queues || !dev->queues[index].relay)
		return NULL;
	return &dev->queues[index];
}

/*
 * The driver has got @buf, its own memory, of @len bytes in queue @queue. It handles one message
 * after the other, so that at a PORT_ADD it is done with a PORT_REMOVE before: only then a
 * console may become an ordinary port. PORT_ADD alone changes nothing for a port that exists.
 */
void vlb_console_heard(struct vlb_device *dev, unsigned int queue, const void *buf, size_t len)
{
	const struct virtio_console_control *msg = buf;
	struct virtio_device *vdev = &dev->vdev;
	struct vlb_queue *q;

	if (queue != VLB_CONTROL_IN || !vlb_is_console(dev) || !vlb_is_multiport(dev) ||
	    len < sizeof(*msg))
		return;
	q = vlb_console_port(dev, virtio32_to_cpu(vdev, msg->id));
	if (!q)
		return;
	switch (virtio16_to_cpu(vdev, msg->event)) {
	case VIRTIO_CONSOLE_PORT_REMOVE:
		q->relay->removed = true;
		break;
	case VIRTIO_CONSOLE_PORT_ADD:
		if (q->relay->removed)
			vlb_relay_set_kind(q, VLB_RELAY_HOLD);
		q->relay->removed = false;
		break;
	case VIRTIO_CONSOLE_CONSOLE_PORT:
		if (!msg->value)
			break;
		/* What was held up goes: it is no longer the driver's when its loop begins. */
		vlb_relay_set_kind(q, VLB_RELAY_DROP);
		vlb_queue_relay(q);
		break;
	}
}
