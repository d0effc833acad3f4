// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/virtio-loopback: open files, ioctls, and the life of a device.
 */
#include <linux/ctype.h>
#include <linux/idr.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/virtio_config.h>

#include "vlb.h"

static unsigned int max_pool_mb = 256;
module_param(max_pool_mb, uint, 0644);
MODULE_PARM_DESC(max_pool_mb, "largest bounce area of one device, MiB (default 256)");

/* What all devices share; a module has no better place for it. */
static struct {
	struct workqueue_struct *wq;
	struct dentry *debugfs;
	struct mutex lock; /* protects devices */
	struct list_head devices;
	struct ida indexes;
} vlb_module;

static u64 vlb_max_bounce(void)
{
	/* The size is an int's worth of bytes in many a driver. */
	return (u64)clamp(READ_ONCE(max_pool_mb), 1U, 1024U) << 20;
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

	for (i = 0; dev->queues && i < dev->num_queues; i++)
		vlb_queue_release(&dev->queues[i]);
	kvfree(dev->queues);
	vlb_bounce_free(&dev->bounce);
	if (dev->pool)
		vlb_pool_put(dev->pool);
	free_percpu(dev->budget);
	if (dev->pdev.id >= 0)
		ida_free(&vlb_module.indexes, dev->pdev.id);
	kfree(dev);
	module_put(THIS_MODULE);
}

static void vlb_device_last(struct kref *ref)
{
	struct vlb_device *dev = container_of(ref, struct vlb_device, ref);

	queue_work(vlb_module.wq, &dev->free);
}

void vlb_device_put(struct vlb_device *dev)
{
	kref_put(&dev->ref, vlb_device_last);
}

void vlb_queue_work(struct work_struct *work)
{
	queue_work(vlb_module.wq, work);
}

/* Any context. Again before it has run: it runs at the new time. */
void vlb_queue_delayed_work(struct delayed_work *work, unsigned long delay)
{
	mod_delayed_work(vlb_module.wq, work, delay);
}

static void vlb_start_work(struct work_struct *work)
{
	struct vlb_device *dev = container_of(work, struct vlb_device, start);
	int err = vlb_transport_register(dev);

	if (err) {
		dev_err(&dev->pdev.dev, "cannot register: %d\n", err);
		WRITE_ONCE(dev->start_error, err);
		wake_up_interruptible(&dev->readers);
		return;
	}
	dev->registered = true;
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
	debugfs_remove_recursive(dev->debugfs);
	vlb_device_put(dev);
}

static int vlb_open(struct inode *inode, struct file *file)
{
	struct vlb_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return -ENOMEM;
	kref_init(&dev->ref);
	INIT_LIST_HEAD(&dev->node);
	mutex_init(&dev->ctl);
	INIT_WORK(&dev->start, vlb_start_work);
	INIT_WORK(&dev->stop, vlb_stop_work);
	INIT_WORK(&dev->misdeed, vlb_misdeed_work);
	INIT_WORK(&dev->notify, vlb_notify_work);
	INIT_WORK(&dev->free, vlb_device_free);
	vlb_drain_init(dev);
	dev->pdev.id = -1;
	vlb_requests_init(dev);
	file->private_data = dev;
	__module_get(THIS_MODULE);
	return nonseekable_open(inode, file);
}

/*
 * The adapter is gone. Unregistering runs the driver's remove, which may take
 * its time: not in the context of an exiting process.
 */
static int vlb_release(struct inode *inode, struct file *file)
{
	struct vlb_device *dev = file->private_data;

	mutex_lock(&vlb_module.lock);
	list_del_init(&dev->node);
	mutex_unlock(&vlb_module.lock);
	mutex_lock(&dev->ctl);
	dev->state = VLB_DEAD;
	mutex_unlock(&dev->ctl);
	vlb_requests_kill(dev);
	vlb_break(dev, "the adapter closed it");
	vlb_queue_work(&dev->stop);
	return 0;
}

