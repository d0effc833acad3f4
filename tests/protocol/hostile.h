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

extern const struct hostile hostile_messages[];
extern const unsigned int num_hostile_messages;
extern const struct hostile hostile_rings[];
extern const unsigned int num_hostile_rings;

/* For those who write past frontend.h. Errors are ignored: the peer may have hung up already. */
void raw_bytes(struct frontend *fe, const void *data, size_t len);
void raw_fds(struct frontend *fe, const void *data, size_t len, int fd, unsigned int times);
void raw_msg(struct frontend *fe, struct vhu_msg *msg); /* no flag added, no answer awaited */

#endif /* TEST_HOSTILE_H */
