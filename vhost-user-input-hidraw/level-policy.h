/* SPDX-License-Identifier: MIT */
/*
 * When a panel's sensitivity is set. Each time costs a restart of the panel: some
 * seconds without touch, and wear of its memory. So one at a time, never twice for
 * the same reason, and few for a driver that may be hostile. No I/O, no clock.
 */
#ifndef LEVEL_POLICY_H
#define LEVEL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "htt-features.h"

/* A driver's requests may restart the panel so often at once, and then once for each period of this length. */
#define LEVEL_POLICY_RESTARTS  8
#define LEVEL_POLICY_PERIOD_US (UINT64_C(10) * 60 * 1000000)

#define LEVEL_NONE (-1)

/* What is to be done now. */
enum level_step {
	LEVEL_REST, /* nothing */
	LEVEL_TELL, /* tell the driver the present level */
	LEVEL_SET, /* tell the driver the present level and set @target */
};

/* What is wrong with the level that the panel has, to be complained of. */
enum level_fault {
	LEVEL_FINE,
	LEVEL_NOT_KEPT, /* the one that was set is not there after the restart */
	LEVEL_LACKING, /* this panel cannot have @wish; told once for each time that such panels follow one that can */
};

/**
 * struct level_policy - read it, but change it by the functions only
 * @wish: to be set at each attach: the option's, later the driver's last request if there was an option; or LEVEL_NONE
 * @levels: how many the panel has that is there
 * @level: the present one, or the last known while it is away; LEVEL_NONE: not known
 * @target: being set, until the panel tells its level again; or LEVEL_NONE
 * @next: asked for meanwhile, or LEVEL_NONE
 * @ignored: the panel did not keep a level, so @wish is not set again
 * @lacking: the panel cannot have @wish
 * @restarts: left for the driver
 * @paid_us: up to when restarts were handed out
 */
struct level_policy {
	int wish;
	unsigned int levels;
	int level;
	int target;
	int next;
	bool present;
	bool ignored;
	bool lacking;
	unsigned int restarts;
	uint64_t paid_us;
};

/* Times are of one clock that only goes forward, in microseconds. */
void level_policy_init(struct level_policy *policy, int wish, uint64_t now);

/**
 * level_policy_seen - the panel was found, or asked again after @target should have been set
 * @levels, @level: what it said, as in struct sensitivity; @levels 0: it has none
 */
enum level_step level_policy_seen(
	struct level_policy *policy, unsigned int levels, unsigned int level, uint64_t now, enum level_fault *fault);

/* The panel has gone. */
void level_policy_gone(struct level_policy *policy);

/* It has not come back in time, or could not be asked: no longer wait for @target. */
enum level_step level_policy_give_up(struct level_policy *policy);

/**
 * level_policy_request - the driver asks for a level
 * @level: enum htt_level
 * @refusal: why not, for the log, or NULL
 */
enum level_step level_policy_request(
	struct level_policy *policy, unsigned int level, uint64_t now, const char **refusal);

#endif /* LEVEL_POLICY_H */
