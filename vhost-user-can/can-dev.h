/* SPDX-License-Identifier: MIT */
/*
 * Private to the device: its state, and who does what with it.
 *
 *	can-device.c	configuration, control queue, what the helper reports
 *	can-tx.c	frames from the driver to the bus, and their acknowledgement
 *	can-rx.c	frames from the bus to the driver
 */
#ifndef CAN_DEV_H
#define CAN_DEV_H

#include "can-acks.h"
#include "can-errors.h"
#include "can-port.h"
#include "can-raw.h"
#include "can-state.h"
#include "device.h"
#include "options.h"

#define CAN_TX_QUEUE	  0
#define CAN_RX_QUEUE	  1
#define CAN_CONTROL_QUEUE 2
#define CAN_NUM_QUEUES	  3

#define CAN_BIT(n) (1ULL << (n))

#define CAN_BACKLOG 4096 /* frames; two thirds of a second of the busiest bus */

/* What has happened since the daemon started. */
struct can_stats {
	uint64_t sent; /* frames handed to the kernel */
	uint64_t acked; /* of these, acknowledged as sent */
	uint64_t timed_out; /* of these, acknowledged because nothing was heard of them */
	uint64_t refused; /* frames answered with "not sent" */
	uint64_t waited; /* times that the kernel had no room */
	uint64_t received; /* frames given to the driver */
	uint64_t filtered;
	uint64_t unwanted; /* of a kind that was not negotiated, or larger than the driver's buffer */
	uint64_t overflow; /* dropped here: the driver took none for too long */
	uint64_t missed; /* dropped by the kernel while started: this program did not get its turn */
	struct can_errors errors;
};

/**
 * struct can_dev - the device
 * @options: first, for they are argp's input
 * @port: the helper
 * @socket: frames; -1 while there is no interface
 * @link: what the helper said last
 * @starts: orders of CAN_PORT_START that the helper was given, modulo 256
 * @hold_until: frames wait that long for the interface after a start, in the clock of the loop
 * @tx_timer: for deadlines, and to try again
 * @tx_blocked: the kernel has no room for the next frame
 * @went_down: sending found that the interface is down, or was
 * @off_again: tells of a bus-off that outlasts a start
 * @backlog: a ring of frames for the driver
 * @lost: the socket's counter of lost frames, as the last frame told it
 * @lost_known: one has, since the start
 */
struct can_dev {
	struct can_options options;
	struct vhu_dev *dev;
	struct can_state state;
	int port;
	sd_event_source *port_source;
	int socket;
	sd_event_source *socket_source;
	sd_event_source *stats_source;
	struct can_port_report link;
	uint8_t starts;
	struct can_stats stats;
	struct can_stats logged; /* @stats when they were */

	struct can_acks acks;
	uint64_t hold_until;
	sd_event_source *tx_timer;
	bool tx_blocked;
	bool went_down;
	sd_event_source *off_again;

	struct can_msg *backlog;
	unsigned int backlog_first;
	unsigned int backlog_count;
	uint32_t lost;
	bool lost_known;
};

/*
 * Does the control queue run? Only its start tells which driver the others are of. Until then frames stay where they
 * are, both ways.
 */
bool can_driver_known(const struct can_dev *can);
uint64_t can_now(const struct can_dev *can); /* of the loop, in microseconds */
/* Arms a timer that runs @handler at @when, making it if it is none yet. */
void can_timer_set(struct can_dev *can, sd_event_source **timer, uint64_t when, sd_event_time_handler_t handler);

/* Is the interface up and, with --link, as the last start wants it, not as it was before? */
bool can_link_ready(const struct can_dev *can);
/* The hardware has left the bus. */
void can_went_off(struct can_dev *can);

/* Takes frames out of the driver's queue, for as long as they can be dealt with. */
void can_tx_run(struct can_dev *can);
/* The kernel says that this frame of ours is on the bus. */
void can_tx_confirm(struct can_dev *can, const struct can_msg *echo);
/* Answers all frames that the driver waits for with "not sent". */
void can_tx_cancel(struct can_dev *can);
/* The same for those that the kernel has; there will be no news of them. */
void can_tx_give_up(struct can_dev *can);
/* Their elements vanish. */
void can_tx_forget(struct can_dev *can);

/* Begin with what comes from now on. */
void can_rx_start(struct can_dev *can);
void can_rx_stop(struct can_dev *can);
void can_rx_deliver(struct can_dev *can); /* the driver made buffers available */
/* The interface went down: what is heard of frames on their way has come already, or never will. */
void can_went_down(struct can_dev *can);
int can_rx_ready(sd_event_source *source, int fd, uint32_t events, void *userdata); /* handler of the socket */

#endif /* CAN_DEV_H */
