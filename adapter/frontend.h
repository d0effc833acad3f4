/* SPDX-License-Identifier: MIT */
/*
 * The front-end side of one vhost-user connection (QEMU's
 * docs/interop/vhost-user.rst). The daemon is not trusted: each answer's
 * request, flags, size and descriptors are checked, and everything has an end.
 *
 * Functions return 0 or -errno. After an error frontend_why() says in words what
 * happened. If frontend_broken() says so, the daemon is gone, late or out of step:
 * free the front-end. Else it refused one request and serves on.
 */
#ifndef ADAPTER_FRONTEND_H
#define ADAPTER_FRONTEND_H

#include <stdbool.h>
#include <stdint.h>

struct frontend;

/**
 * struct frontend_queue - a ring that the daemon shall serve
 * @index: queue number
 * @size: descriptors
 * @base: first entry of the available ring to be served
 * @desc: descriptor table; like the next two an address of the region of
 *	frontend_set_memory()
 * @avail: available ring
 * @used: used ring
 * @kick_fd: eventfd of the driver's notifications; stays the caller's
 * @call_fd: eventfd of the device's interrupts; stays the caller's
 */
struct frontend_queue {
	unsigned int index;
	unsigned int size;
	uint16_t base;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
	int kick_fd;
	int call_fd;
};

/* Connect without waiting: -ENOENT, -ECONNREFUSED, -EAGAIN (nobody accepts now), or another -errno. */
int frontend_connect(const char *path, int *fd);

/**
 * frontend_new - a front-end on a connected socket
 * @fd: becomes the front-end's, also on failure
 * @timeout_ms: what frontend_start_clock() grants
 */
int frontend_new(int fd, int timeout_ms, struct frontend **fe);
void frontend_free(struct frontend *fe); /* hangs up; NULL is fine */

/* All calls until the next one of this function share one deadline, @timeout_ms from now. */
void frontend_start_clock(struct frontend *fe);

/* Features, protocol features, number of queues, back-end channel, ownership. */
int frontend_handshake(struct frontend *fe);

uint64_t frontend_features(const struct frontend *fe); /* what the daemon offers */
unsigned int frontend_max_queues(const struct frontend *fe); /* 0: it does not say */
bool frontend_has_config(const struct frontend *fe); /* it serves configuration space */
int frontend_broken(const struct frontend *fe); /* 0, or why: -ECONNRESET when it hung up */
const char *frontend_why(const struct frontend *fe);

/* Configuration space from byte 0; @len is all of it, since some daemons ignore the offset. */
int frontend_get_config(struct frontend *fe, void *data, uint32_t len);
int frontend_set_config(struct frontend *fe, uint32_t offset, const void *data, uint32_t len);

int frontend_set_features(struct frontend *fe, uint64_t features);
/* @fd stays the caller's; @addr is guest and user address at once. */
int frontend_set_memory(struct frontend *fe, int fd, uint64_t addr, uint64_t size);
int frontend_start_queue(struct frontend *fe, const struct frontend_queue *queue);
/* The daemon has let go of the ring when this returns 0. */
int frontend_stop_queue(struct frontend *fe, unsigned int index);
/* Tell a network card's daemon the largest frame, where it wants to know. */
int frontend_set_mtu(struct frontend *fe, unsigned int mtu);
/* Where a GPU's daemon sends its pictures (adapter/display/); @fd stays the caller's. */
int frontend_set_gpu_socket(struct frontend *fe, int fd);
/* Forget all state of the driver, where the daemon knows how. */
int frontend_reset(struct frontend *fe);
/* Wait until the daemon has seen everything sent so far. */
int frontend_sync(struct frontend *fe);
/*
 * Ask the daemon for a sign of life, which frontend_idle_input() or the next call takes; nobody waits for it.
 * With the last one still to come the daemon counts as late: -ETIMEDOUT, frontend_broken().
 */
int frontend_ping(struct frontend *fe);

int frontend_fd(const struct frontend *fe); /* readable without a call under way: see frontend_idle_input() */
int frontend_backend_fd(const struct frontend *fe); /* back-end channel, or -1 */

bool frontend_hung_up(const struct frontend *fe); /* now */

/* Nothing may come on the main socket between calls but its end and the answer to a ping; 0: the daemon serves on. */
int frontend_idle_input(struct frontend *fe);
/*
 * One message of the back-end channel; *@config_changed tells whether it was about
 * that. -ECONNRESET: the daemon closed the channel, which it may; the descriptor is gone.
 */
int frontend_backend_input(struct frontend *fe, bool *config_changed);

#endif /* ADAPTER_FRONTEND_H */
