/* SPDX-License-Identifier: MIT */
/* What the echo device and its tests have to agree on. */
#ifndef ECHO_DEVICE_H
#define ECHO_DEVICE_H

#define ECHO_QUEUES	 2
#define ECHO_NOW	 0
#define ECHO_HELD	 1
#define ECHO_CONFIG_SIZE 16

enum echo_command {
	ECHO_NOTHING,
	ECHO_FLUSH, /* answer what queue ECHO_HELD holds */
	ECHO_CHANGE, /* send a configuration change */
	ECHO_REFUSE, /* do not accept this write */
	ECHO_FAIL, /* disconnect */
};

#endif /* ECHO_DEVICE_H */
