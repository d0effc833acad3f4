/* SPDX-License-Identifier: MIT */
/*
 * What the adapter knows of virtio device types: one line of a table each
 * (virtio 1.4, chapter 5). All else is asked of the daemon.
 */
#ifndef ADAPTER_DEVICES_H
#define ADAPTER_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config_own;

#define DEVICE_QUEUES_OF_DAEMON 0
#define DEVICE_MAX_QUEUES	256 /* a vhost-user message names a ring in eight bits */

/**
 * struct device_type - one kind of device
 * @name: word for --device
 * @description: for --list-devices
 * @id: virtio device type
 * @num_queues: how many the driver asks for at most; DEVICE_QUEUES_OF_DAEMON: the
 *	driver reads the number from a configuration space that agrees with
 *	VHOST_USER_GET_QUEUE_NUM
 * @config_size: bytes of configuration space. Exact: some daemons refuse a longer
 *	GET_CONFIG than their own structure
 * @queue_size: descriptors per queue
 * @bounce_size: bytes for data in flight
 * @forbidden: feature bits that must not reach the driver, as they need more
 *	configuration space than @config_size or help of the front-end
 * @resumable: the rings are all that a daemon needs to go on in the place of one that
 *	died. Not where it keeps a session of the driver's: open files (fs), resources
 *	(gpu), streams (sound), connections (vsock), requested lines (gpio).
 *	One that leaves its session to its successor has --resumable.
 *	A CAN daemon keeps one bit, whether the controller is started, and tells it from the
 *	place where the rings begin
 * @unserved: so many queues at the end exist for the driver only; daemons have none
 * @own: what of the configuration space is the front-end's (config.h); NULL: nothing
 */
struct device_type {
	const char *name;
	const char *description;
	uint32_t id;
	unsigned int num_queues;
	uint32_t config_size;
	unsigned int queue_size;
	uint64_t bounce_size;
	uint64_t forbidden;
	bool resumable;
	unsigned int unserved;
	const struct config_own *own;
};

/* Entry @i of the table, NULL after the last one. */
const struct device_type *devices_entry(size_t i);
/* By name; NULL when there is none. */
const struct device_type *devices_find(const char *name);
/* "blk, can, ..." for an error sentence; cut short when @buf is too small. */
void devices_names(char *buf, size_t size);

/**
 * devices_driver_features - what of a daemon's features the driver may see
 * @type: for its forbidden bits
 * @daemon: VHOST_USER_GET_FEATURES
 * @indirect: offer VIRTIO_F_INDIRECT_DESC
 *
 * Keeps the device's own bits and of the reserved ones (virtio 1.4, chapter 6) those
 * that the module's rings are made for.
 */
uint64_t devices_driver_features(const struct device_type *type, uint64_t daemon, bool indirect);

#endif /* ADAPTER_DEVICES_H */
