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
#include <linux/uaccess.h>
#include <linux/virtio_config.h>

#include "vlb.h"

#define VLB_MAX_STOP_MS 60000U

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

/*
 * struct vlb_pending - one request on its way
 * @node: in vlb_device.queued or .sent; empty when in neither
 * @done: completed once answered, or when the file is closed
 * @detached: nobody waits; whoever takes it off the list frees it
 * @read: the adapter has it
 * @answered: @error and @data are valid
 */
struct vlb_pending {
	struct list_head node;
	struct completion done;
	bool detached;
	bool read;
	bool answered;
	int error;
	struct vlb_request req;
	u8 data[VLB_MAX_CONFIG];
};

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

static unsigned long vlb_stop_timeout(void)
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
	wake_up_interruptible(&dev->readers);
}

static int vlb_post(struct vlb_device *dev, struct vlb_pending *p)
{
	int err = 0;

	spin_lock(&dev->lock);
	if (dev->dead)
		err = -ENODEV;
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
	if (copy && !p->answered && !p->read) {
		vlb_leave_copy(p, copy);
		copy = NULL;
	}
	list_del_init(&p->node);
	if (p->answered) {
		err = p->error;
	} else if (left < 0) {
		err = left;
	} else {
		err = -ETIMEDOUT;
		dev->late = true;
		dev->requests_late++;
	}
	spin_unlock(&dev->lock);
	kfree(copy);
	return err;
}

static int vlb_ask(struct vlb_device *dev, struct vlb_pending *p)
{
	int err = vlb_wait_backend(dev);
	long left;

	if (!err)
		err = vlb_post(dev, p);
	if (!err) {
		left = wait_for_completion_killable_timeout(&p->done, vlb_stop_timeout());
		err = vlb_collect(dev, p, left);
	}
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
	if (dev->backend != VLB_BACKEND_UP) {
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
		if (!err)
			dev->rings_out = false;
	} else {
		err = -ETIMEDOUT;
		dev->late = true;
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
	init_waitqueue_head(&dev->readers);
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

/* The file is closed: fails what waits, and whatever will be asked from now on. */
void vlb_requests_kill(struct vlb_device *dev)
{
	spin_lock(&dev->lock);
	WRITE_ONCE(dev->dead, true);
	vlb_kill_list(&dev->queued);
	vlb_kill_list(&dev->sent);
	spin_unlock(&dev->lock);
	wake_up_all(&dev->backend_wait);
}

void vlb_requests_set_backend(struct vlb_device *dev, u32 backend)
{
	spin_lock(&dev->lock);
	WRITE_ONCE(dev->backend, backend);
	dev->gave_up = false;
	spin_unlock(&dev->lock);
	if (backend == VLB_BACKEND_UP)
		wake_up_all(&dev->backend_wait);
}

/* Takes the next request, if there is one. A detached one then belongs to the caller. */
static bool vlb_take(struct vlb_device *dev, struct vlb_request *req, struct vlb_pending **detached)
{
	struct vlb_pending *p;

	*detached = NULL;
	spin_lock(&dev->lock);
	p = list_first_entry_or_null(&dev->queued, struct vlb_pending, node);
	if (p) {
		*req = p->req;
		if (p->detached) {
			list_del_init(&p->node);
			*detached = p;
		} else {
			p->read = true;
			list_move_tail(&p->node, &dev->sent);
		}
	}
	spin_unlock(&dev->lock);
	return p;
}

static struct vlb_pending *vlb_find_sent(struct vlb_device *dev, u32 id)
{
	struct vlb_pending *p;

	lockdep_assert_held(&dev->lock);
	list_for_each_entry(p, &dev->sent, node)
		if (p->req.id == id)
			return p;
	return NULL;
}

/* The adapter's buffer was bad: the request was not delivered after all. */
static void vlb_give_back(struct vlb_device *dev, struct vlb_pending *detached, u32 id)
{
	struct vlb_pending *p = detached;

	spin_lock(&dev->lock);
	if (!p)
		p = vlb_find_sent(dev, id);
	if (p) {
		p->read = false;
		list_move(&p->node, &dev->queued);
	}
	spin_unlock(&dev->lock);
}

ssize_t vlb_requests_read(struct vlb_device *dev, char __user *buf, size_t count, bool nonblock)
{
	struct vlb_request req;
	struct vlb_pending *detached;
	int err;

	if (count < sizeof(req))
		return -EINVAL;
	while (!vlb_take(dev, &req, &detached)) {
		err = READ_ONCE(dev->start_error);
		if (err)
			return err;
		if (nonblock)
			return -EAGAIN;
		err = wait_event_interruptible(dev->readers, !list_empty(&dev->queued) ||
								     READ_ONCE(dev->start_error));
		if (err)
			return err;
	}
	if (copy_to_user(buf, &req, sizeof(req))) {
		vlb_give_back(dev, detached, req.id);
		return -EFAULT;
	}
	kfree(detached);
	return sizeof(req);
}

static int vlb_answer(struct vlb_pending *p, const struct vlb_response *resp)
{
	u32 want = p->req.type == VLB_REQ_CONFIG_GET && !resp->error ? p->req.len : 0;

	if (resp->len != want)
		return -EINVAL;
	memcpy(p->data, resp->data, want);
	p->error = -(int)resp->error;
	p->answered = true;
	list_del_init(&p->node);
	complete(&p->done);
	return 0;
}

ssize_t vlb_requests_write(struct vlb_device *dev, const char __user *buf, size_t count)
{
	struct vlb_response resp;
	struct vlb_pending *p;
	int err = 0;

	if (count != sizeof(resp))
		return -EINVAL;
	if (copy_from_user(&resp, buf, sizeof(resp)))
		return -EFAULT;
	if (resp.reserved || resp.error > MAX_ERRNO || resp.len > VLB_MAX_CONFIG)
		return -EINVAL;
	spin_lock(&dev->lock);
	p = vlb_find_sent(dev, resp.id);
	if (p) {
		err = vlb_answer(p, &resp);
	} else if (resp.id && resp.id == dev->reset_id) {
		dev->reset_id = 0;
		/* A driver that has the rings again was given them since. */
		if (!resp.error && !(dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
			dev->rings_out = false;
	} else {
		err = -ENOENT;
	}
	if (err != -EINVAL)
		dev->late = false;
	spin_unlock(&dev->lock);
	return err ?: count;
}

__poll_t vlb_requests_poll(struct vlb_device *dev, struct file *file, poll_table *wait)
{
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &dev->readers, wait);
	if (!list_empty(&dev->queued))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(dev->start_error))
		mask |= EPOLLERR;
	return mask;
}
