/* SPDX-License-Identifier: MIT */
/*
 * The events between the panel's frames and the driver's buffers.
 *
 * A frame is often longer than the ring (QEMU gives virtio-input 4 descriptors,
 * Linux posts at most 64 buffers), so events wait here and go out one by one as
 * buffers come back. Order is kept and nothing is lost, up to the queue's
 * capacity. A driver that takes no events for longer than that gets, once it
 * does again, the rest of the frame it had begun to read and then the way from
 * there to the state on the glass: positions between are skipped, but no finger
 * is left down, and none is up that is not.
 */
#ifndef EVENT_QUEUE_H
#define EVENT_QUEUE_H

#include "touch-state.h"

/* About two seconds of ten fingers at 125 frames a second. */
#define EVENT_QUEUE_CAPACITY 8192

struct event_queue;

/**
 * struct event_queue_stats - since the queue was made
 * @events: given to the driver
 * @frames: of these, SYN_REPORT
 * @overflows: how often the queue was full and frames were skipped
 * @most: the most events that waited at a time
 */
struct event_queue_stats {
	uint64_t events;
	uint64_t frames;
	uint64_t overflows;
	unsigned int most;
};

/* @capacity in events, at least TOUCH_MAX_EVENTS. 0, -EINVAL or -ENOMEM. */
int event_queue_new(const struct touch_axes *axes, unsigned int capacity, struct event_queue **queue);
void event_queue_free(struct event_queue *queue); /* NULL is fine */

/*
 * A driver is there, and what it knows is not known: it may have lived through
 * the end of an earlier daemon. It is told to lift everything, then what @now is.
 */
void event_queue_start(struct event_queue *queue, const struct touch_state *now);

/* The driver has gone: forget what waits, and take nothing in until the next start. */
void event_queue_stop(struct event_queue *queue);

/* The state on the glass is @now. */
void event_queue_update(struct event_queue *queue, const struct touch_state *now);

/*
 * The panel's sensitivity is @level: the driver gets it as {EV_ABS, ABS_MISC}, in a frame of its own, before what
 * waits, and again after each start. Negative: nothing to tell.
 */
void event_queue_tell_level(struct event_queue *queue, int level);

bool event_queue_empty(const struct event_queue *queue);

/* Take the next event out; it must reach the driver. False when there is none, even if the queue was not empty. */
bool event_queue_next(struct event_queue *queue, struct touch_event *event);

const struct event_queue_stats *event_queue_stats(const struct event_queue *queue);

#endif /* EVENT_QUEUE_H */
