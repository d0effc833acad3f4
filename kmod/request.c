// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the adapter and their answers.
 *
 * Every wait has a bound: retry_timeout_ms for a daemon to appear,
 * stop_timeout_ms for an answer. After one answer that did not come the device
 * is late, and nobody waits at all until the adapter has written something.
 */
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>

#include "vlb.h"

#define VLB_MAX_STOP_MS 60000U
#define VLB_MAX_ASKED	3

static int retry_timeout_ms = 10000;
module_param(retry_timeout_ms, int, 0644);
MODULE_PARM_DESC(
	retry_timeout_ms,
	"how long a driver waits for a device whose daemon is away, ms; 0: not at all, -1: until killed (default 10000)");

static unsigned int stop_timeout_ms = 2000;
module_param(stop_timeout_ms, uint, 0644);
MODULE_PARM_DESC(
	stop_timeout_ms,
	"how long an adapter may take to answer before the kernel goes on without it, ms, at most 60000 (default 2000)");

static struct vlb_pending *vlb_pending_new(u32 type)
{
	struct vlb_pending *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	INIT_LIST_HEAD(&p->node);
	init_completion(&p->done);
	p->req.type = type;
	return p;
}

unsigned long vlb_stop_timeout(void)
{
	return msecs_to_jiffies(min(READ_ONCE(stop_timeout_ms), VLB_MAX_STOP_MS));
}

static bool vlb_backend_settled(struct vlb_device *dev)
{
	return READ_ONCE(dev->dead) || READ_ONCE(dev->backend) == VLB_BACKEND_UP;
}

static int vlb_wait_backend(struct vlb_device *dev)
{
	int ms = READ_ONCE(retry_timeout_ms);
	long left;

	if (vlb_backend_settled(dev))
		return 0;
	if (READ_ONCE(dev->gave_up))
		return -ETIMEDOUT;
	if (ms < 0)
		return wait_event_killable(dev->backend_wait, vlb_backend_settled(dev));
	left = wait_event_killable_timeout(dev->backend_wait, vlb_backend_settled(dev),
					   msecs_to_jiffies(ms));
	if (left)
		return min(left, 0L);
	spin_lock(&dev->lock);
	dev->gave_up = !vlb_backend_settled(dev);
	spin_unlock(&dev->lock);
	return dev->gave_up ? -ETIMEDOUT : 0;
}

static void vlb_enqueue(struct vlb_device *dev, struct vlb_pending *p)
{
	lockdep_assert_held(&dev->lock);
	/* 0 is never an id, so that reset_id can say "none" */
	if (!++dev->next_id)
		++dev->next_id;
	p->req.id = dev->next_id;
	list_add_tail(&p->node, &dev->queued);
	dev->requests++;
	vlb_wake_reader(dev);
}

static int vlb_post(struct vlb_device *dev, struct vlb_pending *p)
{
	int err = 0;

	reinit_completion(&p->done);
	spin_lock(&dev->lock);
	p->read = false;
	p->answered = false;
	p->lost = dev->orphaned;
	if (dev->dead)
		err = -ENODEV;
	else if (p->lost)
		err = -ENOTCONN;
	else if (dev->late)
		err = -ETIMEDOUT;
	else
		vlb_enqueue(dev, p);
	spin_unlock(&dev->lock);
	return err;
}

/*
 * Leaves @copy in the queue in the place of @p, which nobody waits for any more. With
 * nothing to read an adapter that was late would never write, and so stay late.
 */
static void vlb_leave_copy(struct vlb_pending *p, struct vlb_pending *copy)
{
	copy->req = p->req;
	copy->detached = true;
	list_replace_init(&p->node, &copy->node);
}

/* After the wait: the result if there is one, else nobody waits any more. */
static int vlb_collect(struct vlb_device *dev, struct vlb_pending *p, long left)
{
	struct vlb_pending *copy = left ? NULL : vlb_pending_new(p->req.type);
	int err;

	spin_lock(&dev->lock);
	if (copy && !p->answered && !p->read && !p->lost) {
		vlb_leave_copy(p, copy);
		copy = NULL;
	}
	list_del_init(&p->node);
	if (p->answered) {
		err = p->error;
	} else if (left < 0) {
		err = left;
		p->lost = false;
	} else if (p->lost) {
		err = -ENOTCONN;
	} else {
		err = -ETIMEDOUT;
		dev->late = true;
		dev->requests_late++;
	}
	spin_unlock(&dev->lock);
	kfree(copy);
	return err;
}

