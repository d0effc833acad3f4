/* SPDX-License-Identifier: MIT */
/*
 * What a device has to say to become a vhost-user daemon. A daemon is one
 * const struct vhu_device_type, its handlers, and
 *
 *	int main(int argc, char **argv)
 *	{
 *		return vhu_daemon_main(&my_type, argc, argv);
 *	}
 *
 * The library does the rest: options, socket, systemd, the protocol, the
 * rings. All handlers run in the one thread of the event loop and must not
 * block. A front-end comes and goes (one at a time); the device stays.
 */
#ifndef VHU_DEVICE_H
#define VHU_DEVICE_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "virtqueue.h"

struct vhu_dev;

/**
 * struct vhu_device_type - a kind of device; const, one a program
 * @type: word for --print-capabilities, as in QEMU's vhost-user.json
 * @capabilities: further features for --print-capabilities; NULL-terminated, may be NULL
 * @description: one line for --help
 * @options: the device's own options; argp's input is the state of @new. May be NULL
 * @new: make the device's state with its defaults, before options are parsed; NULL: out of memory
 * @init: options are parsed: open the hardware, set features, queues and
 *	config size with vhu_dev_set_*(). 0 or -errno; it has logged why then, and the program ends
 * @free: end of the program; undo @new and @init
 * @get_config: fill @len bytes at @offset of configuration space; the range was checked
 * @set_config: the driver wrote there. May be NULL: the space is read only
 * @queue_start: a queue is ready and enabled. May be NULL
 * @queue_stop: its elements are about to vanish; drop every pointer into them. May be NULL
 * @queue_kick: the driver made buffers available (also called once after each start)
 * @reset: the front-end reset the device, or has gone (then vhu_dev_connected() is false), perhaps without
 *	its driver, which another one may bring back; all queues are stopped. May be NULL
 *
 * @get_config and @set_config return 0 or -errno, which the front-end is told.
 */
struct vhu_device_type {
	const char *type;
	const char *const *capabilities;
	const char *description;
	const struct argp *options;
	void *(*new)(void);
	int (*init)(struct vhu_dev *dev, void *state);
	void (*free)(void *state);
	int (*get_config)(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len);
	int (*set_config)(struct vhu_dev *dev, uint32_t offset, const void *data, uint32_t len);
	void (*queue_start)(struct vhu_dev *dev, struct virtq *vq);
	void (*queue_stop)(struct vhu_dev *dev, struct virtq *vq);
	void (*queue_kick)(struct vhu_dev *dev, struct virtq *vq);
	void (*reset)(struct vhu_dev *dev);
};

void *vhu_dev_state(const struct vhu_dev *dev); /* what @new returned */
sd_event *vhu_dev_event(const struct vhu_dev *dev); /* the loop, for the hardware's sources; not a new reference */

/*
 * Has @handler run once, after all that waits in the loop already.
 * @source: the caller's, NULL as long as no turn is due; the handler, and whoever frees
 *	@data, sets it so again with sd_event_source_disable_unref()
 *
 * 0, also when a turn is due already, or -errno.
 */
int vhu_dev_later(struct vhu_dev *dev, sd_event_source **source, sd_event_handler_t handler, void *data);

/* From @init only. The library adds VERSION_1, INDIRECT_DESC, EVENT_IDX and PROTOCOL_FEATURES. */
void vhu_dev_set_features(struct vhu_dev *dev, uint64_t features);
void vhu_dev_set_queues(struct vhu_dev *dev, unsigned int num_queues);
void vhu_dev_set_config_size(struct vhu_dev *dev, uint32_t bytes);

/* Features both sides agreed on; 0 before that. */
uint64_t vhu_dev_features(const struct vhu_dev *dev);
/* Queue @index; NULL when the device has none of that number. It may be stopped. */
struct virtq *vhu_dev_queue(const struct vhu_dev *dev, unsigned int index);

bool vhu_dev_connected(const struct vhu_dev *dev); /* is there a front-end? */

/*
 * The configuration space changed: tell the driver, if the front-end opened a
 * back-end channel. 0, -ENOTCONN (no channel, nobody to tell), or -errno.
 */
int vhu_dev_config_changed(struct vhu_dev *dev);

/*
 * The front-end broke the rules (virtq_pop() said -EPROTO, or a request makes
 * no sense and the specification leaves no answer): disconnect it as soon as
 * the handler returns, log @why once. The device lives on for the next one.
 */
void vhu_dev_fail(struct vhu_dev *dev, const char *why);

/*
 * Runs the program until SIGTERM or SIGINT, or until the device ends the loop with
 * sd_event_exit(); returns its exit status.
 */
int vhu_daemon_main(const struct vhu_device_type *type, int argc, char **argv);

#endif /* VHU_DEVICE_H */
