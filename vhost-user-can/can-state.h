/* SPDX-License-Identifier: MIT */
/*
 * Is the controller on the bus (virtio 1.4, 5.19.5)? No I/O.
 *
 * Only a started one sends and receives. Bus-off stops it until the driver starts it
 * anew, whatever the hardware does meanwhile: the driver is told of bus-off, never of the
 * way back.
 */
#ifndef CAN_STATE_H
#define CAN_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum can_mode {
	CAN_STOPPED,
	CAN_STARTED,
	CAN_BUS_OFF,
};

/**
 * struct can_state
 * @told: a front-end's queues have said where they begin, or the driver has asked for something.
 *	Before that nothing is answered: a driver that another daemon served goes on
 */
struct can_state {
	enum can_mode mode;
	bool told;
};

void can_state_reset(struct can_state *state); /* no driver */
/* The control queue was started; @served: somebody has answered this driver before. */
void can_state_begin(struct can_state *state, bool served);
/* All may come at any time, and twice. Each returns whether the mode is another one than before. */
bool can_state_start(struct can_state *state);
bool can_state_stop(struct can_state *state);
bool can_state_bus_off(struct can_state *state);
uint16_t can_state_config(const struct can_state *state); /* the configuration's status, CPU's byte order */

#endif /* CAN_STATE_H */