static int vlb_ask_once(struct vlb_device *dev, struct vlb_pending *p)
{
	int err = vlb_wait_backend(dev);
	long left;

	p->lost = false;
	if (!err)
		err = vlb_post(dev, p);
	if (err)
		return err;
	left = wait_for_completion_killable_timeout(&p->done, vlb_stop_timeout());
	return vlb_collect(dev, p, left);
}

static int vlb_ask(struct vlb_device *dev, struct vlb_pending *p)
{
	int err, asked = 0;

	/* One that so many adapters died over is what they die of. */
	do {
		err = vlb_ask_once(dev, p);
	} while (p->lost && ++asked < VLB_MAX_ASKED);
	if (err) {
		spin_lock(&dev->lock);
		dev->requests_failed++;
		spin_unlock(&dev->lock);
		dev_dbg(&dev->pdev.dev, "request %u failed: %d\n", p->req.type, err);
	}
	return err;
}

/*
 * Reads configuration space; the caller keeps [offset, offset + len) inside
 * config_size. @buf is untouched on failure.
 */
int vlb_request_config_get(struct vlb_device *dev, u32 offset, void *buf, u32 len)
{
	struct vlb_pending *p = vlb_pending_new(VLB_REQ_CONFIG_GET);
	int err;

	if (!p)
		return -ENOMEM;
	p->req.offset = offset;
	p->req.len = len;
	err = vlb_ask(dev, p);
	if (!err)
		memcpy(buf, p->data, len);
	kfree(p);
	return err;
}

int vlb_request_config_set(struct vlb_device *dev, u32 offset, const void *buf, u32 len)
{
	struct vlb_pending *p = vlb_pending_new(VLB_REQ_CONFIG_SET);
	int err;

	if (!p)
		return -ENOMEM;
	p->req.offset = offset;
	p->req.len = len;
	memcpy(p->req.data, buf, len);
	err = vlb_ask(dev, p);
	kfree(p);
	return err;
}

/*
 * A probe that failed because the adapter was late: it is to learn so, or the device
 * would stay without a driver. Nobody waits for that; the queue owns @p then.
 */
static bool vlb_post_failure(struct vlb_device *dev, struct vlb_pending *p)
{
	bool late;

	spin_lock(&dev->lock);
	late = dev->late && !dev->dead;
	if (late) {
		p->detached = true;
		vlb_enqueue(dev, p);
	}
	spin_unlock(&dev->lock);
	return late;
}

/*
 * Tells the adapter the driver's new status, other than 0.
 *
 * ACKNOWLEDGE, DRIVER and FAILED are not worth a wait for an absent daemon.
 */
int vlb_request_status(struct vlb_device *dev, u8 status, u64 features)
{
	struct vlb_pending *p;
	int err;

	if ((status & VIRTIO_CONFIG_S_FAILED || !(status & VIRTIO_CONFIG_S_FEATURES_OK)) &&
	    READ_ONCE(dev->backend) != VLB_BACKEND_UP)
		return 0;
	p = vlb_pending_new(VLB_REQ_STATUS);
	if (!p)
		return -ENOMEM;
	p->req.status = status;
	if (status & VIRTIO_CONFIG_S_FEATURES_OK)
		p->req.features = features;
	if (status & VIRTIO_CONFIG_S_FAILED && vlb_post_failure(dev, p))
		return 0;
	err = vlb_ask(dev, p);
	kfree(p);
	return err;
}

/* The queue keeps one unread reset at most: a later one says it all. */
static void vlb_drop_stale_reset(struct vlb_device *dev)
{
	struct vlb_pending *p, *next;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry_safe(p, next, &dev->queued, node) {
		if (!p->detached)
			continue;
		list_del(&p->node);
		kfree(p);
	}
}

/*
 * Puts the reset in the queue. Says through @wait whether an answer can be
 * expected; if not, the queue owns @p.
 */
static int vlb_post_reset(struct vlb_device *dev, struct vlb_pending *p, bool *wait)
{
	int err = 0;

	*wait = false;
	spin_lock(&dev->lock);
	if (dev->dead) {
		spin_unlock(&dev->lock);
		kfree(p);
		return 0;
	}
	vlb_drop_stale_reset(dev);
	vlb_enqueue(dev, p);
	dev->reset_id = p->req.id;
	if (dev->orphaned) {
		/* Nobody has said what became of the daemon; whoever says "up" will know. */
		p->detached = true;
		err = -ENOTCONN;
	} else if (dev->backend != VLB_BACKEND_UP) {
		p->detached = true;
		dev->rings_out = false;
	} else if (dev->late) {
		p->detached = true;
		err = -ETIMEDOUT;
	} else {
		*wait = true;
	}
	spin_unlock(&dev->lock);
	return err;
}

