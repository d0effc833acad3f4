// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtio transport (struct virtio_config_ops): what a stock driver sees.
 *
 * Status and features live here; only configuration space, and changes of the
 * status, are asked of the adapter. See include/linux/virtio_config.h and
 * virtio 1.4, chapters 2 and 3.
 */
#include <linux/module.h>
#include <linux/virtio_config.h>

#include "vlb.h"

/* Feature bits of a device type; between the two ranges the transport's begin. */
#define VLB_DEVICE_FEATURES (GENMASK_ULL(23, 0) | GENMASK_ULL(63, 50))

/*
 * What a driver may see of an adapter's offer.
 *
 * Of the transport's features only those pass that this module provides.
 */
u64 vlb_offered_features(u64 features)
{
	u64 transport = BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |
			BIT_ULL(VIRTIO_F_VERSION_1);

	return (features & (VLB_DEVICE_FEATURES | transport)) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
}

static void vlb_break_locked(struct vlb_device *dev, const char *why)
{
	bool tell;

	lockdep_assert_held(&dev->end_lock);
	spin_lock(&dev->lock);
	tell = !dev->needs_reset && !dev->dead && dev->status & VIRTIO_CONFIG_S_DRIVER_OK;
	dev->needs_reset = true;
	dev->breaks += tell;
	spin_unlock(&dev->lock);
	vlb_drain_start(dev);
	if (tell) {
		dev_warn(&dev->pdev.dev, "device stopped: %s\n", why);
		vlb_queue_work(&dev->notify);
	}
}

/*
 * Ends service: what the driver waits for fails, and it is told that the device
 * needs a reset. @why is for the log. The next reset heals it, unless the file is
 * closed. May sleep.
 */
void vlb_break(struct vlb_device *dev, const char *why)
{
	mutex_lock(&dev->end_lock);
	vlb_break_locked(dev, why);
	mutex_unlock(&dev->end_lock);
}

/* vlb_break() a moment later, from any context; @why lives for ever. */
void vlb_break_soon(struct vlb_device *dev, const char *why)
{
	WRITE_ONCE(dev->misdeed_name, why);
	vlb_queue_end_work(&dev->misdeed);
}

void vlb_misdeed_work(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, misdeed);
	const char *why;

	/* Its driver may have let go meanwhile, and the next one's device is not to be stopped for it. */
	mutex_lock(&dev->end_lock);
	why = READ_ONCE(dev->misdeed_name);
	if (why && READ_ONCE(dev->status) & VIRTIO_CONFIG_S_DRIVER_OK)
		vlb_break_locked(dev, why);
	mutex_unlock(&dev->end_lock);
}

/*
 * Tells the driver that configuration space changed. From a work item, as the
 * driver may read it, from the adapter that is just telling us. The virtio
 * core holds a spinlock meanwhile, so it can only read what was fetched before.
 */
void vlb_notify_work(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, notify);

	if (dev->config_size && READ_ONCE(dev->backend) == VLB_BACKEND_UP)
		vlb_request_config_get(dev, 0, dev->snapshot, dev->config_size);
	WRITE_ONCE(dev->notifier, current);
	virtio_config_changed(&dev->vdev);
	WRITE_ONCE(dev->notifier, NULL);
}

void vlb_config_changed(struct vlb_device *dev)
{
	bool tell;

	spin_lock(&dev->lock);
	dev->generation++;
	tell = dev->status & VIRTIO_CONFIG_S_DRIVER_OK;
	spin_unlock(&dev->lock);
	if (tell)
		vlb_queue_work(&dev->notify);
}

static void vlb_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	struct vlb_device *dev = vlb_of_vdev(vdev);

	memset(buf, 0, len);
	if (offset >= dev->config_size)
		return;
	len = min(len, dev->config_size - offset);
	if (irqs_disabled() || READ_ONCE(dev->notifier) == current)
		memcpy(buf, dev->snapshot + offset, len);
	else
		vlb_request_config_get(dev, offset, buf, len);
	vlb_quirk_config(dev, offset, buf, len);
}

static void vlb_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		    unsigned int len)
{
	struct vlb_device *dev = vlb_of_vdev(vdev);

	if (offset >= dev->config_size)
		return;
	vlb_request_config_set(dev, offset, buf, min(len, dev->config_size - offset));
}

static u32 vlb_generation(struct virtio_device *vdev)
{
	return READ_ONCE(vlb_of_vdev(vdev)->generation);
}

