// SPDX-License-Identifier: MIT
#include "console-device.h"
#include "options.h"

static const struct vhu_device_type console_type = {
	.type = "console",
	.description = "A vhost-user device that makes the ports of a virtio console of terminals, sockets and files.",
	.options = &console_argp,
	.new = console_new,
	.init = console_init,
	.free = console_free,
	.get_config = console_get_config,
	.set_config = console_set_config,
	.queue_start = console_queue_start,
	.queue_kick = console_queue_kick,
	.reset = console_reset,
};

int main(int argc, char **argv)
{
	return vhu_daemon_main(&console_type, argc, argv);
}
