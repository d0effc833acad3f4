/* SPDX-License-Identifier: GPL-2.0-only */
/* Every difference between kernels, for virtio_can. HAVE_* come from Kbuild, which looks into the headers. */
#ifndef VIRTIO_CAN_COMPAT_H
#define VIRTIO_CAN_COMPAT_H

#include <linux/can/dev.h>
#include <linux/netdevice.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#ifndef VIRTIO_ID_CAN
#define VIRTIO_ID_CAN 36
#endif

#ifndef CAN_BITRATE_UNKNOWN
#define CAN_BITRATE_UNKNOWN (-1U)
#endif

#ifdef HAVE_CAN_FD_TIMING
#define vcan_data_bitrate(can) ((can)->fd.data_bittiming.bitrate)
#else
#define vcan_data_bitrate(can) ((can)->data_bittiming.bitrate)
#endif

#ifndef HAVE_CAN_DEV_DROPPED_SKB
#define can_dev_dropped_skb can_dropped_invalid_skb
#endif

/* The core does it by itself where this is gone. */
#ifdef HAVE_CAN_CHANGE_MTU
#define VCAN_CHANGE_MTU .ndo_change_mtu = can_change_mtu,
#else
#define VCAN_CHANGE_MTU
#endif

/* 0 or -errno; it returns nothing before 5.18. */
#ifdef HAVE_STATIC_CTRLMODE_INT
#define vcan_static_ctrlmode can_set_static_ctrlmode
#else
static inline int vcan_static_ctrlmode(struct net_device *dev, u32 mode)
{
	can_set_static_ctrlmode(dev, mode);
	return 0;
}
#endif

#ifdef HAVE_NAPI_ADD_WEIGHT
#define vcan_napi_add netif_napi_add
#else
#define vcan_napi_add(dev, napi, poll) netif_napi_add(dev, napi, poll, NAPI_POLL_WEIGHT)
#endif

#ifndef HAVE_RESET_DEVICE
static inline void virtio_reset_device(struct virtio_device *vdev)
{
	vdev->config->reset(vdev);
}
#endif

static inline int vcan_find_vqs(struct virtio_device *vdev, unsigned int num,
				struct virtqueue *vqs[],
				void (*const callbacks[])(struct virtqueue *),
				const char *const names[])
{
#ifdef HAVE_VIRTQUEUE_INFO
	struct virtqueue_info info[4] = {};
	unsigned int i;

	if (num > ARRAY_SIZE(info))
		return -EINVAL;
	for (i = 0; i < num; i++) {
		info[i].name = names[i];
		info[i].callback = callbacks[i];
	}
	return virtio_find_vqs(vdev, num, vqs, info, NULL);
#else
	vq_callback_t *cbs[4];
	unsigned int i;

	if (num > ARRAY_SIZE(cbs))
		return -EINVAL;
	for (i = 0; i < num; i++)
		cbs[i] = callbacks[i];
	return virtio_find_vqs(vdev, num, vqs, cbs, names, NULL);
#endif
}

#endif /* VIRTIO_CAN_COMPAT_H */
