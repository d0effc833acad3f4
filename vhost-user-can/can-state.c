// SPDX-License-Identifier: MIT
#include "can-state.h"

#include "virtio_can.h"

void can_state_reset(struct can_state *state)
{
	*state = (struct can_state) { .mode = CAN_STOPPED };
}

/*
 * A driver that was served before has started its controller once at least, and one that
 * has stopped it again sends nothing until it starts it anew. So taking it for started does no harm.
 */
void can_state_begin(struct can_state *state, bool served)
{
	if (!state->told && served)
		state->mode = CAN_STARTED;
	state->told = true;
}

static bool change(struct can_state *state, enum can_mode mode)
{
	bool changed = state->mode != mode;

	state->mode = mode;
	state->told = true;
	return changed;
}

bool can_state_start(struct can_state *state)
{
	return change(state, CAN_STARTED);
}

bool can_state_stop(struct can_state *state)
{
	return change(state, CAN_STOPPED);
}

bool can_state_bus_off(struct can_state *state)
{
	return state->mode == CAN_STARTED && change(state, CAN_BUS_OFF);
}

uint16_t can_state_config(const struct can_state *state)
{
	return state->mode == CAN_BUS_OFF ? VIRTIO_CAN_S_CTRL_BUSOFF : 0;
}
