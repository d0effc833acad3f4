// SPDX-License-Identifier: MIT
/*
 * The smallest daemon there can be, an entropy source (virtio 1.4, 5.4): what a
 * request costs besides the work that a device does for it.
 */
#include <sys/random.h>

#include "device.h"
#include "log.h"

#define MAX_BYTES 256 /* as much as getrandom() gives without being interrupted */

static int rng_init(struct vhu_dev *dev, void *state)
{
	vhu_dev_set_queues(dev, 1);
	return 0;
}

static void rng_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct virtq_elem *elem;
	uint8_t bytes[MAX_BYTES];
	ssize_t n;
	int ret;

	while ((ret = virtq_pop(vq, &elem)) > 0) {
		n = getrandom(bytes, elem->in_len < MAX_BYTES ? elem->in_len : MAX_BYTES, 0);
		n = n > 0 ? n : 0;
		virtq_push(vq, elem, (uint32_t)virtq_iov_write(elem->in, elem->in_num, 0, bytes, (size_t)n));
	}
	virtq_notify(vq);
	if (ret < 0)
		vhu_dev_fail(dev, "malformed ring");
}

static const struct vhu_device_type rng_type = {
	.type = "rng",
	.description = "An entropy source for the measurements and tests of virtio-loopback.",
	.init = rng_init,
	.queue_kick = rng_kick,
};

int main(int argc, char **argv)
{
	return vhu_daemon_main(&rng_type, argc, argv);
}
