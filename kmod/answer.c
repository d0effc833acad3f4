// SPDX-License-Identifier: GPL-2.0-only
/*
 * The adapter's side of requests: read() takes one, write() answers one.
 */
#include <linux/completion.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/virtio_config.h>

#include "vlb.h"

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

/* One request, or -EAGAIN when none waits, or why there will not be any. */
ssize_t vlb_requests_read(struct vlb_device *dev, char __user *buf, size_t count)
{
	struct vlb_request req;
	struct vlb_pending *detached;

	if (count < sizeof(req))
		return -EINVAL;
	if (!vlb_take(dev, &req, &detached)) {
		if (READ_ONCE(dev->dead))
			return -ENODEV;
		return READ_ONCE(dev->start_error) ?: -EAGAIN;
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
		if (!resp.error)
			vlb_rings_back(dev);
	} else {
		err = -ENOENT;
	}
	if (err != -EINVAL)
		dev->late = false;
	spin_unlock(&dev->lock);
	return err ?: count;
}

/* What read() would find. */
__poll_t vlb_requests_poll(struct vlb_device *dev)
{
	__poll_t mask = 0;

	if (!list_empty_careful(&dev->queued))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(dev->start_error) || READ_ONCE(dev->dead))
		mask |= EPOLLERR;
	return mask;
}
