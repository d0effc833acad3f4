// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers of a daemon that a stock driver would come to harm by. They are changed in the
 * driver's own memory, when it takes its buffer back, before it looks.
 *
 * virtio_snd (Linux 6.12) looks an event up in tables of jacks, streams and controls. It
 * reads how long a table is before it has one, and frees what is in them before it resets the
 * device (virtsnd_jack_parse_cfg(), virtsnd_remove()). Meanwhile it asks for no interrupt, but
 * a daemon may call all the same. So it gets events that mean nothing unless it is bound and
 * stays so. What a well-behaved device has to say while a driver probes goes with them: a plug that
 * moves after the driver has asked for it is seen at its next move.
 *
 * gpio-virtio has a WARN for a status of an interrupt that the specification does not have
 * (virtio 1.4, 5.18.7), which ends a kernel with panic_on_warn. VIRTIO_GPIO_IRQ_STATUS_INVALID
 * has it wait again. So does an edge while it lets go of its chip, whose interrupts are
 * gone before it resets the device (virtio_gpio_remove()).
 */
#include <linux/device.h>
#include <linux/virtio_ids.h>

#include "vlb.h"

#define VLB_SOUND_EVENTS     1 /* queue */
#define VLB_GPIO_IRQ_INVALID 0
#define VLB_GPIO_IRQ_VALID   1

static int vlb_bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct vlb_device *dev = container_of(nb, struct vlb_device, bus_events);

	if (data != &dev->vdev.dev)
		return NOTIFY_DONE;
	if (event == BUS_NOTIFY_UNBIND_DRIVER)
		WRITE_ONCE(dev->unbinding, true);
	else if (event == BUS_NOTIFY_BIND_DRIVER)
		WRITE_ONCE(dev->unbinding, false);
	return NOTIFY_DONE;
}

/* The virtio device is registered: it knows its bus only now. Who unbinds its driver before this returns goes unseen. */
int vlb_quirk_watch(struct vlb_device *dev)
{
	dev->bus_events.notifier_call = vlb_bus_event;
	return bus_register_notifier(dev->vdev.dev.bus, &dev->bus_events);
}

/* It is not registered any more. */
void vlb_quirk_unwatch(struct vlb_device *dev)
{
	bus_unregister_notifier(dev->vdev.dev.bus, &dev->bus_events);
}

/* A driver has got @buf, its own memory, of @len bytes in queue @queue. Any context. */
void vlb_quirk_answer(struct vlb_device *dev, unsigned int queue, u8 *buf, size_t len)
{
	bool unbinding = READ_ONCE(dev->unbinding);

	switch (dev->vdev.id.device) {
	case VIRTIO_ID_CONSOLE:
		vlb_console_heard(dev, queue, buf, len);
		break;
	case VLB_ID_GPIO:
		if (queue == VLB_GPIO_EVENTS && (unbinding || *buf != VLB_GPIO_IRQ_VALID))
			*buf = VLB_GPIO_IRQ_INVALID;
		break;
	case VLB_ID_SOUND:
		if (queue == VLB_SOUND_EVENTS && (unbinding || !device_is_bound(&dev->vdev.dev)))
			memset(buf, 0, len);
		break;
	}
}
