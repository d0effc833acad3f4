/* SPDX-License-Identifier: MIT */
/*
 * A vhost-user front-end with a driver inside, for tests. Polite calls do what
 * the protocol says; fe_send() does anything. Built on wire and channel only, so
 * that it shares no state machine with what it tests.
 */
#ifndef TEST_FRONTEND_H
#define TEST_FRONTEND_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/protocol/driver.h"
#include "vhost-user/channel.h"

#define FE_MAX_QUEUES 16
#define FE_MEM_BYTES  0x100000u
#define FE_QUEUE_ROOM 0x8000ul /* ring of queue i: at i times this */
#define FE_BUFFERS    0x80000u
#define FE_GUEST      UINT64_C(0x140000000)
#define FE_USER	      UINT64_C(0x7fee00000000)
#define FE_TIMEOUT_MS 20000

struct fe_queue {
	struct drv_ring ring;
	int kick;
	int call;
};

/**
 * struct frontend - one connection
 * @fd: the socket
 * @features: negotiated
 * @protocol_features: negotiated
 * @num_queues: what the back-end has, at most FE_MAX_QUEUES
 * @mem_fd: the memory file of FE_MEM_BYTES
 * @mem: its mapping
 * @channel: our end of the back-end channel, or -1
 */
struct frontend {
	int fd;
	uint64_t features;
	uint64_t protocol_features;
	unsigned int num_queues;
	int mem_fd;
	char *mem;
	int channel;
	struct fe_queue queues[FE_MAX_QUEUES];
};

void fe_init(struct frontend *fe); /* not connected; may be closed */

/* All return 0 or -errno; -EREMOTEIO: the back-end said no. */
int fe_connect(struct frontend *fe, const char *path);
int fe_adopt(struct frontend *fe, int fd); /* an already connected socket, owned from here on */
void fe_close(struct frontend *fe); /* twice is fine */

/* A message of any kind as the protocol has it; waits for the acknowledgement if that was negotiated. */
int fe_send(struct frontend *fe, struct vhu_msg *msg);
int fe_ask(struct frontend *fe, struct vhu_msg *msg); /* ... that is answered; the answer replaces it */
int fe_get_u64(struct frontend *fe, uint32_t request, uint64_t *value);
int fe_set_u64(struct frontend *fe, uint32_t request, uint64_t value);
int fe_set_state(struct frontend *fe, uint32_t request, uint32_t index, uint32_t num);
int fe_set_fd(struct frontend *fe, uint32_t request, unsigned int index, int fd);
int fe_get_config(struct frontend *fe, uint32_t offset, void *data, uint32_t len);
int fe_set_config(struct frontend *fe, uint32_t offset, const void *data, uint32_t len);

/* Handshake without optional parts (@protocol: mask of what may be used) and without virtio features but @features. */
int fe_negotiate(struct frontend *fe, uint64_t features, uint64_t protocol);
struct vhu_msg fe_mem_table(const struct frontend *fe); /* one region, @mem_fd at FE_GUEST and FE_USER */
int fe_share_memory(struct frontend *fe);
int fe_open_channel(struct frontend *fe);

struct vhu_msg fe_ring_addr(const struct frontend *fe, unsigned int index);
int fe_queue_start(struct frontend *fe, unsigned int index, unsigned int size, uint16_t base);
int fe_queue_stop(struct frontend *fe, unsigned int index, uint16_t *base);
/* Everything up to running queues of @size, with all that was offered. */
int fe_start_all(struct frontend *fe, unsigned int size);

void fe_kick(struct frontend *fe, unsigned int index);
bool fe_wait_call(struct frontend *fe, unsigned int index, int timeout_ms);
bool fe_wait_closed(struct frontend *fe, int timeout_ms); /* did the back-end hang up? Reads what comes before */
bool fe_alive(struct frontend *fe); /* does the back-end answer? */

#endif /* TEST_FRONTEND_H */
