// SPDX-License-Identifier: MIT
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>

#include "adapter/config.h"
#include "adapter/devices.h"

#define BIT(n) (1ULL << (n))
#define KIB(n) (1024ULL * (n))
#define MIB(n) (1024ULL * 1024 * (n))

/* Device-specific bits: virtio 1.4, 2.2. Those from 64 up need a protocol that vhost-user lacks. */
#define DEVICE_BITS_LOW	 (BIT(24) - 1)
#define DEVICE_BITS_HIGH (~0ULL << 50)

#define BLK_F_SECURE_ERASE BIT(16) /* this one's and the next one's fields lie beyond 60 bytes */
#define BLK_F_ZONED	   BIT(17)

#define DEVICE_ID_CAN 36 /* headers of Linux 6.1 lack the name */

#define FS_F_NOTIFICATION BIT(0) /* needs another queue, and a field for it */
#define SND_F_CTLS	  BIT(0) /* its field lies beyond 12 bytes */

#define GPU_F_EDID	    BIT(1) /* until the display has one */
#define GPU_F_RESOURCE_BLOB BIT(3) /* shared memory that vhost-user lacks */

/*
 * All of these would be the business of a control queue (which would be the front-end's), but for the last three: hashes
 * and speed have fields of their own, and a standby card has to be found by its address.
 */
#define NET_FORBIDDEN \
	(BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) | BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_CTRL_RX) | \
		BIT(VIRTIO_NET_F_CTRL_VLAN) | BIT(VIRTIO_NET_F_CTRL_RX_EXTRA) | BIT(VIRTIO_NET_F_GUEST_ANNOUNCE) | \
		BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_NET_F_CTRL_MAC_ADDR) | NET_F_COALESCING | BIT(VIRTIO_NET_F_RSS) | \
		BIT(VIRTIO_NET_F_HASH_REPORT) | BIT(VIRTIO_NET_F_SPEED_DUPLEX) | BIT(VIRTIO_NET_F_STANDBY))
#define NET_F_COALESCING (BIT(52) | BIT(53)) /* of one queue, of all */

/* To add a device, add a line. What is not here has --device-id and its like. */
static const struct device_type table[] = {
	{ "input", "touchscreen, keyboard, mouse", VIRTIO_ID_INPUT, 2, 136, 64, KIB(256), 0, true, 0, NULL },
	{ "rng", "entropy source", VIRTIO_ID_RNG, 1, 0, 64, KIB(256), 0, true, 0, NULL },
	{ "blk", "block device", VIRTIO_ID_BLOCK, DEVICE_QUEUES_OF_DAEMON, 60, 128, MIB(16),
		BLK_F_SECURE_ERASE | BLK_F_ZONED, true, 0, NULL },
	{ "fs", "file system; --fs-tag is the name to mount it by", VIRTIO_ID_FS, 2, 40, 128, MIB(16),
		FS_F_NOTIFICATION, false, 0, &config_fs },
	{ "net", "network card; --mac, --mtu", VIRTIO_ID_NET, 2, 12, 256, MIB(16), NET_FORBIDDEN, true, 0,
		&config_net },
	{ "gpu", "graphics card; --screen is its size", VIRTIO_ID_GPU, 2, 16, 64, MIB(32),
		GPU_F_EDID | GPU_F_RESOURCE_BLOB, false, 0, &config_gpu },
	{ "vsock", "sockets between driver and daemon", VIRTIO_ID_VSOCK, 3, 8, 128, MIB(4), 0, false, 1, NULL },
	{ "sound", "sound card", VIRTIO_ID_SOUND, 4, 12, 64, MIB(4), SND_F_CTLS, false, 0, NULL },
	{ "console", "serial ports", VIRTIO_ID_CONSOLE, DEVICE_QUEUES_OF_DAEMON, 12, 16, MIB(4), 0, true, 0, NULL },
	{ "gpio", "GPIO lines", VIRTIO_ID_GPIO, 2, 8, 256, KIB(256), 0, false, 0, NULL },
	{ "i2c", "I2C adapter", VIRTIO_ID_I2C_ADAPTER, 1, 0, 64, KIB(256), 0, true, 0, NULL },
	{ "can", "CAN controller", DEVICE_ID_CAN, 3, 2, 64, MIB(1), 0, true, 0, NULL },
};

const struct device_type *devices_entry(size_t i)
{
	return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
}

const struct device_type *devices_find(const char *name)
{
	const struct device_type *type;

	for (size_t i = 0; (type = devices_entry(i)); i++) {
		if (!strcmp(type->name, name))
			return type;
	}
	return NULL;
}

void devices_names(char *buf, size_t size)
{
	const struct device_type *type;
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; (type = devices_entry(i)) && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "", type->name);
}

uint64_t devices_driver_features(const struct device_type *type, uint64_t daemon, bool indirect)
{
	uint64_t passed = DEVICE_BITS_LOW | DEVICE_BITS_HIGH | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_F_VERSION_1);

	if (indirect)
		passed |= BIT(VIRTIO_RING_F_INDIRECT_DESC);
	return daemon & passed & ~type->forbidden;
}
