// SPDX-License-Identifier: MIT
#include "device.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>

#include "backend.h"
#include "channel.h"
#include "log.h"

#define BIT(n) (UINT64_C(1) << (n))
#define LIBRARY_FEATURES \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC) | BIT(VIRTIO_RING_F_EVENT_IDX) | \
		BIT(VHU_F_PROTOCOL_FEATURES))
#define MAX_QUEUES 256 /* a queue's number has eight bits in some messages */

void *vhu_dev_state(const struct vhu_dev *dev)
{
	return dev->state;
}

sd_event *vhu_dev_event(const struct vhu_dev *dev)
{
	return dev->event;
}

/*
 * A new source each time, which takes its place behind all that waits. One that is enabled again keeps
 * the place that it once had: sd-event would always find it first.
 */
int vhu_dev_later(struct vhu_dev *dev, sd_event_source **source, sd_event_handler_t handler, void *data)
{
	int ret;

	if (*source)
		return 0;
	ret = sd_event_add_defer(dev->event, source, handler, data);
	return ret < 0 ? ret : 0;
}

void vhu_dev_set_features(struct vhu_dev *dev, uint64_t features)
{
	dev->features = features | LIBRARY_FEATURES;
}

void vhu_dev_set_queues(struct vhu_dev *dev, unsigned int num_queues)
{
	dev->num_queues = num_queues;
}

void vhu_dev_set_config_size(struct vhu_dev *dev, uint32_t bytes)
{
	dev->config_size = bytes;
}

bool vhu_dev_connected(const struct vhu_dev *dev)
{
	return dev->backend;
}

uint64_t vhu_dev_features(const struct vhu_dev *dev)
{
	return dev->backend ? dev->backend->features : 0;
}

struct virtq *vhu_dev_queue(const struct vhu_dev *dev, unsigned int index)
{
	return index < dev->num_queues ? dev->rings[index].vq : NULL;
}

int vhu_dev_config_changed(struct vhu_dev *dev)
{
	const struct vhu_msg msg = { .request = VHU_BACKEND_CONFIG_CHANGE_MSG, .flags = VHU_VERSION };

	if (!dev->backend || dev->backend->channel < 0)
		return -ENOTCONN;
	/* no time to wait: the message either fits into the socket's buffer or is lost */
	return vhu_channel_send(dev->backend->channel, &msg, 0);
}

void vhu_dev_fail(struct vhu_dev *dev, const char *why)
{
	struct vhu_backend *be = dev->backend;

	if (!be || be->why)
		return;
	be->why = why;
	if (sd_event_source_set_enabled(be->failed, SD_EVENT_ONESHOT) < 0)
		vhu_err("cannot schedule the disconnection of a front-end");
}

int vhu_dev_new(const struct vhu_device_type *type, sd_event *event, struct vhu_dev **dev)
{
	struct vhu_dev *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->type = type;
	new->features = LIBRARY_FEATURES;
	new->event = sd_event_ref(event);
	if (type->new) {
		new->state = type->new ();
		if (!new->state) {
			vhu_dev_free(new);
			return -ENOMEM;
		}
	}
	*dev = new;
	return 0;
}

static int make_rings(struct vhu_dev *dev)
{
	unsigned int i;
	int r;

	if (!dev->num_queues || dev->num_queues > MAX_QUEUES || dev->config_size > VHU_MAX_CONFIG)
		return -EINVAL;
	dev->rings = calloc(dev->num_queues, sizeof(*dev->rings));
	if (!dev->rings)
		return -ENOMEM;
	for (i = 0; i < dev->num_queues; i++) {
		dev->rings[i].dev = dev;
		r = virtq_new(i, &dev->rings[i].vq);
		if (r < 0)
			return r;
	}
	return 0;
}

int vhu_dev_init(struct vhu_dev *dev)
{
	int r = dev->type->init(dev, dev->state);

	if (r < 0)
		return r;
	r = make_rings(dev);
	if (r < 0)
		vhu_err("cannot make %u queues with %u bytes of configuration", dev->num_queues, dev->config_size);
	return r;
}

void vhu_dev_free(struct vhu_dev *dev)
{
	unsigned int i;

	if (!dev)
		return;
	if (dev->backend)
		vhu_backend_disconnect(dev->backend);
	for (i = 0; dev->rings && i < dev->num_queues; i++)
		virtq_free(dev->rings[i].vq);
	free(dev->rings);
	if (dev->type->free && dev->state)
		dev->type->free(dev->state);
	sd_event_unref(dev->event);
	free(dev);
}
