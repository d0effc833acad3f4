/* SPDX-License-Identifier: MIT */
/* The device of an adapter that died, adopted by the next one of the same --name. */
#ifndef ADAPTER_ADOPT_H
#define ADAPTER_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/options.h"
#include "adapter/session.h"

/* Shall the device outlive its adapter? Its type has to allow it, and it needs a name. */
bool adopt_wanted(const struct options *opt);

/**
 * adopt_orphan - look for a device to go on with
 * @s: of a device that does not exist yet
 * @offered: features of the one that was found
 *
 * If there is one that is as @opt wants it, @s becomes what the last adapter's was, without
 * a daemon; s->mod stays NULL otherwise. One that does not fit ends.
 *
 * Returns 0, or -errno when the module cannot be reached, see explain_module().
 */
int adopt_orphan(const struct options *opt, struct session *s, uint64_t *offered);

#endif /* ADAPTER_ADOPT_H */
