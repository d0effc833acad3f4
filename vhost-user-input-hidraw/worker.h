/* SPDX-License-Identifier: MIT */
/*
 * One thread for what may block: a feature report of a USB panel can take five
 * seconds, and opening any hidraw node waits for it (drivers/hid/hidraw.c has one
 * lock for both). Touches and vhost-user messages go on meanwhile.
 */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct worker;

/**
 * struct worker_job - part of what the caller allocates for a job
 * @run: in the thread; must not touch anything that the loop uses, nor log
 * @done: in the loop, once for each job; frees it. @cancelled: the worker goes,
 *	so the job may not have run, and nothing else may be done
 */
struct worker_job {
	struct worker_job *next;
	void (*run)(struct worker_job *job);
	void (*done)(struct worker_job *job, bool cancelled);
};

/* 0 or -errno */
int worker_new(sd_event *event, struct worker **worker);

/* Waits for the job that runs, that is for as long as the kernel lets it wait; cancels the rest. NULL is fine. */
void worker_free(struct worker *worker);

/* Jobs run one after the other, in the order of these calls. */
void worker_start(struct worker *worker, struct worker_job *job);

#endif /* WORKER_H */
