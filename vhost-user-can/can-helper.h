/* SPDX-License-Identifier: MIT */
/* The helper process behind can-port.h. May block; does nothing else. */
#ifndef CAN_HELPER_H
#define CAN_HELPER_H

#include "can-port.h"

/* Runs until the daemon's end of @fd is closed; then the exit status. */
int can_helper_run(const struct can_port_config *config, int fd);

#endif /* CAN_HELPER_H */
