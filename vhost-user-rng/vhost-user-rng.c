// SPDX-License-Identifier: MIT
/*
 * An entropy source (virtio 1.4, 5.4): one queue of buffers to be filled, no
 * configuration space, no features. The example of vhost-user/README.md.
 */
#include <sys/random.h>

#include "device.h"

/* The driver gets less than it asked for if it asked for more: so much getrandom() gives without being interrupted. */
#define MAX_BYTES 256

static int rng_init(struct vhu_dev *dev, void *state)
{
	vhu_dev_set_queues(dev, 1);
	return 0;
}

/* 0 when there is no entropy to be had: the driver sees an empty buffer and asks again. */
static uint32_t fill(const struct virtq_elem *elem)
{
	uint8_t bytes[MAX_BYTES];
	size_t len = elem->in_len < MAX_BYTES ? elem->in_len : MAX_BYTES;
	ssize_t n = getrandom(bytes, len, 0);

	return n > 0 ? (uint32_t)virtq_iov_write(elem->in, elem->in_num, 0, bytes, (size_t)n) : 0;
}

static void rng_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct virtq_elem *elem;
	int ret;

	while ((ret = virtq_pop(vq, &elem)) > 0)
		virtq_push(vq, elem, fill(elem));
	virtq_notify(vq);
	if (ret < 0)
		vhu_dev_fail(dev, virtq_broken(vq));
}

static const struct vhu_device_type rng_type = {
	.type = "rng",
	.description = "A vhost-user device that makes a virtio entropy source of the kernel's own.",
	.init = rng_init,
	.queue_kick = rng_kick,
};

int main(int argc, char **argv)
{
	return vhu_daemon_main(&rng_type, argc, argv);
}
