// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a device: made by VLB_CREATE, registered by VLB_START, ended by
 * VLB_DESTROY, by close() or because no adapter came back (orphan.c).
 */
#include <linux/ctype.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>

#include "vlb.h"

static unsigned int max_pool_mb = 256;
module_param(max_pool_mb, uint, 0644);
MODULE_PARM_DESC(max_pool_mb, "largest bounce area of one device, MiB (default 256)");

/* What all devices share; a module has no better place for it. */
static struct {
	struct workqueue_struct *wq;
	struct workqueue_struct *end_wq;
	struct dentry *debugfs;
	struct mutex lock; /* protects devices */
	struct list_head devices;
	struct ida indexes;
} vlb_shared;

int vlb_devices_init(void)
{
	mutex_init(&vlb_shared.lock);
	INIT_LIST_HEAD(&vlb_shared.devices);
	ida_init(&vlb_shared.indexes);
	/* A start may wait long for a daemon: unbound, and nobody waits in line. */
	vlb_shared.wq = alloc_workqueue("virtio_loopback", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!vlb_shared.wq)
		return -ENOMEM;
	/* Who waits for memory, as a new worker may, may be waiting for the disk that is to come to its end. */
	vlb_shared.end_wq = alloc_workqueue("virtio_loopback_end", WQ_UNBOUND | WQ_MEM_RECLAIM,
					    WQ_MAX_ACTIVE);
	if (!vlb_shared.end_wq) {
		destroy_workqueue(vlb_shared.wq);
		return -ENOMEM;
	}
	vlb_shared.debugfs = vlb_debugfs_root();
	return 0;
}

/* No device is left, but the last steps of one may still be running. */
void vlb_devices_exit(void)
{
	destroy_workqueue(vlb_shared.end_wq);
	destroy_workqueue(vlb_shared.wq);
	debugfs_remove_recursive(vlb_shared.debugfs);
	ida_destroy(&vlb_shared.indexes);
}

u64 vlb_max_bounce(void)
{
	/* The size is an int's worth of bytes in many a driver. */
	return (u64)clamp(READ_ONCE(max_pool_mb), 1U, 1024U) << 20;
}

void vlb_queue_work(struct work_struct *work)
{
	queue_work(vlb_shared.wq, work);
}

/* For what ends service, and needs neither memory nor anybody that does. Any context. */
void vlb_queue_end_work(struct work_struct *work)
{
	queue_work(vlb_shared.end_wq, work);
}

/* The same. Again before it has run: it runs at the new time. */
void vlb_queue_delayed_end_work(struct delayed_work *work, unsigned long delay)
{
	mod_delayed_work(vlb_shared.end_wq, work, delay);
}

void vlb_device_get(struct vlb_device *dev)
{
	kref_get(&dev->ref);
}

/*
 * The last step of a device's life. It runs on our own workqueue, which
 * module_exit drains: nothing of this module is running any more once its
 * reference is gone and it may be unloaded.
 */
static void vlb_device_free(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, free);
	u32 i;

	/* an irq_work that ran on two processors may not yet have returned on the second one */
	synchronize_rcu();
	for (i = 0; dev->queues && i < dev->num_queues; i++)
		vlb_queue_release(&dev->queues[i]);
	kvfree(dev->queues);
	vlb_bounce_free(&dev->bounce);
	kvfree(dev->mend_list);
	kvfree(dev->mend_slots);
	if (dev->pool)
		vlb_pool_put(dev->pool);
	free_percpu(dev->budget);
	if (dev->pdev.id >= 0)
		ida_free(&vlb_shared.indexes, dev->pdev.id);
	kfree(dev);
	module_put(THIS_MODULE);
}

static void vlb_device_last(struct kref *ref)
{
	struct vlb_device *dev = container_of(ref, struct vlb_device, ref);

	queue_work(vlb_shared.wq, &dev->free);
}

void vlb_device_put(struct vlb_device *dev)
{
	kref_put(&dev->ref, vlb_device_last);
}

static void vlb_start_work(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, start);
	int err = vlb_transport_register(dev);

	if (!err) {
		dev->registered = true;
		return;
	}
	dev_err(&dev->pdev.dev, "cannot register: %d\n", err);
	spin_lock(&dev->lock);
	WRITE_ONCE(dev->start_error, err);
	vlb_wake_reader(dev);
	spin_unlock(&dev->lock);
}

static void vlb_stop_work(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, stop);

	cancel_work_sync(&dev->start);
	if (dev->registered)
		vlb_transport_unregister(dev);
	cancel_work_sync(&dev->misdeed);
	cancel_work_sync(&dev->notify);
	cancel_delayed_work_sync(&dev->drain);
	cancel_delayed_work_sync(&dev->orphan);
	debugfs_remove_recursive(dev->debugfs);
	vlb_device_put(dev);
}

