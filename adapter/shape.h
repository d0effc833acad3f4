/* SPDX-License-Identifier: MIT */
/* What a device looks like to its driver: its type, the command line and its daemon have a say. */
#ifndef ADAPTER_SHAPE_H
#define ADAPTER_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/options.h"
#include "adapter/session.h"

/* Queues of a device of that type with this daemon. */
unsigned int shape_queues(const struct device_type *type, const struct frontend *fe);
/* Features that a driver may see with the daemon that is there. */
uint64_t shape_offer(const struct options *opt, const struct session *s);
/*
 * Can the driver of the device that there is, or the next one, use all that it was @offered with this daemon
 * too? Also asks whether the daemon serves the configuration space.
 */
bool shape_fits(const struct options *opt, const struct session *s, uint64_t offered);

#endif /* ADAPTER_SHAPE_H */
