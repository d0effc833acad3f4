// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/virtio-loopback: open files and their ioctls.
 */
#include <linux/cred.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/virtio_config.h>

#include "vlb.h"

static int vlb_open(struct inode *inode, struct file *file)
{
	struct vlb_control *control = kzalloc(sizeof(*control), GFP_KERNEL);

	if (!control)
		return -ENOMEM;
	mutex_init(&control->lock);
	init_waitqueue_head(&control->readers);
	control->owner = file->f_cred->euid;
	file->private_data = control;
	return nonseekable_open(inode, file);
}

static int vlb_release(struct inode *inode, struct file *file)
{
	struct vlb_control *control = file->private_data;

	if (control->dev) {
		vlb_orphan(control->dev);
		vlb_device_put(control->dev);
	}
	kfree(control);
	return 0;
}

/* NULL until VLB_CREATE or VLB_ADOPT. */
static struct vlb_device *vlb_device_of(struct file *file)
{
	struct vlb_control *control = file->private_data;

	return smp_load_acquire(&control->dev);
}

/* From here on the file has a device, and whoever sleeps on it looks again. */
static void vlb_attach(struct vlb_control *control, struct vlb_device *dev)
{
	smp_store_release(&control->dev, dev);
	wake_up_interruptible(&control->readers);
}

