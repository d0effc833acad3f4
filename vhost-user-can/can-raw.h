/* SPDX-License-Identifier: MIT */
/*
 * Frames through a raw CAN socket (Documentation/networking/can.rst). Together with
 * can-port.h the border to the kernel's CAN: nothing here blocks or takes the kernel's
 * lock of network interfaces.
 */
#ifndef CAN_RAW_H
#define CAN_RAW_H

#include "can-frame.h"

/**
 * struct can_received
 * @msg: the frame; @msg.frame.can_id & CAN_ERR_FLAG: an error frame
 * @own: it is one that this socket sent, now that it is on the bus
 * @lost: frames that the kernel has dropped so far, because the socket's buffer was full
 */
struct can_received {
	struct can_msg msg;
	bool own;
	uint32_t lost;
};

/*
 * 0; -EAGAIN (later, the socket polls as writable), -ENOBUFS (later, but poll cannot tell when), -ENETDOWN (the interface is
 * down, or was since the last call) or -errno
 */
int can_raw_send(int fd, const struct can_msg *msg);
/*
 * 0, -EAGAIN (nothing there), -ENOMSG (took something that is no frame), -ENETDOWN (as above, before any frames that wait) or
 * -errno; @received->lost is valid with 0 only
 */
int can_raw_receive(int fd, struct can_received *received);

#endif /* CAN_RAW_H */
