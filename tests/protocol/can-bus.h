/* SPDX-License-Identifier: MIT */
/*
 * The two sides of a vhost-user-can under test: a fake interface with its bus, and a driver. All
 * assert that what they do works, and wait for at most CAN_WAIT_MS.
 */
#ifndef TEST_CAN_BUS_H
#define TEST_CAN_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/protocol/frontend.h"
#include "vhost-user-can/can-frame.h"
#include "vhost-user-can/can-port.h"
#include "virtio_can.h"

#define CAN_WAIT_MS    20000
#define CAN_SILENCE_MS 200
#define CAN_RING       64

enum {
	CAN_TX,
	CAN_RX,
	CAN_CTRL
};

/**
 * struct bus - the interface
 * @port: to the daemon, where we play its helper
 * @starts: orders of CAN_PORT_START that bus_order() and bus_forget_orders() have seen
 * @sock: our end of the daemon's CAN socket, -1: unplugged
 */
struct bus {
	int listener;
	int port;
	uint8_t starts;
	int sock;
	char path[64];
};

/* Before the daemon starts: listen, and tell it where through its environment. */
void bus_open(struct bus *bus);
void bus_close(struct bus *bus);

/* Reports of the helper, which the daemon has read on return. @room: bytes of the socket's buffer towards the bus, 0: as usual */
void bus_plug(struct bus *bus, bool up, int room);
void bus_report(struct bus *bus, bool up, bool bus_off);
void bus_unplug(struct bus *bus);
enum can_port_order bus_order(struct bus *bus); /* the daemon's next one */
void bus_forget_orders(struct bus *bus); /* those that have come */

struct can_msg bus_take(struct bus *bus); /* the next frame that was sent */
bool bus_silent(struct bus *bus); /* none comes */
void bus_send(struct bus *bus, const struct can_msg *msg, bool own); /* @own: the echo of a frame of the daemon's */
void bus_send_lossy(struct bus *bus, const struct can_msg *msg, uint32_t lost);
void bus_down(struct bus *bus); /* the socket's error when the interface goes down, be it for a moment */
void bus_error(struct bus *bus, uint32_t kinds);

struct can_msg a_frame(uint32_t id, unsigned int len, bool fd); /* its data follows from its identifier */

/* The driver. Descriptors 2 * i and 2 * i + 1 of the transmit queue are frame i; all indexes are below CAN_RING / 2. */
void drv_send(struct frontend *fe, unsigned int i, const struct can_msg *msg);
void drv_send_bytes(struct frontend *fe, unsigned int i, const void *bytes, size_t len, unsigned int room);
int drv_sent(struct frontend *fe, unsigned int *i); /* the result of the next frame that is answered */
bool drv_nothing_sent(struct frontend *fe);

void drv_post(struct frontend *fe, unsigned int i, unsigned int room); /* a buffer for a frame */
struct can_msg drv_receive(struct frontend *fe);
bool drv_nothing_received(struct frontend *fe);

/* The same with buffers of several descriptors, whose bytes lie one behind the other: frame or buffer 0. */
void drv_send_pieces(struct frontend *fe, const struct can_msg *msg, const unsigned int *lengths, unsigned int num);
void drv_post_pieces(struct frontend *fe, const unsigned int *lengths, unsigned int num);
/* One buffer with these flags, 1 byte, in any queue; drv_answered(): it comes back, @len bytes of it written. */
void drv_offer(struct frontend *fe, unsigned int queue, uint16_t flags);
bool drv_answered(struct frontend *fe, unsigned int queue, uint32_t len);

int drv_control(struct frontend *fe, uint16_t type); /* its result */
int drv_control_bytes(struct frontend *fe, const void *bytes, size_t len);
uint16_t drv_status(struct frontend *fe); /* of the configuration */

struct server;

/* One connection of a driver to the daemon, cmocka's state. */
struct can_visit {
	struct server *server;
	struct bus bus;
	struct frontend fe;
};

int visit_connect(void **state); /* with the interface plugged in, and up */
int visit_end(void **state);
struct frontend *visit_begin(void **state); /* all queues run */
struct frontend *visit_start(void **state); /* ... and the controller, too */
struct bus *visit_bus(void **state);

void assert_counted(
	const struct can_visit *v, const char *text); /* the daemon's summary of what has happened says so */
void assert_same_frame(struct can_msg got, struct can_msg want);
/* A frame to the bus, with its echo, and another one back. */
void exchange(struct frontend *fe, struct bus *bus, uint32_t id);

#endif /* TEST_CAN_BUS_H */
