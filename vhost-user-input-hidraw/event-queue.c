// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/input.h>
#include <stdlib.h>

#include "event-queue.h"

/**
 * struct event_queue - see the header
 * @running: a driver is there
 * @behind: frames were skipped; @latest waits until the queue is empty
 * @told: what the reader knows once it has all that waits
 * @sent: what it knows now, possibly in the middle of a frame
 * @latest: the state to go to when @behind
 * @first: place of the oldest event
 * @count: events that wait
 * @level: of sensitivity, negative: none
 * @level_due: the driver is to be told
 * @level_open: its frame has begun: the next event is its SYN_REPORT
 */
struct event_queue {
	struct touch_axes axes;
	bool running;
	bool behind;
	bool in_frame; /* the last event sent was no SYN_REPORT */
	struct touch_state told;
	struct touch_state sent;
	struct touch_state latest;
	struct event_queue_stats stats;
	struct touch_event scratch[TOUCH_MAX_EVENTS];
	unsigned int capacity;
	unsigned int first;
	unsigned int count;
	int level;
	bool level_due;
	bool level_open;
	struct touch_event events[];
};

int event_queue_new(const struct touch_axes *axes, unsigned int capacity, struct event_queue **result)
{
	struct event_queue *queue;

	*result = NULL;
	if (capacity < TOUCH_MAX_EVENTS || axes->slots < 1 || axes->slots > TOUCH_MAX_SLOTS)
		return -EINVAL;
	queue = calloc(1, sizeof(*queue) + capacity * sizeof(queue->events[0]));
	if (!queue)
		return -ENOMEM;
	queue->axes = *axes;
	queue->capacity = capacity;
	queue->level = -1;
	touch_state_init(&queue->told, axes->slots);
	queue->sent = queue->told;
	*result = queue;
	return 0;
}

void event_queue_free(struct event_queue *queue)
{
	free(queue);
}

static struct touch_event *at(struct event_queue *queue, unsigned int index)
{
	return &queue->events[(queue->first + index) % queue->capacity];
}

static bool is_end(const struct touch_event *event)
{
	return event->type == EV_SYN && event->code == SYN_REPORT;
}

/* Adds the first @count events of the scratch space; false, and nothing added, if they do not fit. */
static bool append_scratch(struct event_queue *queue, unsigned int count)
{
	unsigned int i;

	if (count > queue->capacity - queue->count)
		return false;
	for (i = 0; i < count; i++)
		*at(queue, queue->count + i) = queue->scratch[i];
	queue->count += count;
	if (queue->count > queue->stats.most)
		queue->stats.most = queue->count;
	return true;
}

/* Drops the frames that wait, but not the end of one whose beginning the reader has. */
static void drop_frames(struct event_queue *queue)
{
	unsigned int kept = 0;

	queue->told = queue->sent;
	while (queue->in_frame && kept < queue->count) {
		const struct touch_event *event = at(queue, kept++);

		touch_state_consume(&queue->told, event);
		if (is_end(event))
			break;
	}
	queue->count = kept;
}

void event_queue_start(struct event_queue *queue, const struct touch_state *now)
{
	event_queue_stop(queue);
	queue->running = true;
	append_scratch(queue, touch_state_forget(&queue->told, queue->scratch));
	queue->sent = queue->told;
	event_queue_update(queue, now);
	queue->level_due = queue->level >= 0;
}

void event_queue_stop(struct event_queue *queue)
{
	queue->running = false;
	queue->behind = false;
	queue->in_frame = false;
	queue->count = 0;
	queue->level_due = false;
	queue->level_open = false;
}

void event_queue_tell_level(struct event_queue *queue, int level)
{
	queue->level = level;
	queue->level_due = queue->running && level >= 0;
}

static void overflow(struct event_queue *queue, const struct touch_state *now)
{
	drop_frames(queue);
	queue->latest = *now;
	queue->behind = true;
	queue->stats.overflows++;
}

void event_queue_update(struct event_queue *queue, const struct touch_state *now)
{
	unsigned int count;

	if (!queue->running)
		return;
	if (queue->behind) {
		queue->latest = *now;
		return;
	}
	count = touch_state_diff(&queue->axes, &queue->told, now, queue->scratch);
	if (!append_scratch(queue, count))
		overflow(queue, now);
}

static void catch_up(struct event_queue *queue)
{
	queue->behind = false;
	append_scratch(queue, touch_state_diff(&queue->axes, &queue->told, &queue->latest, queue->scratch));
}

bool event_queue_empty(const struct event_queue *queue)
{
	return queue->count == 0 && !queue->behind && !queue->level_due && !queue->level_open;
}

/* A state, not a step on a way: it need not keep its place among the fingers, only out of their frames. */
static bool next_of_level(struct event_queue *queue, struct touch_event *event)
{
	if (queue->level_open) {
		*event = (struct touch_event) { EV_SYN, SYN_REPORT, 0 };
		queue->level_open = false;
		queue->stats.frames++;
	} else if (queue->level_due && !queue->in_frame) {
		*event = (struct touch_event) { EV_ABS, ABS_MISC, queue->level };
		queue->level_open = true;
		queue->level_due = false;
	} else {
		return false;
	}
	queue->stats.events++;
	return true;
}

bool event_queue_next(struct event_queue *queue, struct touch_event *event)
{
	if (next_of_level(queue, event))
		return true;
	/* As late as possible, so that the driver gets the newest state. */
	if (queue->count == 0 && queue->behind)
		catch_up(queue);
	if (queue->count == 0)
		return false;
	*event = *at(queue, 0);
	queue->first = (queue->first + 1) % queue->capacity;
	queue->count--;
	touch_state_consume(&queue->sent, event);
	queue->in_frame = !is_end(event);
	queue->stats.events++;
	queue->stats.frames += is_end(event);
	return true;
}

const struct event_queue_stats *event_queue_stats(const struct event_queue *queue)
{
	return &queue->stats;
}
