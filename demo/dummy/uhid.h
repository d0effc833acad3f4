/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_UHID_H
#define DEMO_DUMMY_UHID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "fault.h"

/* What the kernel shall know about the device; the strings are copied. */
struct uhid_identity {
	const char *name;
	const char *phys; /* unique on this machine: the hidraw node is found by it */
	const char *serial;
	uint16_t bus;
	uint32_t vendor;
	uint32_t product;
	const uint8_t *descriptor; /* stays the caller's, must outlive the device */
	size_t descriptor_size;
};

/* Called from the event loop. */
struct uhid_ops {
	/* The hidraw node exists: the device can be used. */
	void (*ready)(void *data, const char *node);
	/* As features_get() and features_set(); any failure reaches the asker as -EIO. */
	int (*get_feature)(void *data, uint8_t id, uint8_t *buffer, size_t size);
	int (*set_feature)(void *data, const uint8_t *report, size_t size);
	/* The device does not work at all: -errno. */
	void (*failed)(void *data, int error, const char *what);
};

struct uhid_device;

/* Opens /dev/uhid (linux/uhid.h); nothing is plugged in yet. */
int uhid_device_new(struct uhid_device **device, sd_event *event, const struct uhid_identity *identity,
	const struct uhid_ops *ops, void *data, struct fault *fault);
void uhid_device_free(struct uhid_device *device);

/* Makes the device appear; ops->ready follows. Nothing happens when it is there already. */
int uhid_device_plug(struct uhid_device *device);
void uhid_device_unplug(struct uhid_device *device);

/* An input report, as if the hardware had sent it; -ENODEV while unplugged. */
int uhid_device_send(struct uhid_device *device, const uint8_t *report, size_t size);

#endif
