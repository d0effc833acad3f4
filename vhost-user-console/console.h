/* SPDX-License-Identifier: MIT */
/* Private to the device: what console-device.c (life, configuration, ports) and console-queues.c share. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "control.h"
#include "device.h"
#include "options.h"
#include "ports.h"

#define CONSOLE_CONTROL_RECEIVE	 2
#define CONSOLE_CONTROL_TRANSMIT 3

/**
 * struct console - the device
 * @options: first, for they are argp's input
 * @running: there are queues
 * @later: a turn for what the driver writes, if there is to be one
 * @memo: the ports that the driver has open, as written to --state
 */
struct console {
	struct console_options options;
	struct vhu_dev *dev;
	struct ports ports;
	struct control control;
	bool running;
	sd_event_source *later;
	sd_event_source *reload;
	uint32_t memo;
};

bool console_has_control(const struct console *con); /* the control queues are used */
/* As much of what waits for the driver as it has room for. */
void console_serve_input(struct console *con, struct port *port);
/* What the driver wrote to any port, as far as there is room; when it is this one's turn in the event loop. */
void console_serve_later(struct console *con);
/* What the driver has to be told, as far as it has room for it. */
void console_tell_driver(struct console *con);
/* Somebody came to our end of the port, or left it; tell the driver afterwards. */
void console_update_open(struct console *con, const struct port *port);
void console_remember(struct console *con); /* writes --state if it changed */

#endif /* CONSOLE_H */
