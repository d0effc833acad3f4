/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The virtio CAN device: virtio 1.4, section "CAN Device" (5.19). Names and numbers are
 * those of <linux/virtio_can.h>, which Linux has since 7.2; where it is there, it counts.
 *
 * For the driver (kmod/virtio_can) and for the device (vhost-user-can). All fields are little endian.
 */
#ifndef _VLB_VIRTIO_CAN_H
#define _VLB_VIRTIO_CAN_H

#ifndef __CHECKER__ /* sparse cannot look */
#if __has_include(<linux/virtio_can.h>)
#include <linux/virtio_can.h>
#endif
#endif

/* One of its numbers */
#ifndef VIRTIO_CAN_F_CAN_CLASSIC

#include <linux/types.h>

/* Feature bits. Drafts of the specification, and drivers made after them, have the last two the other way round. */
#define VIRTIO_CAN_F_CAN_CLASSIC 0
#define VIRTIO_CAN_F_CAN_FD	 1
#define VIRTIO_CAN_F_RTR_FRAMES	 2
#define VIRTIO_CAN_F_LATE_TX_ACK 3 /* a frame is acknowledged when it is on the bus */

#define VIRTIO_CAN_S_CTRL_BUSOFF (1u << 0) /* of the configuration's status */

struct virtio_can_config {
	__le16 status;
};

#define VIRTIO_CAN_RESULT_OK	 0
#define VIRTIO_CAN_RESULT_NOT_OK 1

/* Flags of a frame */
#define VIRTIO_CAN_FLAGS_RTR	  0x2000
#define VIRTIO_CAN_FLAGS_FD	  0x4000
#define VIRTIO_CAN_FLAGS_EXTENDED 0x8000 /* 29 bits of identifier */

#define VIRTIO_CAN_MAX_DLEN 64 /* bytes of sdu */

/* msg_type of each queue's messages: transmit, receive, control */
#define VIRTIO_CAN_TX		       0x0001
#define VIRTIO_CAN_RX		       0x0101
#define VIRTIO_CAN_SET_CTRL_MODE_START 0x0201
#define VIRTIO_CAN_SET_CTRL_MODE_STOP  0x0202

struct virtio_can_tx_out {
	__le16 msg_type;
	__le16 length; /* bytes of @sdu; of a remote frame its DLC */
	__u8 reserved_classic_dlc;
	__u8 padding;
	__le16 reserved_xl_priority;
	__le32 flags;
	__le32 can_id; /* without any flag */
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

#endif

#endif /* _VLB_VIRTIO_CAN_H */
