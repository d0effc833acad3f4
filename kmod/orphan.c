// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device whose adapter died without VLB_DESTROY, and the next adapter that adopts it.
 *
 * An orphan has stop_timeout_ms: as long as a living adapter may take for one answer.
 * Meanwhile its back-end counts as down. The driver's kicks gather in the eventfds,
 * which the module holds, its requests wait for the back-end as ever, and what the dead
 * adapter had read and not answered is asked again.
 *
 * The daemon may be alive, and have the rings: nobody has said that it let go. So until
 * an adapter says VLB_BACKEND_UP a device stays orphaned, adopted or not; a reset does
 * not make the rings free, and a second death does not give it more time.
 */
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/uaccess.h>
#include <linux/virtio_config.h>

#include "vlb.h"

/*
 * Is there something to go on with? Not where a driver is in its probe, which may be
 * halfway through a dialogue that another daemon knows nothing of, nor where the device
 * is broken already.
 */
static bool vlb_may_wait(const struct vlb_device *dev)
{
	lockdep_assert_held(&dev->lock);
	if (!dev->adoptable || dev->state != VLB_STARTED || dev->start_error || dev->needs_reset)
		return false;
	if (dev->status & VIRTIO_CONFIG_S_FAILED)
		return false;
	return !(dev->status & VIRTIO_CONFIG_S_DRIVER) || dev->status & VIRTIO_CONFIG_S_DRIVER_OK;
}

/* Jiffies that are left of an orphan's time, or none. */
static unsigned long vlb_time_left(const struct vlb_device *dev)
{
	unsigned long past = jiffies - dev->orphaned_at, all = vlb_stop_timeout();

	lockdep_assert_held(&dev->lock);
	return past < all ? all - past : 0;
}

/* The control file that @dev belonged to is closed, or was never told that it does. */
void vlb_orphan(struct vlb_device *dev)
{
	unsigned long left = 0;
	bool wait;

	spin_lock(&dev->lock);
	dev->control = NULL;
	wait = vlb_may_wait(dev);
	if (wait) {
		if (!dev->orphaned)
			dev->orphaned_at = jiffies;
		dev->orphaned = true;
		dev->orphans++;
		left = vlb_time_left(dev);
		vlb_requests_orphan(dev);
		/* Now: without the lock, the next adapter may be there and have ended the device. */
		vlb_queue_delayed_end_work(&dev->orphan, left);
	}
	spin_unlock(&dev->lock);
	if (!wait) {
		vlb_device_end(dev, "the adapter closed it");
		return;
	}
	dev_warn(&dev->pdev.dev, "the adapter is gone; the device waits for the next one\n");
}

static void vlb_orphan_work(struct work_struct *work)
{
	struct vlb_device *dev = container_of(to_delayed_work(work), struct vlb_device, orphan);
	unsigned long left = 0;
	bool over = false;

	spin_lock(&dev->lock);
	if (!dev->control && dev->state != VLB_DEAD) {
		left = vlb_time_left(dev);
		over = !left;
	}
	if (over)
		dev->state = VLB_DEAD;
	spin_unlock(&dev->lock);
	if (left)
		vlb_queue_delayed_end_work(&dev->orphan, left);
	if (!over)
		return;
	dev_warn(&dev->pdev.dev, "no adapter came back in time: the device ends\n");
	vlb_device_bury(dev, "no adapter came back");
}

void vlb_orphan_init(struct vlb_device *dev)
{
	INIT_DELAYED_WORK(&dev->orphan, vlb_orphan_work);
}

static int vlb_take_over(struct vlb_device *dev, struct vlb_control *control, struct vlb_adopt *a)
{
	int err = 0;

	spin_lock(&dev->lock);
	if (dev->state == VLB_DEAD)
		err = -ENOENT;
	else if (dev->control)
		err = -EBUSY;
	else if (!uid_eq(dev->owner, control->owner))
		err = -EPERM;
	else if (dev->vdev.id.device != a->device_id)
		err = -EINVAL;
	if (!err) {
		dev->control = control;
		dev->late = false;
		a->status = dev->status;
	}
	spin_unlock(&dev->lock);
	if (err)
		return err;
	a->num_queues = dev->num_queues;
	a->max_queue_size = dev->max_queue_size;
	a->config_size = dev->config_size;
	a->index = dev->pdev.id;
	a->features = dev->features;
	a->driver_features = a->status & VIRTIO_CONFIG_S_DRIVER_OK ? dev->vdev.features : 0;
	a->bounce_size = dev->bounce.size;
	a->pool_iova = VLB_POOL_IOVA;
	a->pool_size = vlb_pool_size(dev->pool);
	return 0;
}

/* The answer, and the pool's descriptor. */
static int vlb_tell_adopter(struct vlb_device *dev, struct vlb_adopt *a, void __user *arg)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return fd;
	a->pool_fd = fd;
	if (copy_to_user(arg, a, sizeof(*a))) {
		put_unused_fd(fd);
		return -EFAULT;
	}
	fd_install(fd, get_file(dev->pool->file));
	return 0;
}

/* VLB_ADOPT. The device, with a reference for @control, or an ERR_PTR. */
struct vlb_device *vlb_adopt(struct vlb_control *control, void __user *arg)
{
	struct vlb_device *dev;
	struct vlb_adopt a;
	int err;

	if (copy_from_user(&a, arg, sizeof(a)))
		return ERR_PTR(-EFAULT);
	if (a.abi_version != VLB_ABI_VERSION)
		return ERR_PTR(-EPROTO);
	if (a.flags || a.reserved || !a.name[0] || !vlb_name_is_good(a.name))
		return ERR_PTR(-EINVAL);
	dev = vlb_device_find(a.name);
	if (!dev)
		return ERR_PTR(-ENOENT);
	err = vlb_take_over(dev, control, &a);
	if (!err) {
		err = vlb_tell_adopter(dev, &a, arg);
		if (err)
			vlb_orphan(dev);
	}
	if (err) {
		vlb_device_put(dev);
		return ERR_PTR(err);
	}
	dev_info(&dev->pdev.dev, "a new adapter goes on with the device after %u ms\n",
		 jiffies_to_msecs(jiffies - dev->orphaned_at));
	return dev;
}

/* VLB_ADOPT_QUEUE: new descriptors of the eventfds that the queue has had from the start. */
int vlb_adopt_queue(struct vlb_device *dev, void __user *arg)
{
	struct vlb_setup_queue s;
	struct vlb_queue *q;

	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.index >= dev->num_queues)
		return -EINVAL;
	if (!READ_ONCE(dev->orphaned))
		return -EBUSY;
	q = &dev->queues[s.index];
	s = (struct vlb_setup_queue) {
		.index = s.index, .size = q->size, .kick_fd = -1, .call_fd = -1
	};
	if (!q->size)
		return copy_to_user(arg, &s, sizeof(s)) ? -EFAULT : 0;
	s.kick_fd = get_unused_fd_flags(O_CLOEXEC);
	if (s.kick_fd < 0)
		return s.kick_fd;
	s.call_fd = get_unused_fd_flags(O_CLOEXEC);
	if (s.call_fd < 0) {
		put_unused_fd(s.kick_fd);
		return s.call_fd;
	}
	if (copy_to_user(arg, &s, sizeof(s))) {
		put_unused_fd(s.kick_fd);
		put_unused_fd(s.call_fd);
		return -EFAULT;
	}
	fd_install(s.kick_fd, get_file(q->kick_file));
	fd_install(s.call_fd, get_file(q->call));
	return 0;
}
