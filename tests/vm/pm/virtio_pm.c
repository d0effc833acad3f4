// SPDX-License-Identifier: MIT
/*
 * Does to a virtio device what its transport does when the machine goes to sleep and wakes up, for tests of its driver:
 * the name of a network interface, written to the parameter freeze or restore, says which device. The machine itself
 * stays awake, and so do those who have to answer for the device.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/string.h>
#include <linux/virtio.h>

/* The virtio device of an interface, with a reference, or NULL. */
static struct virtio_device *find(const char *text)
{
	struct virtio_device *vdev = NULL;
	struct net_device *dev;
	char name[IFNAMSIZ];

	if (strscpy(name, text, sizeof(name)) < 0)
		return NULL;
	dev = dev_get_by_name(&init_net, strim(name));
	if (!dev)
		return NULL;
	if (dev->dev.parent && !strcmp(dev_bus_name(dev->dev.parent), "virtio")) {
		vdev = dev_to_virtio(dev->dev.parent);
		get_device(&vdev->dev);
	}
	dev_put(dev);
	return vdev;
}

static int with_device(const char *name, int (*act)(struct virtio_device *vdev))
{
	struct virtio_device *vdev = find(name);
	int err;

	if (!vdev)
		return -ENODEV;
	device_lock(&vdev->dev);
	err = act(vdev);
	device_unlock(&vdev->dev);
	put_device(&vdev->dev);
	return err;
}

static int freeze(const char *name, const struct kernel_param *kp)
{
	return with_device(name, virtio_device_freeze);
}

static int restore(const char *name, const struct kernel_param *kp)
{
	return with_device(name, virtio_device_restore);
}

static const struct kernel_param_ops freeze_ops = { .set = freeze };
static const struct kernel_param_ops restore_ops = { .set = restore };
module_param_cb(freeze, &freeze_ops, NULL, 0200);
module_param_cb(restore, &restore_ops, NULL, 0200);

MODULE_DESCRIPTION("Freezes and restores a virtio device");
MODULE_LICENSE("Dual MIT/GPL");
