/* SPDX-License-Identifier: MIT */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "port-spec.h"
#include "resize-order.h"

/* What the command line asks for; strings belong to it. */
struct console_options {
	struct port_spec ports[CONTROL_MAX_PORTS];
	unsigned int num_ports;
	const char *config; /* or NULL */
	const char *state; /* or NULL */
	unsigned int max_ports; /* 0: not given */
	enum resize_order order;
};

/* Parses into the struct console_options that is argp's input. --check ends the program. */
extern const struct argp console_argp;

#endif /* OPTIONS_H */
