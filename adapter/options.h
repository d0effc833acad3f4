/* SPDX-License-Identifier: MIT */
/* The command line of virtio-loopback-adapter. */
#ifndef ADAPTER_OPTIONS_H
#define ADAPTER_OPTIONS_H

#include <stdbool.h>

#include "adapter/config.h"

#define OPTIONS_FOREVER (-1)

/**
 * struct options - what was asked for; strings are those of argv
 * @socket_path: where the daemon listens
 * @name: for people, "" when none was given
 * @control: the module's device file
 * @type: of the table, with the changes that --num-queues and its like asked for
 * @config: what of the configuration space is given here
 * @indirect: offer indirect descriptors to the driver
 * @wait_timeout: seconds until the first daemon has to answer, or OPTIONS_FOREVER
 * @grace: seconds that a device may be without its daemon, or OPTIONS_FOREVER
 * @deadline: milliseconds that the daemon gets for one request of the kernel
 * @stall_timeout: seconds until a daemon that shows no life while the driver waits for it is given up; 0: never
 * @list: --list-devices: print the table and end
 * @version: --version: print it and end
 */
struct options {
	const char *socket_path;
	const char *name;
	const char *control;
	struct device_type type;
	struct config_options config;
	bool indirect;
	int wait_timeout;
	int grace;
	int deadline;
	int stall_timeout;
	bool list;
	bool version;
};

/* 0, or -EINVAL after the sentence that says what is wrong was logged. --help ends the program. */
int options_parse(int argc, char **argv, struct options *opt);

#endif /* ADAPTER_OPTIONS_H */
