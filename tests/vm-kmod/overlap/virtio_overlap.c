// SPDX-License-Identifier: MIT
/*
 * A virtio driver that notices when its queue's callback runs on two processors at once, for tests. It takes devices of a
 * type that no other driver knows (60, as fake.h has it) and one queue. One buffer is made available and never taken back, so
 * that once it is used each call has a cause.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>

#define BUFFER_BYTES 16
/* How long a callback takes, so that another one can meet it. */
#define CALLBACK_US 20

static unsigned long callbacks;
module_param(callbacks, ulong, 0444);
MODULE_PARM_DESC(callbacks, "How many there were");
static unsigned long overlaps;
module_param(overlaps, ulong, 0444);
MODULE_PARM_DESC(overlaps, "How many began while another one ran");

static atomic_t inside = ATOMIC_INIT(0);

static void callback(struct virtqueue *vq)
{
	if (atomic_inc_return(&inside) > 1)
		overlaps++;
	callbacks++;
	udelay(CALLBACK_US);
	atomic_dec(&inside);
}

static int probe(struct virtio_device *vdev)
{
	u8 *buffer = kzalloc(BUFFER_BYTES, GFP_KERNEL);
	struct scatterlist sg;
	struct virtqueue *vq;
	int err;

	if (!buffer)
		return -ENOMEM;
	vq = virtio_find_single_vq(vdev, callback, "one");
	if (IS_ERR(vq)) {
		kfree(buffer);
		return PTR_ERR(vq);
	}
	sg_init_one(&sg, buffer, BUFFER_BYTES);
	err = virtqueue_add_inbuf(vq, &sg, 1, buffer, GFP_KERNEL);
	if (err) {
		vdev->config->del_vqs(vdev);
		kfree(buffer);
		return err;
	}
	vdev->priv = buffer;
	virtio_device_ready(vdev);
	virtqueue_kick(vq);
	return 0;
}

static void take_leave(struct virtio_device *vdev)
{
	vdev->config->reset(vdev);
	vdev->config->del_vqs(vdev);
	kfree(vdev->priv);
}

static const struct virtio_device_id ids[] = { { 60, VIRTIO_DEV_ANY_ID }, {} };

static struct virtio_driver overlap_driver = {
	.driver.name = KBUILD_MODNAME,
	.id_table = ids,
	.probe = probe,
	.remove = take_leave,
};
module_virtio_driver(overlap_driver);

MODULE_DESCRIPTION("Notices callbacks that overlap");
MODULE_LICENSE("Dual MIT/GPL");
