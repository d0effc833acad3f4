/* SPDX-License-Identifier: MIT */
/*
 * Private to the library: the state machine of one connection.
 *
 *	daemon.c    options, loop		listen.c   where connections come from
 *	backend.c   messages of a connection	ring.c     those about one queue
 *	device.c    what a device may call
 */
#ifndef VHU_BACKEND_H
#define VHU_BACKEND_H

#include "device.h"
#include "memory.h"
#include "virtqueue.h"
#include "wire.h"

/**
 * struct vhu_ring - what a front-end said about one queue
 * @dev: the device
 * @vq: the queue itself; lives as long as the device
 * @setup: collected message by message
 * @have_addr: @setup's addresses were given
 * @kicked: a kick descriptor was given: the ring is started in the protocol's sense
 * @enabled: SET_VRING_ENABLE said so, or nobody has to
 * @kick: waits for the kick descriptor, and owns it
 * @again: visits the queue once more when others have had their turn
 *
 * The queue runs while the ring is both kicked and enabled.
 */
struct vhu_ring {
	struct vhu_dev *dev;
	struct virtq *vq;
	struct virtq_setup setup;
	bool have_addr;
	bool kicked;
	bool enabled;
	sd_event_source *kick;
	sd_event_source *again;
};

struct vhu_dev {
	const struct vhu_device_type *type;
	void *state;
	sd_event *event;
	uint64_t features; /* the device's and the library's */
	unsigned int num_queues;
	uint32_t config_size;
	struct vhu_ring *rings;
	struct vhu_backend *backend; /* the connected front-end, or NULL */
};

/**
 * struct vhu_backend - our end of one connection
 * @failed: armed by vhu_dev_fail(); runs when the handlers have returned
 * @why: first reason given for the failure
 * @gone: called last, when all else is undone
 */
struct vhu_backend {
	struct vhu_dev *dev;
	int fd;
	int channel; /* SET_BACKEND_REQ_FD; -1: none */
	sd_event_source *io;
	sd_event_source *failed;
	const char *why;
	uint64_t features;
	uint64_t protocol_features;
	struct vhu_mem *mem;
	void (*gone)(void *data);
	void *data;
};

/* device.c */
int vhu_dev_new(const struct vhu_device_type *type, sd_event *event, struct vhu_dev **dev);
int vhu_dev_init(struct vhu_dev *dev); /* the type's @init, then the queues it asked for */
void vhu_dev_free(struct vhu_dev *dev); /* disconnects first; NULL is fine */

/*
 * backend.c. Serves the connected socket @fd, which it owns in any case, until the front-end
 * is gone. 0 or -errno (then @gone is not called).
 */
int vhu_backend_connect(struct vhu_dev *dev, int fd, void (*gone)(void *data), void *data);
void vhu_backend_disconnect(struct vhu_backend *be);
bool vhu_backend_has(const struct vhu_backend *be, enum vhu_protocol_feature feature);

/*
 * ring.c. Message handlers: 0, or -errno when the message cannot be obeyed. They
 * take the descriptors they keep out of @msg.
 */
int vhu_ring_set_num(struct vhu_backend *be, struct vhu_msg *msg);
int vhu_ring_set_addr(struct vhu_backend *be, struct vhu_msg *msg);
int vhu_ring_set_base(struct vhu_backend *be, struct vhu_msg *msg);
int vhu_ring_get_base(struct vhu_backend *be, struct vhu_msg *msg);
int vhu_ring_set_kick(struct vhu_backend *be, struct vhu_msg *msg);
int vhu_ring_set_call(struct vhu_backend *be, struct vhu_msg *msg);
int vhu_ring_set_err(struct vhu_backend *be, struct vhu_msg *msg);
int vhu_ring_set_enable(struct vhu_backend *be, struct vhu_msg *msg);
/* Stops all queues. @forget: also what was said about them, for the next front-end. */
void vhu_rings_stop(struct vhu_dev *dev, bool forget);
/* A ring that nobody enables or disables is enabled (no PROTOCOL_FEATURES). */
void vhu_rings_default_enable(struct vhu_dev *dev, bool enabled);
bool vhu_rings_running(const struct vhu_dev *dev);
int vhu_rings_remap(struct vhu_dev *dev, struct vhu_mem *mem);

#endif /* VHU_BACKEND_H */
