// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a daemon may do and a stock driver cannot stand. Answers are changed in the driver's own
 * memory, when it takes its buffer back, before it looks.
 *
 * virtio_snd (Linux 6.12) looks an event up in tables of jacks, streams and controls. It
 * reads how long a table is before it has one, and frees what is in them before it resets the
 * device (virtsnd_jack_parse_cfg(), virtsnd_remove()). Meanwhile it asks for no interrupt, but
 * a daemon may call all the same. So it gets events that mean nothing unless it is bound and
 * stays so. What a well-behaved device has to say while a driver probes goes with them: a plug that
 * moves after the driver has asked for it is seen at its next move.
 *
 * It gives its control messages up, and may free them, before it resets the device
 * (virtsnd_ctl_msg_cancel_all()): when it leaves, and when it probes and had no answer for a
 * second. An answer that comes in between completes such a message once more. So that queue has
 * no interrupt from then on. What a driver that leaves still asks for, for a stream that is
 * open, it waits a second for.
 *
 * And it allocates tables as long as its device says, where the kernel warns of sizes that it
 * cannot have. So does gpio-virtio for its lines and their names.
 *
 * A channel map of a function that has no stream makes it a card with a PCM device that it does not make
 * (virtsnd_chmap_parse_cfg(), virtsnd_pcm_build_devs()). The maps are told in answers that look like
 * others, so there are none at all; a stream has its channels in ALSA's usual order then.
 *
 * gpio-virtio has a WARN for a status of an interrupt that the specification does not have
 * (virtio 1.4, 5.18.7), which ends a kernel with panic_on_warn. VIRTIO_GPIO_IRQ_STATUS_INVALID
 * has it wait again. So does an edge while it lets go of its chip, whose interrupts are
 * gone before it resets the device (virtio_gpio_remove()).
 */
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/sizes.h>
#include <linux/virtio_ids.h>

#include "vlb.h"

#define VLB_SOUND_CONTROL 0 /* queue */
#define VLB_SOUND_EVENTS  1 /* queue */
#define VLB_SOUND_MOST	  1024U
/* Less than the driver's msg_timeout_ms by what an interrupt may take to get there. */
#define VLB_SOUND_PATIENCE   (HZ * 9 / 10)
#define VLB_SOUND_CHMAPS     8 /* in configuration space */
#define VLB_GPIO_MOST	     4096U /* lines */
#define VLB_GPIO_NAMES_MOST  SZ_1M /* bytes */
#define VLB_GPIO_IRQ_INVALID 0
#define VLB_GPIO_IRQ_VALID   1

static int vlb_bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct vlb_device *dev = container_of(nb, struct vlb_device, bus_events);

	if (data != &dev->vdev.dev)
		return NOTIFY_DONE;
	switch (event) {
	case BUS_NOTIFY_BIND_DRIVER:
		WRITE_ONCE(dev->binding, VLB_PROBING);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		WRITE_ONCE(dev->binding, VLB_BOUND);
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		WRITE_ONCE(dev->binding, VLB_LEAVING);
		if (dev->vdev.id.device == VLB_ID_SOUND)
			vlb_queue_sync(&dev->queues[VLB_SOUND_CONTROL]);
		break;
	}
	return NOTIFY_DONE;
}

/*
 * The virtio device is registered, and knows its bus only now: its first driver has probed. One that
 * is unbound before this returns goes unseen.
 */
int vlb_quirk_watch(struct vlb_device *dev)
{
	int err;

	dev->bus_events.notifier_call = vlb_bus_event;
	err = bus_register_notifier(dev->vdev.dev.bus, &dev->bus_events);
	if (err)
		return err;
	device_lock(&dev->vdev.dev);
	if (dev->vdev.dev.driver)
		WRITE_ONCE(dev->binding, VLB_BOUND);
	device_unlock(&dev->vdev.dev);
	return 0;
}

/* It is not registered any more. */
void vlb_quirk_unwatch(struct vlb_device *dev)
{
	bus_unregister_notifier(dev->vdev.dev.bus, &dev->bus_events);
}

static bool vlb_is_sound_control(const struct vlb_queue *q)
{
	return q->dev->vdev.id.device == VLB_ID_SOUND && q->index == VLB_SOUND_CONTROL;
}

/* The driver asks something. Any context. */
void vlb_quirk_kick(struct vlb_queue *q)
{
	if (unlikely(vlb_is_sound_control(q)))
		WRITE_ONCE(q->asked, jiffies);
}

/* Must a driver's callback not run now? Holds the queue's call_lock. */
bool vlb_quirk_is_deaf(struct vlb_queue *q)
{
	enum vlb_binding binding;
	u16 used;

	if (likely(!vlb_is_sound_control(q)))
		return false;
	binding = READ_ONCE(q->dev->binding);
	if (binding != VLB_PROBING)
		return binding == VLB_LEAVING;
	if (time_after(jiffies, READ_ONCE(q->asked) + VLB_SOUND_PATIENCE))
		return true;
	/* The next question may come without a kick, which a daemon that polls does not want. */
	used = READ_ONCE(q->inflight.used);
	if (used != q->answered)
		WRITE_ONCE(q->asked, jiffies);
	q->answered = used;
	return false;
}

/* How much a driver may be told to have in a field of its device's configuration. */
static u32 vlb_quirk_most(u32 device_id, u32 offset, u32 len)
{
	if (device_id == VLB_ID_SOUND && len == sizeof(__le32))
		return offset == VLB_SOUND_CHMAPS ? 0 : VLB_SOUND_MOST;
	if (device_id == VLB_ID_GPIO && !offset && len == sizeof(__le16))
		return VLB_GPIO_MOST;
	if (device_id == VLB_ID_GPIO && offset && len == sizeof(__le32))
		return VLB_GPIO_NAMES_MOST;
	return U32_MAX;
}

/* A driver is about to get @len bytes at @offset of configuration space. */
void vlb_quirk_config(struct vlb_device *dev, u32 offset, void *buf, u32 len)
{
	u32 most = vlb_quirk_most(dev->vdev.id.device, offset, len);
	__le32 value = 0;

	if (likely(most == U32_MAX))
		return;
	memcpy(&value, buf, len);
	if (le32_to_cpu(value) <= most)
		return;
	dev_warn_ratelimited(&dev->pdev.dev,
			     "%u at byte %u of configuration space is taken for none\n",
			     le32_to_cpu(value), offset);
	memset(buf, 0, len);
}

/* A driver has got @buf, its own memory, of @len bytes in queue @queue. Any context. */
void vlb_quirk_answer(struct vlb_device *dev, unsigned int queue, u8 *buf, size_t len)
{
	enum vlb_binding binding = READ_ONCE(dev->binding);

	switch (dev->vdev.id.device) {
	case VIRTIO_ID_CONSOLE:
		vlb_console_heard(dev, queue, buf, len);
		break;
	case VLB_ID_GPIO:
		if (queue == VLB_GPIO_EVENTS &&
		    (binding == VLB_LEAVING || *buf != VLB_GPIO_IRQ_VALID))
			*buf = VLB_GPIO_IRQ_INVALID;
		break;
	case VLB_ID_SOUND:
		if (queue == VLB_SOUND_EVENTS && binding != VLB_BOUND)
			memset(buf, 0, len);
		break;
	}
}
