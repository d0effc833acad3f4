/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtio CAN device: virtio 1.4, section "CAN Device". Only for kernels whose
 * own <linux/virtio_can.h>, with the same names and numbers, does not exist yet;
 * where it does it is found first. All multi-byte fields are little endian.
 */
#ifndef _LINUX_VIRTIO_VIRTIO_CAN_H
#define _LINUX_VIRTIO_VIRTIO_CAN_H

#include <linux/types.h>

/* Drafts of the specification had the last two the other way round. */
#define VIRTIO_CAN_F_CAN_CLASSIC 0
#define VIRTIO_CAN_F_CAN_FD	 1
#define VIRTIO_CAN_F_RTR_FRAMES	 2
#define VIRTIO_CAN_F_LATE_TX_ACK 3

#define VIRTIO_CAN_RESULT_OK	 0
#define VIRTIO_CAN_RESULT_NOT_OK 1

#define VIRTIO_CAN_FLAGS_RTR	  0x2000
#define VIRTIO_CAN_FLAGS_FD	  0x4000
#define VIRTIO_CAN_FLAGS_EXTENDED 0x8000

#define VIRTIO_CAN_MAX_DLEN 64

/* msg_type */
#define VIRTIO_CAN_TX		       0x0001
#define VIRTIO_CAN_RX		       0x0101
#define VIRTIO_CAN_SET_CTRL_MODE_START 0x0201
#define VIRTIO_CAN_SET_CTRL_MODE_STOP  0x0202

/* Bits of the configuration's status */
#define VIRTIO_CAN_S_CTRL_BUSOFF (1u << 0)

struct virtio_can_config {
	__le16 status;
};

struct virtio_can_tx_out {
	__le16 msg_type;
	__le16 length; /* bytes of sdu */
	__u8 reserved_classic_dlc;
	__u8 padding;
	__le16 reserved_xl_priority;
	__le32 flags;
	__le32 can_id; /* 11 or 29 bits */
	__u8 sdu[];
};

struct virtio_can_tx_in {
	__u8 result;
};

struct virtio_can_rx {
	__le16 msg_type;
	__le16 length;
	__u8 reserved_classic_dlc;
	__u8 padding;
	__le16 reserved_xl_priority;
	__le32 flags;
	__le32 can_id;
	__u8 sdu[];
};

struct virtio_can_control_out {
	__le16 msg_type;
};

struct virtio_can_control_in {
	__u8 result;
};

#endif /* _LINUX_VIRTIO_VIRTIO_CAN_H */