static u8 vlb_get_status(struct virtio_device *vdev)
{
	struct vlb_device *dev = vlb_of_vdev(vdev);
	u8 status;

	spin_lock(&dev->lock);
	status = dev->status;
	/* Drivers check for exactly 0 after a reset, whatever happens meanwhile. */
	if (dev->needs_reset && status & VIRTIO_CONFIG_S_DRIVER_OK)
		status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	spin_unlock(&dev->lock);
	return status;
}

static void vlb_set_status(struct virtio_device *vdev, u8 status)
{
	struct vlb_device *dev = vlb_of_vdev(vdev);
	bool broken;
	int err;

	status &= ~VIRTIO_CONFIG_S_NEEDS_RESET;
	spin_lock(&dev->lock);
	/* The core does not reset between a failed probe and the next one. */
	if (dev->status & VIRTIO_CONFIG_S_FAILED) {
		status &= ~VIRTIO_CONFIG_S_FAILED;
		dev->gave_up = false;
	}
	/* Before the adapter hears of it: its daemon may call at once. */
	WRITE_ONCE(dev->status, status);
	if (status & VIRTIO_CONFIG_S_DRIVER_OK)
		dev->rings_out = true;
	broken = dev->dead || dev->needs_reset;
	spin_unlock(&dev->lock);
	err = vlb_request_status(dev, status, vdev->features);
	if (status & VIRTIO_CONFIG_S_FAILED)
		return;
	if (status & VIRTIO_CONFIG_S_DRIVER_OK) {
		if (err || broken)
			vlb_break(dev, "the adapter could not start it");
	} else if (err && status & VIRTIO_CONFIG_S_FEATURES_OK) {
		spin_lock(&dev->lock);
		WRITE_ONCE(dev->status, dev->status & ~VIRTIO_CONFIG_S_FEATURES_OK);
		spin_unlock(&dev->lock);
	}
}

static void vlb_reset(struct virtio_device *vdev)
{
	struct vlb_device *dev = vlb_of_vdev(vdev);
	int err;

	mutex_lock(&dev->end_lock);
	spin_lock(&dev->lock);
	WRITE_ONCE(dev->status, 0);
	WRITE_ONCE(dev->draining, false);
	dev->needs_reset = false;
	dev->gave_up = false;
	spin_unlock(&dev->lock);
	WRITE_ONCE(dev->misdeed_name, NULL);
	mutex_unlock(&dev->end_lock);
	vlb_console_leave(dev);
	err = vlb_request_reset(dev);
	if (err && READ_ONCE(dev->rings_out))
		dev_warn(&dev->pdev.dev,
			 "the daemon has not let go of the rings (%d): no driver until it does\n",
			 err);
}

static u64 vlb_get_features(struct virtio_device *vdev)
{
	return vlb_of_vdev(vdev)->features;
}

static int vlb_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	if (virtio_has_feature(vdev, VIRTIO_F_VERSION_1) &&
	    virtio_has_feature(vdev, VIRTIO_F_ACCESS_PLATFORM))
		return 0;
	dev_err(&vdev->dev, "the driver knows neither virtio 1 nor platform access\n");
	return -EINVAL;
}

static void vlb_del_vqs(struct virtio_device *vdev)
{
	struct vlb_device *dev = vlb_of_vdev(vdev);
	struct virtqueue *vq, *next;

	list_for_each_entry_safe(vq, next, &vdev->vqs, list) {
		struct vlb_queue *q = vq->priv;

		/* Before the hook goes: draining raises the interrupt of ready queues. */
		spin_lock(&dev->lock);
		WRITE_ONCE(q->ready, false);
		spin_unlock(&dev->lock);
		vlb_queue_unhook(q);
		if (!q->relay)
			vlb_inflight_update(q);
		q->vq = NULL;
		vring_del_virtqueue(vq);
	}
	vlb_bounce_reclaim(dev);
}

static struct virtqueue *vlb_add_vq(struct vlb_device *dev, unsigned int index,
				    vq_callback_t *callback, const char *name, bool ctx)
{
	struct virtqueue *vq;
	struct vlb_queue *q;
	int err;

	if (index >= dev->num_queues || !dev->queues[index].size)
		return ERR_PTR(-ENOENT);
	q = &dev->queues[index];
	if (q->vq)
		return ERR_PTR(-EBUSY);
	vlb_queue_place(q);
	vq = vring_new_virtqueue(index, q->size, PAGE_SIZE, &dev->vdev, true, ctx,
				 q->relay ? q->relay->front.desc : q->ring.desc, vlb_queue_notify,
				 callback, name);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->priv = q;
	vlb_set_num_max(vq, q->size);
	q->vq = vq;
	err = vlb_queue_hook(q);
	if (err) {
		q->vq = NULL;
		vring_del_virtqueue(vq);
		return ERR_PTR(err);
	}
	spin_lock(&dev->lock);
	WRITE_ONCE(q->ready, true);
	spin_unlock(&dev->lock);
	return vq;
}

