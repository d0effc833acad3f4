/* SPDX-License-Identifier: MIT */
/* A scripted vhost-user daemon in a thread: polite, but for one request. */
#ifndef TESTS_ADAPTER_FAKE_H
#define TESTS_ADAPTER_FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#define FAKE_SEEN 256

enum fake_fault {
	FAKE_POLITE,
	FAKE_SILENT, /* no answer, connection kept */
	FAKE_HANGUP, /* closes instead of answering */
	FAKE_OTHER_REQUEST, /* answers a question that was not asked */
	FAKE_NO_REPLY_FLAG,
	FAKE_WRONG_SIZE,
	FAKE_WITH_FD,
	FAKE_GARBAGE, /* bytes that are no message */
	FAKE_TRICKLE, /* one byte at a time, never done */
	FAKE_NO, /* a well-formed refusal */
	FAKE_UNASKED, /* the answer twice */
};

/**
 * struct fake - set the first part before fake_start(), look at the second after fake_stop()
 * @fault: how the request @faulty is treated
 * @seen: the requests, in order; @values: the u64 or the vring num that came with them
 */
struct fake {
	uint64_t features;
	uint64_t protocol;
	uint64_t queues;
	uint32_t config_size;
	uint32_t faulty;
	enum fake_fault fault;

	uint32_t seen[FAKE_SEEN];
	uint64_t values[FAKE_SEEN];
	unsigned int num_seen;
	struct vhu_mem_region region;
	struct vhu_vring_addr addr;
	uint64_t acked_features;
	uint64_t acked_protocol;
	uint32_t base[4];
	bool enabled[4];
	int backend_fd; /* of SET_BACKEND_REQ_FD; the test may use it after fake_wait() */

	int fd;
	int listen_fd;
	pthread_t thread;
};

void fake_init(struct fake *f); /* a polite input device */
/* Serve one connection; returns the front-end's end of it. */
int fake_start(struct fake *f);
/* Serve one connection after the other at @path. */
void fake_listen(struct fake *f, const char *path);
void fake_stop(struct fake *f);
/* Wait until the fake has seen @request @times times; false after two seconds. */
bool fake_wait(const struct fake *f, uint32_t request, unsigned int times);
unsigned int fake_count(const struct fake *f, uint32_t request);

unsigned int fake_open_fds(void); /* of this process */

#endif /* TESTS_ADAPTER_FAKE_H */