bool vlb_name_is_good(const char *name)
{
	size_t i, len = strnlen(name, VLB_NAME_LEN);

	if (len == VLB_NAME_LEN)
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum(name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

/* Names are for people, who would take two devices of one name for the same. */
static int vlb_claim_name(struct vlb_device *dev, const char *name)
{
	struct vlb_device *other;
	int err = 0;

	mutex_lock(&vlb_shared.lock);
	list_for_each_entry(other, &vlb_shared.devices, node)
		if (name[0] && !strcmp(other->name, name))
			err = -EEXIST;
	if (!err) {
		strscpy(dev->name, name, sizeof(dev->name));
		list_add_tail(&dev->node, &vlb_shared.devices);
	}
	mutex_unlock(&vlb_shared.lock);
	return err;
}

static void vlb_free_name(struct vlb_device *dev)
{
	mutex_lock(&vlb_shared.lock);
	list_del_init(&dev->node);
	mutex_unlock(&vlb_shared.lock);
}

/* The device of that name, with a reference for the caller; NULL when there is none. */
struct vlb_device *vlb_device_find(const char *name)
{
	struct vlb_device *dev, *found = NULL;

	mutex_lock(&vlb_shared.lock);
	list_for_each_entry(dev, &vlb_shared.devices, node)
		if (!strcmp(dev->name, name))
			found = dev;
	if (found)
		vlb_device_get(found);
	mutex_unlock(&vlb_shared.lock);
	return found;
}

static struct vlb_device *vlb_device_alloc(struct vlb_control *control)
{
	struct vlb_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	kref_init(&dev->ref);
	INIT_LIST_HEAD(&dev->node);
	mutex_init(&dev->end_lock);
	INIT_WORK(&dev->start, vlb_start_work);
	INIT_WORK(&dev->stop, vlb_stop_work);
	INIT_WORK(&dev->misdeed, vlb_misdeed_work);
	INIT_WORK(&dev->notify, vlb_notify_work);
	INIT_WORK(&dev->free, vlb_device_free);
	vlb_drain_init(dev);
	vlb_orphan_init(dev);
	vlb_requests_init(dev);
	dev->pdev.id = -1;
	dev->control = control;
	dev->owner = control->owner;
	__module_get(THIS_MODULE);
	return dev;
}

/* What fails half way is freed with the device. */
static int vlb_build(struct vlb_device *dev, const struct vlb_create *c)
{
	struct vlb_pool *pool;
	size_t offset;
	int i, err;

	err = vlb_dma_attach(dev);
	if (err)
		return err;
	dev->budget = alloc_percpu(struct vlb_irq_budget);
	dev->queues = kvcalloc(c->num_queues, sizeof(*dev->queues), GFP_KERNEL);
	if (!dev->budget || !dev->queues)
		return -ENOMEM;
	for (i = 0; i < c->num_queues; i++)
		vlb_queue_init(&dev->queues[i], dev, i);
	dev->num_queues = c->num_queues;
	pool = vlb_pool_create(c->num_queues, c->max_queue_size,
			       c->bounce_size + vlb_console_room(c->device_id, c->num_queues),
			       vlb_bounce_told(c->bounce_size));
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	dev->pool = pool;
	offset = vlb_pool_bounce_offset(pool);
	err = vlb_bounce_init(&dev->bounce, pool->vaddr + offset, VLB_POOL_IOVA + offset,
			      c->bounce_size);
	if (err)
		return err;
	i = ida_alloc(&vlb_shared.indexes, GFP_KERNEL);
	if (i < 0)
		return i;
	dev->pdev.name = "virtio-loopback";
	dev->pdev.id = i;
	dev->vdev.id.device = c->device_id;
	dev->vdev.id.vendor = c->vendor_id;
	dev->max_queue_size = c->max_queue_size;
	dev->config_size = c->config_size;
	dev->features = vlb_offered_features(c->features);
	dev->adoptable = c->flags & VLB_CREATE_ADOPTABLE;
	err = vlb_drain_alloc(dev);
	return err ? err : vlb_blk_init(dev);
}

/*
 * VLB_CREATE, once its argument was checked. The device is @control's; the reference
 * returned is that of its life, which vlb_device_end() ends. Or an ERR_PTR.
 */
struct vlb_device *vlb_device_create(struct vlb_control *control, const struct vlb_create *c)
{
	struct vlb_device *dev = vlb_device_alloc(control);
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	err = vlb_claim_name(dev, c->name);
	if (!err)
		err = vlb_build(dev, c);
	if (err) {
		vlb_free_name(dev);
		vlb_device_put(dev);
		return ERR_PTR(err);
	}
	vlb_debugfs_add(dev, vlb_shared.debugfs);
	return dev;
}

/*
 * The rest of the end of a device, for whoever made it VLB_DEAD. Unregistering runs
 * the driver's remove, which may take its time: not in the context of an exiting
 * process.
 */
void vlb_device_bury(struct vlb_device *dev, const char *why)
{
	vlb_free_name(dev);
	vlb_requests_kill(dev);
	vlb_break(dev, why);
	vlb_queue_work(&dev->stop);
}

/* Nobody will serve it any more. Again does nothing. */
void vlb_device_end(struct vlb_device *dev, const char *why)
{
	bool dead;

	spin_lock(&dev->lock);
	dead = dev->state == VLB_DEAD;
	dev->state = VLB_DEAD;
	spin_unlock(&dev->lock);
	if (!dead)
		vlb_device_bury(dev, why);
}
