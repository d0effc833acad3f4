/* SPDX-License-Identifier: MIT */
/*
 * A console device on a fake adapter, and daemons for it that read, do not read, read slowly, die, and lie.
 * With multiport: port 0 is to become a console, port 1 is none.
 */
#ifndef CON_H
#define CON_H

#include <pthread.h>
#include <linux/virtio_console.h>

#include "fake.h"

#define CON_SIZE     64 /* descriptors */
#define CON_PORTS    2
#define CON_CONTROLS 65536

/* Queue of what port @n transmits. */
#define CON_OUT(n)	((n) ? 2 * (n) + 3 : 1)
#define CON_CONTROL_IN	2
#define CON_CONTROL_OUT 3

/**
 * struct con - one console device
 * @multiport: has the feature
 * @event_idx: so
 * @deaf: the daemon takes nothing
 * @slow: it sleeps after each buffer
 * @shuffle: it finishes in any order
 * @got: by port: bytes that came
 * @data: by port: the bytes, @room of them
 * @controls: messages that came
 * @late: times that it found something to do for which nobody had woken it
 */
struct con {
	struct fake f;
	bool multiport;
	bool event_idx;
	pthread_t daemon;
	volatile bool dying;
	volatile bool deaf;
	volatile bool slow;
	volatile bool shuffle;
	volatile size_t got[CON_PORTS];
	uint8_t *data[CON_PORTS];
	size_t room;
	struct virtio_console_control *controls;
	volatile unsigned int num_controls;
	volatile unsigned int late;
	char virtio[32];
};

/* A running device, its ports announced and open, port 0 a console, or the program ends. */
void con_start(struct con *c, bool multiport, bool event_idx, size_t room);
void con_end(struct con *c);
/* As con_end(), in two steps: the device goes while the daemon's memory is still there. */
void con_close(struct con *c);
/* Ends the daemon where it stands: what it has taken and not finished stays taken. */
void con_kill_daemon(struct con *c);
/* A new daemon as an adapter starts it; -errno of VLB_RESUME_QUEUE. */
int con_new_daemon(struct con *c);
/* Says something on the control queue, once the driver has a buffer there. */
void con_tell(struct con *c, uint32_t port, uint16_t event, uint16_t value);
/* Opens the node of port @n: /dev/hvcN, raw, or /dev/vportXpN. */
int con_open_console(struct con *c, int flags);
int con_open_port(struct con *c, int flags);
/* Until @n bytes have come from the port in all; false after 20 s. */
bool con_wait_got(struct con *c, unsigned int port, size_t n);
/* Number that follows @word in the line of debugfs that begins with @line; -1: not there. */
long long con_state(struct con *c, const char *line, const char *word);

#endif /* CON_H */
