// SPDX-License-Identifier: MIT
/*
 * Network cards (virtio 1.4, 5.1): all of the configuration space is ours. A control
 * queue would be, too; without it what needs one is not offered (see the table).
 */
#include <endian.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>

#include "adapter/config.h"

#define BIT(n) (1ULL << (n))

static uint64_t net_features(const struct config_options *opt, uint64_t daemon)
{
	daemon &= ~(BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS));
	/* Without an address of ours the driver invents one. */
	if (opt->have_mac)
		daemon |= BIT(VIRTIO_NET_F_MAC);
	if (!opt->mtu)
		daemon &= ~BIT(VIRTIO_NET_F_MTU);
	return daemon | BIT(VIRTIO_NET_F_STATUS);
}

static void net_fill(const struct config *c, uint8_t *space)
{
	uint16_t status = htole16(VIRTIO_NET_S_LINK_UP), pairs = htole16(1), mtu = htole16((uint16_t)c->opt->mtu);

	memcpy(space + offsetof(struct virtio_net_config, mac), c->opt->mac, sizeof(c->opt->mac));
	memcpy(space + offsetof(struct virtio_net_config, status), &status, sizeof(status));
	memcpy(space + offsetof(struct virtio_net_config, max_virtqueue_pairs), &pairs, sizeof(pairs));
	memcpy(space + offsetof(struct virtio_net_config, mtu), &mtu, sizeof(mtu));
}

/* Drivers of virtio 1.0 and later never write; what an older one writes (its address) stays where it was. */
static int net_write(struct config *c, uint32_t offset, const void *data, uint32_t len)
{
	return 0;
}

static int net_start(struct config *c, struct frontend *fe, uint64_t negotiated)
{
	return negotiated & BIT(VIRTIO_NET_F_MTU) ? frontend_set_mtu(fe, c->opt->mtu) : 0;
}

const struct config_own config_net = {
	.features = net_features,
	.fill = net_fill,
	.write = net_write,
	.start = net_start,
};
