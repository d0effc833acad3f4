// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "input-device.h"
#include "options.h"

/* Of the features that QEMU's vhost-user.json names for this type. */
static const char *const capabilities[] = { "no-grab", NULL };

static const struct vhu_device_type input_type = {
	.type = "input",
	.capabilities = capabilities,
	.description = "A vhost-user device that makes a virtio-input touch screen of a HID touch panel.",
	.options = &input_argp,
	.new = input_new,
	.init = input_init,
	.free = input_free,
	.get_config = input_get_config,
	.set_config = input_set_config,
	.queue_start = input_queue_start,
	.queue_stop = input_queue_stop,
	.queue_kick = input_queue_kick,
};

int main(int argc, char **argv)
{
	return vhu_daemon_main(&input_type, argc, argv);
}