/*
 * Tells the adapter that the driver reset the device.
 *
 * Returns 0 when no daemon uses the rings any more: it said so, or there is
 * none. Otherwise vlb_device.rings_out stays set until the late answer. The
 * wait is not killable, but short, as reboot and driver removal come by here.
 */
int vlb_request_reset(struct vlb_device *dev)
{
	struct vlb_pending *p = vlb_pending_new(VLB_REQ_STATUS);
	bool wait;
	int err;

	if (!p)
		return -ENOMEM;
	err = vlb_post_reset(dev, p, &wait);
	if (!wait)
		return err;
	wait_for_completion_timeout(&p->done, vlb_stop_timeout());
	spin_lock(&dev->lock);
	if (p->answered) {
		err = dev->dead ? 0 : p->error;
		if (dev->dead)
			dev->rings_out = false;
		else if (!err)
			vlb_rings_back(dev);
	} else {
		err = -ETIMEDOUT;
		dev->late = !dev->orphaned;
		dev->requests_late++;
		p->detached = !p->read;
	}
	if (!p->detached)
		list_del_init(&p->node);
	else
		p = NULL;
	spin_unlock(&dev->lock);
	kfree(p);
	return err;
}

void vlb_requests_init(struct vlb_device *dev)
{
	spin_lock_init(&dev->lock);
	INIT_LIST_HEAD(&dev->queued);
	INIT_LIST_HEAD(&dev->sent);
	init_waitqueue_head(&dev->backend_wait);
	dev->backend = VLB_BACKEND_DOWN;
}

static void vlb_kill_list(struct list_head *list)
{
	struct vlb_pending *p, *next;

	list_for_each_entry_safe(p, next, list, node) {
		list_del_init(&p->node);
		if (p->detached) {
			kfree(p);
			continue;
		}
		p->answered = true;
		p->error = -ENODEV;
		complete(&p->done);
	}
}

/* The device ends: fails what waits, and whatever will be asked from now on. */
void vlb_requests_kill(struct vlb_device *dev)
{
	spin_lock(&dev->lock);
	WRITE_ONCE(dev->dead, true);
	vlb_kill_list(&dev->queued);
	vlb_kill_list(&dev->sent);
	vlb_wake_reader(dev);
	spin_unlock(&dev->lock);
	wake_up_all(&dev->backend_wait);
}

static bool vlb_is_reset(const struct vlb_pending *p)
{
	return p->req.type == VLB_REQ_STATUS && !p->req.status;
}

/*
 * The adapter died, and with it what it had read. Who waits for an answer asks the next
 * one; a reset stays here for it, since nobody asks for a reset twice.
 */
void vlb_requests_orphan(struct vlb_device *dev)
{
	struct vlb_pending *p, *next;

	lockdep_assert_held(&dev->lock);
	WRITE_ONCE(dev->backend, VLB_BACKEND_DOWN);
	dev->gave_up = false;
	dev->late = false;
	list_splice_init(&dev->sent, &dev->queued);
	list_for_each_entry_safe(p, next, &dev->queued, node) {
		p->read = false;
		if (vlb_is_reset(p))
			continue;
		list_del_init(&p->node);
		if (p->detached) {
			kfree(p);
			continue;
		}
		p->lost = true;
		complete(&p->done);
	}
}

/* The daemon says that it has no ring any more. */
void vlb_rings_back(struct vlb_device *dev)
{
	lockdep_assert_held(&dev->lock);
	/* An orphan's adapter cannot know, and a driver that has the rings again was given them since. */
	if (!dev->orphaned && !(dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
		dev->rings_out = false;
}

void vlb_requests_set_backend(struct vlb_device *dev, u32 backend)
{
	spin_lock(&dev->lock);
	WRITE_ONCE(dev->backend, backend);
	dev->gave_up = false;
	if (dev->orphaned && backend == VLB_BACKEND_UP) {
		/* Its daemon has this adapter's rings, or none. */
		dev->orphaned = false;
		vlb_rings_back(dev);
	}
	spin_unlock(&dev->lock);
	if (backend == VLB_BACKEND_UP)
		wake_up_all(&dev->backend_wait);
}
