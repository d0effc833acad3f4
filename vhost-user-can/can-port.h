/* SPDX-License-Identifier: MIT */
/*
 * The host's CAN interface, looked after by a process of its own.
 *
 * Why a process: on one machine the virtio driver's open and close run under the kernel's lock
 * of network interfaces (rtnl_lock) and wait for this daemon's answer. Binding a CAN socket,
 * closing it, asking for an interface or changing it takes the same lock. Done by
 * the daemon, each could wait for the answer that the daemon itself owes; even its death would
 * have to close the socket first. So the helper does all that, and keeps a second descriptor
 * of each socket until the daemon has dropped its own: the last close is always the helper's.
 * It watches the interface, and nothing depends on when it gets its turn.
 *
 * Two messages over a SOCK_SEQPACKET pair, orders one way and reports the other. Either side ends
 * when the other one has.
 */
#ifndef CAN_PORT_H
#define CAN_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "can-link.h"

/**
 * struct can_port_config
 * @name: the interface
 * @manage: it is up while the driver has its controller started, with @settings
 */
struct can_port_config {
	const char *name;
	bool manage;
	struct can_link_settings settings;
};

enum can_port_order {
	CAN_PORT_START, /* the driver started its controller (also after bus-off) */
	CAN_PORT_STOP,
	CAN_PORT_DROPPED, /* one socket of the past was closed */
};

/**
 * struct can_port_report - how the interface is now
 * @present: it exists, and a socket came with this report or an earlier one. Without it
 *	the last socket is to be closed, and so it is when a new one comes
 * @up: frames can be sent
 * @fd: it takes FD frames
 * @bus_off: its controller has left the bus
 * @starts: orders of CAN_PORT_START so far, modulo 256, that this takes into account: an interface that is to be set up for
 *	the last of them is not @up before that is done
 */
struct can_port_report {
	uint8_t present;
	uint8_t up;
	uint8_t fd;
	uint8_t bus_off;
	uint8_t starts;
};

/* Does the interface take FD frames? For the features to offer. 1, 0, -ENODEV (there is none of that name), or -errno */
int can_port_takes_fd(const char *name);
/* Start the helper. Returns the daemon's end of the pair, or -errno. @config is copied with the process. */
int can_port_open(const struct can_port_config *config);
int can_port_order(int fd, enum can_port_order order); /* 0 or -errno; never waits */
/*
 * The next report. @socket: a new one (owned by the caller) or -1. 0, -EAGAIN (none waits),
 * -ECONNRESET (the helper has ended).
 */
int can_port_report(int fd, struct can_port_report *report, int *socket);

#endif /* CAN_PORT_H */
