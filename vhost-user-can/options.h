/* SPDX-License-Identifier: MIT */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "can-filter.h"
#include "can-port.h"

#define CAN_MAX_INTERFACES 16

enum can_fd_offer {
	CAN_FD_AUTO, /* as the interface is when the daemon starts */
	CAN_FD_OFF,
	CAN_FD_ON,
};

/**
 * struct can_options - what the command line asks for; strings belong to it
 * @interfaces: --interface, NAME or NAME=PATH
 * @brs: send FD frames with the faster bit rate
 * @ack_timeout_ms: how long a frame may take to the bus before it is acknowledged all the same
 */
struct can_options {
	const char *interfaces[CAN_MAX_INTERFACES];
	unsigned int num_interfaces;
	struct can_port_config port;
	enum can_fd_offer fd;
	bool brs;
	uint32_t ack_timeout_ms;
	struct can_filters filters;
};

void can_options_init(struct can_options *opts); /* the defaults */

/* Parses into the struct can_options that is argp's input. */
extern const struct argp can_argp;

#endif /* OPTIONS_H */
