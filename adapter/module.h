/* SPDX-License-Identifier: MIT */
/*
 * The adapter's end of /dev/virtio-loopback (include/uapi/virtio_loopback.h): one
 * struct module is one open file, hence one device. It owns the file, the pool
 * and the eventfds; freeing it takes the device away from the kernel. A process that
 * dies leaves the device behind, if it is @adoptable, and the next one may adopt it.
 *
 * Functions return 0 or -errno.
 */
#ifndef ADAPTER_MODULE_H
#define ADAPTER_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include <virtio_loopback.h>

struct module;

/**
 * struct module_pool - the memory that the daemon gets
 * @fd: memory file; stays the module's
 * @iova: address of its first byte in rings and descriptors
 * @size: bytes
 */
struct module_pool {
	int fd;
	uint64_t iova;
	uint64_t size;
};

/*
 * What module_create() is told; see struct vlb_create for the limits. Modules that do not know adoption
 * ignore @adoptable.
 */
struct module_device {
	const char *name;
	bool adoptable;
	uint32_t device_id;
	unsigned int num_queues;
	unsigned int queue_size;
	uint32_t config_size;
	uint64_t features;
	uint64_t bounce_size;
};

/**
 * struct module_orphan - what a dead adapter has left
 * @device: as it was created, but for the name; features with VIRTIO_F_ACCESS_PLATFORM
 * @status: of the device, as the driver has set it last
 * @driver_features: what the driver took, 0 before DRIVER_OK
 */
struct module_orphan {
	struct module_device device;
	uint32_t status;
	uint64_t driver_features;
};

/* Also checks the ABI: -EPROTONOSUPPORT when the module speaks another one. */
int module_open(const char *control, struct module **mod);
void module_free(struct module *mod); /* NULL is fine */

/* The device and its queues; no driver sees it before module_start(). */
int module_create(struct module *mod, const struct module_device *device);
int module_start(struct module *mod);

/*
 * In the place of both: go on with the device of that name and type whose adapter died. Its back-end is down until
 * module_set_backend(). -ENOENT: there is none; -EBUSY: its adapter lives; -EPERM: it is another user's; -EINVAL:
 * it is of another type.
 */
int module_adopt(struct module *mod, const char *name, uint32_t device_id, struct module_orphan *orphan);

unsigned int module_index(const struct module *mod); /* N of virtio-loopback.N */
void module_pool(const struct module *mod, struct module_pool *pool);
int module_kick_fd(const struct module *mod, unsigned int queue);
int module_call_fd(const struct module *mod, unsigned int queue);

/*
 * Make a new daemon and the driver look at all queues once: the dead daemon may
 * have taken kicks without serving them, or used buffers without calling. The counters
 * start afresh, lest an overflow that it left behind stops the next one.
 */
int module_rekick(struct module *mod);

int module_set_backend(struct module *mod, bool up);
int module_get_queue(struct module *mod, unsigned int queue, struct vlb_queue_state *state);
/*
 * The same for a daemon that takes the place of one that died, while the backend is down: the ring then has
 * what that one took and did not finish. -ESTALE: it lied in its used ring, and nobody can go on.
 */
int module_resume_queue(struct module *mod, unsigned int queue, struct vlb_queue_state *state);
int module_config_changed(struct module *mod);

int module_fd(const struct module *mod); /* readable when a request waits */
int module_read(struct module *mod, struct vlb_request *req); /* -EAGAIN: none waits */
/* -ENOENT: the kernel did not wait that long. */
int module_respond(struct module *mod, const struct vlb_response *resp);

#endif /* ADAPTER_MODULE_H */
