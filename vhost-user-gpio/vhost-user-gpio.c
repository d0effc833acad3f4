// SPDX-License-Identifier: MIT
#include "gpio-device.h"
#include "options.h"

static const struct vhu_device_type gpio_type = {
	.type = "gpio",
	.description = "A vhost-user device that makes a virtio GPIO controller of lines of GPIO chips.",
	.options = &gpio_argp,
	.new = gpio_new,
	.init = gpio_init,
	.free = gpio_free,
	.get_config = gpio_get_config,
	.queue_stop = gpio_queue_stop,
	.queue_kick = gpio_queue_kick,
	.reset = gpio_reset,
};

int main(int argc, char **argv)
{
	return vhu_daemon_main(&gpio_type, argc, argv);
}
