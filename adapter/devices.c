// SPDX-License-Identifier: MIT
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>

#include "adapter/devices.h"

#define BIT(n) (1ULL << (n))
#define KIB(n) (1024ULL * (n))
#define MIB(n) (1024ULL * 1024 * (n))

/* Device-specific bits: virtio 1.4, 2.2. Those from 64 up need a protocol that vhost-user lacks. */
#define DEVICE_BITS_LOW	 (BIT(24) - 1)
#define DEVICE_BITS_HIGH (~0ULL << 50)

#define BLK_F_SECURE_ERASE BIT(16) /* this one's and the next one's fields lie beyond 60 bytes */
#define BLK_F_ZONED	   BIT(17)

/* To add a device, add a line. What is here was seen to work; the rest has --device-id and its like. */
static const struct device_type table[] = {
	{ "input", "touchscreen, keyboard, mouse", VIRTIO_ID_INPUT, 2, 136, 64, KIB(256), 0, true },
	{ "rng", "entropy source", VIRTIO_ID_RNG, 1, 0, 64, KIB(256), 0, true },
	{ "blk", "block device; its driver waits for ever for requests that a killed daemon had taken", VIRTIO_ID_BLOCK,
		DEVICE_QUEUES_OF_DAEMON, 60, 128, MIB(16), BLK_F_SECURE_ERASE | BLK_F_ZONED, false },
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
