// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/device.h"
#include "log.h"

static void list_devices(void)
{
	const struct device_type *type;

	for (size_t i = 0; (type = devices_entry(i)); i++)
		printf("%-8s id %2u  %s\n", type->name, type->id, type->description);
}

static int run(const struct options *opt)
{
	struct device *dev = NULL;
	sd_event *event = NULL;
	int ret;

	ret = sd_event_default(&event);
	if (ret >= 0)
		ret = sd_event_add_signal(event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(event, NULL, SIGINT | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
	if (ret < 0) {
		vhu_err("cannot set up the event loop: %s", strerror(-ret));
		return ret;
	}
	signal(SIGPIPE, SIG_IGN);
	ret = device_new(opt, event, &dev);
	if (!ret)
		ret = sd_event_loop(event);
	device_free(dev);
	sd_event_unref(event);
	return ret;
}

int main(int argc, char **argv)
{
	struct options opt;

	if (options_parse(argc, argv, &opt))
		return EXIT_FAILURE;
	if (opt.list)
		list_devices();
	else if (opt.version)
		printf("virtio-loopback-adapter %s\n", VERSION);
	else if (run(&opt))
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
