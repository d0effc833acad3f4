/* SPDX-License-Identifier: MIT */
/* A driver of virtio consoles, for tests: ports and control messages over a front-end. */
#ifndef TEST_CONSOLE_DRIVER_H
#define TEST_CONSOLE_DRIVER_H

#include <linux/virtio_console.h>

#include "tests/protocol/frontend.h"

#define CON_SIZE    16 /* descriptors of each queue */
#define CON_ROOM    2048ul /* bytes of a buffer */
#define CON_WAIT_MS 20000
#define CON_ALL	    0xffffffffu /* id of messages about the device */

unsigned int con_receive(unsigned int id); /* queue of a port */
unsigned int con_transmit(unsigned int id);

/* Receive buffers for the control queue and @num_ports ports, whose queues run. */
void con_fill(struct frontend *fe, unsigned int num_ports);
/* All queues run, and are filled so. 0 or -errno */
int con_start(struct frontend *fe, uint64_t features, unsigned int num_ports);

/* The daemon takes it within CON_WAIT_MS, or false. */
bool con_send(struct frontend *fe, uint32_t id, uint16_t event, uint16_t value);
/* The next control message and the bytes behind it, at most CON_ROOM; their number, or -1 if none comes in @timeout_ms. */
int con_hear(struct frontend *fe, struct virtio_console_control *msg, char *rest, int timeout_ms);

/* Write to a port, without waiting that it is taken. */
void con_write(struct frontend *fe, unsigned int id, const void *data, uint32_t len);
bool con_wait_written(struct frontend *fe, unsigned int id, int timeout_ms); /* has the daemon taken all? */
/* What the daemon sends to a port next; its length, or -1 if nothing comes. The buffer is given back at once. */
int con_read(struct frontend *fe, unsigned int id, char *data, int timeout_ms);

#endif /* TEST_CONSOLE_DRIVER_H */
