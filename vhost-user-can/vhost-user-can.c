// SPDX-License-Identifier: MIT
#include "can-device.h"
#include "options.h"
#include "several.h"

static const struct vhu_device_type can_type = {
	.type = "can",
	.description = "A vhost-user device that makes a virtio CAN controller of a CAN interface.",
	.options = &can_argp,
	.new = can_new,
	.init = can_init,
	.free = can_free,
	.get_config = can_get_config,
	.queue_start = can_queue_start,
	.queue_stop = can_queue_stop,
	.queue_kick = can_queue_kick,
	.reset = can_reset,
};

int main(int argc, char **argv)
{
	if (several_wanted(argc, argv))
		return several_main(argc, argv);
	return vhu_daemon_main(&can_type, argc, argv);
}