/* May a driver have the rings now? */
static int vlb_open_rings(struct vlb_device *dev)
{
	int err = 0;

	spin_lock(&dev->lock);
	if (dev->dead)
		err = -ENODEV;
	else if (dev->rings_out)
		err = -EIO;
	spin_unlock(&dev->lock);
	if (!err)
		vlb_pool_fence(dev->pool, false);
	if (err == -EIO)
		dev_err(&dev->pdev.dev, "a daemon still uses the rings: end it, then bind again\n");
	return err;
}

static int vlb_find_vqs(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
			VLB_VQ_PARAMS, struct irq_affinity *desc)
{
	struct vlb_device *dev = vlb_of_vdev(vdev);
	unsigned int i, index = 0;
	int err = vlb_open_rings(dev);

	if (err)
		return err;
	for (i = 0; i < nvqs; i++) {
		/* Queues that the driver leaves out do not count (virtio_pci does the same). */
		if (!VLB_VQ_NAME(i)) {
			vqs[i] = NULL;
			continue;
		}
		vqs[i] = vlb_add_vq(dev, index++, VLB_VQ_CALLBACK(i), VLB_VQ_NAME(i),
				    VLB_VQ_CTX(i));
		if (IS_ERR(vqs[i])) {
			err = PTR_ERR(vqs[i]);
			vlb_del_vqs(vdev);
			return err;
		}
	}
	return 0;
}

static void __maybe_unused vlb_synchronize_cbs(struct virtio_device *vdev)
{
	struct vlb_device *dev = vlb_of_vdev(vdev);
	unsigned int i;

	for (i = 0; i < dev->num_queues; i++)
		vlb_queue_sync(&dev->queues[i]);
}

static const char *vlb_bus_name(struct virtio_device *vdev)
{
	return dev_name(vdev->dev.parent);
}

static const struct virtio_config_ops vlb_config_ops = {
	.get = vlb_get,
	.set = vlb_set,
	.generation = vlb_generation,
	.get_status = vlb_get_status,
	.set_status = vlb_set_status,
	.reset = vlb_reset,
	.find_vqs = vlb_find_vqs,
	.del_vqs = vlb_del_vqs,
	.get_features = vlb_get_features,
	.finalize_features = vlb_finalize_features,
	VLB_OPS_BUS_NAME_AND_SYNC(vlb_bus_name, vlb_synchronize_cbs),
};

static void vlb_vdev_release(struct device *device)
{
	vlb_device_put(vlb_of_vdev(dev_to_virtio(device)));
}

static void vlb_parent_release(struct device *device)
{
	vlb_device_put(vlb_of_parent(device));
}

/*
 * Makes the devices; drivers probe before this returns.
 *
 * Waits for the adapter, so no lock may be held. On success the devices hold
 * two references until vlb_transport_unregister() and their last user.
 */
int vlb_transport_register(struct vlb_device *dev)
{
	int err;

	/* Never bound to a driver: unbinding may take the DMA operations away. */
	dev->pdev.dev.release = vlb_parent_release;
	vlb_device_get(dev);
	err = platform_device_register(&dev->pdev);
	if (err) {
		platform_device_put(&dev->pdev);
		return err;
	}
	vlb_dma_limit(dev);
	dev->vdev.config = &vlb_config_ops;
	dev->vdev.dev.parent = &dev->pdev.dev;
	dev->vdev.dev.release = vlb_vdev_release;
	vlb_device_get(dev);
	err = register_virtio_device(&dev->vdev);
	if (err) {
		put_device(&dev->vdev.dev);
		platform_device_unregister(&dev->pdev);
		return err;
	}
	err = vlb_quirk_watch(dev);
	if (err) {
		unregister_virtio_device(&dev->vdev);
		platform_device_unregister(&dev->pdev);
	}
	return err;
}

void vlb_transport_unregister(struct vlb_device *dev)
{
	unregister_virtio_device(&dev->vdev);
	vlb_quirk_unwatch(dev);
	platform_device_unregister(&dev->pdev);
}