static int vlb_get_info(void __user *arg)
{
	struct vlb_info info = {
		.abi_version = VLB_ABI_VERSION,
		.max_queues = VLB_MAX_QUEUES,
		.max_queue_size = VLB_MAX_QUEUE_SIZE,
		.min_pool_size = VLB_POOL_UNIT,
		.max_pool_size = vlb_max_bounce(),
	};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static bool vlb_name_is_good(const char *name)
{
	size_t i, len = strnlen(name, VLB_NAME_LEN);

	if (len == VLB_NAME_LEN)
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum(name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

static int vlb_check_create(const struct vlb_create *c)
{
	if (c->abi_version != VLB_ABI_VERSION)
		return -EPROTO;
	if (c->flags || c->reserved || !vlb_name_is_good(c->name))
		return -EINVAL;
	if (!c->device_id || c->device_id > 63 || c->config_size > VLB_MAX_CONFIG)
		return -EINVAL;
	if (!c->num_queues || c->num_queues > VLB_MAX_QUEUES)
		return -EINVAL;
	if (!is_power_of_2(c->max_queue_size) || c->max_queue_size > VLB_MAX_QUEUE_SIZE)
		return -EINVAL;
	if (!(c->features & BIT_ULL(VIRTIO_F_VERSION_1)) ||
	    c->features & BIT_ULL(VIRTIO_F_RING_PACKED))
		return -EINVAL;
	if (!c->bounce_size || c->bounce_size % VLB_POOL_UNIT || c->bounce_size > vlb_max_bounce())
		return -EINVAL;
	return 0;
}

/* Names are for people, who would take two devices of one name for the same. */
static int vlb_claim_name(struct vlb_device *dev, const char *name)
{
	struct vlb_device *other;
	int err = 0;

	mutex_lock(&vlb_module.lock);
	list_for_each_entry(other, &vlb_module.devices, node)
		if (name[0] && !strcmp(other->name, name))
			err = -EEXIST;
	if (!err) {
		strscpy(dev->name, name, sizeof(dev->name));
		list_add_tail(&dev->node, &vlb_module.devices);
	}
	mutex_unlock(&vlb_module.lock);
	return err;
}

/* What fails half way is freed with the file; the state stays VLB_NEW. */
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
			       c->bounce_size + vlb_console_room(c->device_id, c->num_queues));
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	dev->pool = pool;
	offset = vlb_pool_bounce_offset(pool);
	err = vlb_bounce_init(&dev->bounce, pool->vaddr + offset, VLB_POOL_IOVA + offset,
			      c->bounce_size);
	if (err)
		return err;
	i = ida_alloc(&vlb_module.indexes, GFP_KERNEL);
	if (i < 0)
		return i;
	dev->pdev.name = "virtio-loopback";
	dev->pdev.id = i;
	dev->vdev.id.device = c->device_id;
	dev->vdev.id.vendor = c->vendor_id;
	dev->max_queue_size = c->max_queue_size;
	dev->config_size = c->config_size;
	dev->features = vlb_offered_features(c->features);
	return 0;
}

static void vlb_unbuild(struct vlb_device *dev)
{
	mutex_lock(&vlb_module.lock);
	list_del_init(&dev->node);
	mutex_unlock(&vlb_module.lock);
	if (dev->pdev.id >= 0)
		ida_free(&vlb_module.indexes, dev->pdev.id);
	dev->pdev.id = -1;
	vlb_bounce_free(&dev->bounce);
	if (dev->pool)
		vlb_pool_put(dev->pool);
	dev->pool = NULL;
	kvfree(dev->queues);
	dev->queues = NULL;
	dev->num_queues = 0;
	free_percpu(dev->budget);
	dev->budget = NULL;
}

static int vlb_create(struct vlb_device *dev, void __user *arg)
{
	struct vlb_create c;
	int fd, err;

	if (dev->state != VLB_NEW)
		return -EBUSY;
	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	err = vlb_check_create(&c);
	if (err)
		return err;
	err = vlb_claim_name(dev, c.name);
	if (err)
		return err;
	fd = get_unused_fd_flags(O_CLOEXEC);
	err = fd < 0 ? fd : vlb_build(dev, &c);
	if (!err) {
		c.pool_fd = fd;
		c.pool_iova = VLB_POOL_IOVA;
		c.pool_size = vlb_pool_size(dev->pool);
		c.index = dev->pdev.id;
		if (copy_to_user(arg, &c, sizeof(c)))
			err = -EFAULT;
	}
	if (err) {
		if (fd >= 0)
			put_unused_fd(fd);
		vlb_unbuild(dev);
		return err;
	}
	fd_install(fd, get_file(dev->pool->file));
	dev->state = VLB_CREATED;
	vlb_debugfs_add(dev, vlb_module.debugfs);
	return 0;
}

static int vlb_setup_queue(struct vlb_device *dev, void __user *arg)
{
	struct vlb_setup_queue s;

	if (dev->state != VLB_CREATED)
		return dev->state == VLB_NEW ? -ENODEV : -EBUSY;
	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.index >= dev->num_queues)
		return -EINVAL;
	if (s.size && (!is_power_of_2(s.size) || s.size > dev->max_queue_size))
		return -EINVAL;
	return vlb_queue_configure(&dev->queues[s.index], s.size, s.kick_fd, s.call_fd);
}

