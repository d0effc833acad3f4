/* SPDX-License-Identifier: MIT */
/*
 * A CAN frame between virtio's form (virtio 1.4, 5.19.6) and SocketCAN's (linux/can.h).
 * No I/O. What the driver wrote is checked here, and only here.
 */
#ifndef CAN_FRAME_H
#define CAN_FRAME_H

#include <linux/can.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAN_HEADER_BYTES  16
#define CAN_MESSAGE_BYTES (CAN_HEADER_BYTES + CANFD_MAX_DLEN)

/**
 * struct can_msg - one frame
 * @frame: classic frames have the same layout (CAN_MTU bytes of it), @frame.flags is 0 then
 * @fd: a CAN FD frame
 */
struct can_msg {
	struct canfd_frame frame;
	bool fd;
};

/**
 * can_frame_from_driver - read a message of the transmit queue
 * @bytes: a private copy of what the driver wrote, at most CAN_MESSAGE_BYTES are of interest
 * @len: bytes that there are
 * @features: negotiated
 * @brs: send FD frames with the faster bit rate; virtio has no bit for it
 *
 * Returns 0, -EINVAL (makes no sense), or -EOPNOTSUPP (a kind of frame that was not negotiated).
 */
int can_frame_from_driver(const void *bytes, size_t len, uint64_t features, bool brs, struct can_msg *msg);

/**
 * can_frame_to_driver - write a message for the receive queue
 *
 * Returns its bytes, at most CAN_MESSAGE_BYTES, or -EOPNOTSUPP: the driver did not
 * negotiate such frames. @msg is none of SocketCAN's error frames. A remote frame is
 * padded to its DLC, for Linux' driver wants those bytes.
 */
int can_frame_to_driver(const struct can_msg *msg, uint64_t features, uint8_t bytes[CAN_MESSAGE_BYTES]);

/* Is @echo, received from the bus, the frame @sent? The kernel may have set flags in it. */
bool can_frame_same(const struct can_msg *sent, const struct can_msg *echo);

#endif /* CAN_FRAME_H */