static int vlb_get_info(void __user *arg)
{
	struct vlb_info info = {
		.abi_version = VLB_ABI_VERSION,
		.max_queues = VLB_MAX_QUEUES,
		.max_queue_size = VLB_MAX_QUEUE_SIZE,
		.create_flags = VLB_CREATE_ADOPTABLE,
		.min_pool_size = VLB_POOL_UNIT,
		.max_pool_size = vlb_max_bounce(),
	};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int vlb_check_create(const struct vlb_create *c)
{
	if (c->abi_version != VLB_ABI_VERSION)
		return -EPROTO;
	if (c->flags & ~VLB_CREATE_ADOPTABLE || c->reserved || !vlb_name_is_good(c->name))
		return -EINVAL;
	/* By what should it be found? */
	if (c->flags & VLB_CREATE_ADOPTABLE && !c->name[0])
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

static int vlb_create(struct vlb_control *control, void __user *arg)
{
	struct vlb_device *dev;
	struct vlb_create c;
	int fd, err;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	err = vlb_check_create(&c);
	if (err)
		return err;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	dev = vlb_device_create(control, &c);
	if (IS_ERR(dev)) {
		put_unused_fd(fd);
		return PTR_ERR(dev);
	}
	c.pool_fd = fd;
	c.pool_iova = VLB_POOL_IOVA;
	c.pool_size = vlb_pool_size(dev->pool);
	c.index = dev->pdev.id;
	if (copy_to_user(arg, &c, sizeof(c))) {
		put_unused_fd(fd);
		vlb_orphan(dev); /* it was not started, and so ends */
		return -EFAULT;
	}
	fd_install(fd, get_file(dev->pool->file));
	vlb_device_get(dev);
	vlb_attach(control, dev);
	return 0;
}

static int vlb_setup_queue(struct vlb_device *dev, void __user *arg)
{
	struct vlb_setup_queue s;

	if (dev->state != VLB_CREATED)
		return -EBUSY;
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
		return -EBUSY;
	spin_lock(&dev->lock);
	dev->state = VLB_STARTED;
	spin_unlock(&dev->lock);
	vlb_queue_work(&dev->start);
	return 0;
}

static int vlb_get_queue(struct vlb_device *dev, void __user *arg, bool resume)
{
	struct vlb_queue_state state;
	int err;

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

/* The two ways to a device. */
static long vlb_ioctl_first(struct vlb_control *control, unsigned int cmd, void __user *arg)
{
	struct vlb_device *dev;

	if (control->dev)
		return -EBUSY;
	if (cmd == VLB_CREATE)
		return vlb_create(control, arg);
	dev = vlb_adopt(control, arg);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	vlb_attach(control, dev);
	return 0;
}

static long vlb_ioctl_started(struct vlb_device *dev, unsigned int cmd, void __user *arg)
{
	if (dev->state != VLB_STARTED)
		return -ENODEV;
	switch (cmd) {
	case VLB_CONFIG_CHANGED:
		vlb_config_changed(dev);
		return 0;
	case VLB_BREAK:
		vlb_break(dev, "the adapter says so");
		return 0;
	default:
		return vlb_adopt_queue(dev, arg);
	}
}

static long vlb_ioctl_device(struct vlb_device *dev, unsigned int cmd, void __user *arg)
{
	switch (cmd) {
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
	case VLB_DESTROY:
		vlb_device_end(dev, "the adapter says goodbye");
		return 0;
	default:
		return vlb_ioctl_started(dev, cmd, arg);
	}
}

static long vlb_ioctl_locked(struct vlb_control *control, unsigned int cmd, void __user *arg)
{
	struct vlb_device *dev = control->dev;

	switch (cmd) {
	case VLB_CREATE:
	case VLB_ADOPT:
		return vlb_ioctl_first(control, cmd, arg);
	case VLB_SETUP_QUEUE:
	case VLB_SET_BACKEND:
	case VLB_START:
	case VLB_GET_QUEUE:
	case VLB_RESUME_QUEUE:
	case VLB_CONFIG_CHANGED:
	case VLB_BREAK:
	case VLB_ADOPT_QUEUE:
	case VLB_DESTROY:
		if (!dev || dev->state == VLB_DEAD)
			return -ENODEV;
		return vlb_ioctl_device(dev, cmd, arg);
	default:
		return -ENOTTY;
	}
}

static long vlb_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vlb_control *control = file->private_data;
	long ret;

	if (cmd == VLB_GET_INFO)
		return vlb_get_info((void __user *)arg);
	if (mutex_lock_interruptible(&control->lock))
		return -ERESTARTSYS;
	ret = vlb_ioctl_locked(control, cmd, (void __user *)arg);
	mutex_unlock(&control->lock);
	return ret;
}

static ssize_t vlb_try_read(struct file *file, char __user *buf, size_t count)
{
	struct vlb_device *dev = vlb_device_of(file);

	return dev ? vlb_requests_read(dev, buf, count) : -EAGAIN;
}

static bool vlb_may_read(struct file *file)
{
	struct vlb_device *dev = vlb_device_of(file);

	return dev && vlb_requests_poll(dev);
}

static ssize_t vlb_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct vlb_control *control = file->private_data;
	ssize_t ret;
	int err;

	while ((ret = vlb_try_read(file, buf, count)) == -EAGAIN) {
		if (file->f_flags & O_NONBLOCK)
			break;
		err = wait_event_interruptible(control->readers, vlb_may_read(file));
		if (err)
			return err;
	}
	return ret;
}

static ssize_t vlb_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct vlb_device *dev = vlb_device_of(file);

	return dev ? vlb_requests_write(dev, buf, count) : -ENOENT;
}

static __poll_t vlb_poll_file(struct file *file, poll_table *wait)
{
	struct vlb_control *control = file->private_data;
	struct vlb_device *dev;

	poll_wait(file, &control->readers, wait);
	dev = vlb_device_of(file);
	return EPOLLOUT | EPOLLWRNORM | (dev ? vlb_requests_poll(dev) : 0);
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
	err = vlb_devices_init();
	if (err)
		return err;
	err = misc_register(&vlb_misc);
	if (err)
		vlb_devices_exit();
	return err;
}

static void __exit vlb_exit(void)
{
	misc_deregister(&vlb_misc);
	vlb_devices_exit();
}

module_init(vlb_init);
module_exit(vlb_exit);

MODULE_DESCRIPTION("virtio devices on this machine, served by vhost-user daemons");
MODULE_LICENSE("GPL v2");