static int vlb_set_backend(struct vlb_device *dev, void __user *arg)
{
	u32 backend;

	if (dev->state == VLB_NEW)
		return -ENODEV;
	if (copy_from_user(&backend, arg, sizeof(backend)))
		return -EFAULT;
	if (backend > VLB_BACKEND_UP)
		return -EINVAL;
	vlb_requests_set_backend(dev, backend);
	return 0;
}

static int vlb_start(struct vlb_device *dev)
{
	if (dev->state != VLB_CREATED)
		return dev->state == VLB_NEW ? -ENODEV : -EBUSY;
	dev->state = VLB_STARTED;
	vlb_queue_work(&dev->start);
	return 0;
}

static int vlb_get_queue(struct vlb_device *dev, void __user *arg, bool resume)
{
	struct vlb_queue_state state;
	int err;

	if (dev->state == VLB_NEW)
		return -ENODEV;
	if (copy_from_user(&state, arg, sizeof(state)))
		return -EFAULT;
	if (state.index >= dev->num_queues)
		return -EINVAL;
	if (resume) {
		err = vlb_inflight_resume(&dev->queues[state.index]);
		if (err)
			return err;
	}
	spin_lock(&dev->lock);
	vlb_queue_state(&dev->queues[state.index], &state);
	spin_unlock(&dev->lock);
	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static long vlb_ioctl_locked(struct vlb_device *dev, unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case VLB_CREATE:
		return vlb_create(dev, arg);
	case VLB_SETUP_QUEUE:
		return vlb_setup_queue(dev, arg);
	case VLB_SET_BACKEND:
		return vlb_set_backend(dev, arg);
	case VLB_START:
		return vlb_start(dev);
	case VLB_GET_QUEUE:
		return vlb_get_queue(dev, arg, false);
	case VLB_RESUME_QUEUE:
		return vlb_get_queue(dev, arg, true);
	}
	if (cmd != VLB_CONFIG_CHANGED && cmd != VLB_BREAK)
		return -ENOTTY;
	if (dev->state != VLB_STARTED)
		return -ENODEV;
	if (cmd == VLB_CONFIG_CHANGED)
		vlb_config_changed(dev);
	else
		vlb_break(dev, "the adapter says so");
	return 0;
}

static long vlb_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vlb_device *dev = file->private_data;
	long ret;

	if (cmd == VLB_GET_INFO)
		return vlb_get_info((void __user *)arg);
	if (mutex_lock_interruptible(&dev->ctl))
		return -ERESTARTSYS;
	ret = vlb_ioctl_locked(dev, cmd, (void __user *)arg);
	mutex_unlock(&dev->ctl);
	return ret;
}

static ssize_t vlb_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return vlb_requests_read(file->private_data, buf, count, file->f_flags & O_NONBLOCK);
}

static ssize_t vlb_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	return vlb_requests_write(file->private_data, buf, count);
}

static __poll_t vlb_poll_file(struct file *file, poll_table *wait)
{
	return vlb_requests_poll(file->private_data, file, wait);
}

static const struct file_operations vlb_fops = {
	.owner = THIS_MODULE,
	.open = vlb_open,
	.release = vlb_release,
	.read = vlb_read,
	.write = vlb_write,
	.poll = vlb_poll_file,
	.unlocked_ioctl = vlb_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice vlb_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "virtio-loopback",
	.fops = &vlb_fops,
	.mode = 0600,
};

static int __init vlb_init(void)
{
	int err;

	if (!VLB_HAVE_DMA_OPS) {
		pr_err("virtio_loopback: this kernel gives no device its own DMA operations, so daemons would get physical addresses; build it with %s\n",
		       VLB_DMA_OPS_OPTION);
		return -EOPNOTSUPP;
	}
	mutex_init(&vlb_module.lock);
	INIT_LIST_HEAD(&vlb_module.devices);
	ida_init(&vlb_module.indexes);
	/* A start may wait long for a daemon: unbound, and nobody waits in line. */
	vlb_module.wq = alloc_workqueue("virtio_loopback", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!vlb_module.wq)
		return -ENOMEM;
	vlb_module.debugfs = vlb_debugfs_root();
	err = misc_register(&vlb_misc);
	if (err) {
		debugfs_remove_recursive(vlb_module.debugfs);
		destroy_workqueue(vlb_module.wq);
	}
	return err;
}

static void __exit vlb_exit(void)
{
	misc_deregister(&vlb_misc);
	destroy_workqueue(vlb_module.wq);
	debugfs_remove_recursive(vlb_module.debugfs);
	ida_destroy(&vlb_module.indexes);
}

module_init(vlb_init);
module_exit(vlb_exit);

MODULE_DESCRIPTION("virtio devices on this machine, served by vhost-user daemons");
MODULE_LICENSE("GPL v2");
