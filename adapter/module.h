/* SPDX-License-Identifier: MIT */
/*
 * The adapter's end of /dev/virtio-loopback (include/uapi/virtio_loopback.h): one
 * struct module is one open file, hence one device. It owns the file, the pool
 * and the eventfds; freeing it takes the device away from the kernel.
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

/* What module_create() is told; see struct vlb_create for the limits. */
struct module_device {
	const char *name;
	uint32_t device_id;
	unsigned int num_queues;
	unsigned int queue_size;
	uint32_t config_size;
	uint64_t features;
	uint64_t bounce_size;
};

/* Also checks the ABI: -EPROTONOSUPPORT when the module speaks another one. */
int module_open(const char *control, struct module **mod);
void module_free(struct module *mod); /* NULL is fine */

/* The device and its queues; no driver sees it before module_start(). */
int module_create(struct module *mod, const struct module_device *device);
int module_start(struct module *mod);

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
