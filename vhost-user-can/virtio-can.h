/* SPDX-License-Identifier: MIT */
/*
 * Numbers and layouts of the virtio CAN device (virtio 1.4, 5.19), as the driver of
 * Linux 7.2 has them. Kernel headers before 7.2 lack them; where they are, theirs count.
 *
 * Drivers from before the merge have the last two features the other way round. The
 * device offers and does both, so it need not know which driver it has.
 */
#ifndef CAN_VIRTIO_CAN_H
#define CAN_VIRTIO_CAN_H

#if __has_include(<linux/virtio_can.h>)
#include <linux/virtio_can.h>
#else

#include <linux/types.h>

/* Feature bits */
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

#define VIRTIO_CAN_FLAGS_EXTENDED 0x8000 /* 29 bits of identifier */
#define VIRTIO_CAN_FLAGS_FD	  0x4000
#define VIRTIO_CAN_FLAGS_RTR	  0x2000

#define VIRTIO_CAN_TX 0x0001
#define VIRTIO_CAN_RX 0x0101

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

#define VIRTIO_CAN_SET_CTRL_MODE_START 0x0201
#define VIRTIO_CAN_SET_CTRL_MODE_STOP  0x0202

struct virtio_can_control_out {
	__le16 msg_type;
};

struct virtio_can_control_in {
	__u8 result;
};

#endif

#endif /* CAN_VIRTIO_CAN_H */
