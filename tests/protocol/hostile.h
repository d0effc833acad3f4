/* SPDX-License-Identifier: MIT */
/*
 * One way to misbehave. It gets a fresh connection; afterwards the test looks
 * whether the daemon still serves a polite front-end and leaked nothing.
 */
#ifndef TEST_HOSTILE_H
#define TEST_HOSTILE_H

#include "tests/protocol/frontend.h"

enum expect {
	EXPECT_CLOSED, /* the daemon hangs up */
	EXPECT_ALIVE, /* it answers on the same connection */
	EXPECT_ANY, /* depends on random(): done many times */
};

struct hostile {
	const char *name;
	enum expect expect;
	void (*act)(struct frontend *fe);
};

/* Entries of the tables below */
#define CLOSED(f) \
	{ \
#f, EXPECT_CLOSED, f \
	}
#define ALIVE(f) \
	{ \
#f, EXPECT_ALIVE, f \
	}
#define ANY(f) \
	{ \
#f, EXPECT_ANY, f \
	}

extern const struct hostile hostile_messages[];
extern const unsigned int num_hostile_messages;
extern const struct hostile hostile_queues[];
extern const unsigned int num_hostile_queues;
extern const struct hostile hostile_rings[];
extern const unsigned int num_hostile_rings;

/* For those who write past frontend.h. Errors are ignored: the peer may have hung up already. */
void raw_bytes(struct frontend *fe, const void *data, size_t len);
void raw_fds(struct frontend *fe, const void *data, size_t len, int fd, unsigned int times);
void raw_msg(struct frontend *fe, struct vhu_msg *msg); /* no flag added, no answer awaited */

/* Negotiate and share memory, without REPLY_ACK: the daemon cannot say no then, so it has to hang up. */
void hostile_set_up(struct frontend *fe);
/* The last queue: one that any device empties as soon as it is kicked. */
unsigned int hostile_queue(const struct frontend *fe);
/* The same, and that queue runs with HOSTILE_SIZE descriptors. */
struct drv_ring *hostile_ring(struct frontend *fe);
#define HOSTILE_SIZE 8

#endif /* TEST_HOSTILE_H */
