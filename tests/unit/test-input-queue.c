// SPDX-License-Identifier: MIT
/* Events on their way to a driver that is slow, stalls, goes and comes back. */
#include <errno.h>
#include <linux/input.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "hid-builder.h"
#include "vhost-user-input-hidraw/event-queue.h"

#define SLOTS 10
#define RANGE 4096

static const struct touch_axes axes = {
	.slots = SLOTS,
	.range = { [TOUCH_X] = { true, 0, RANGE - 1, 0 }, [TOUCH_Y] = { true, 0, RANGE - 1, 0 } },
};

struct place {
	int tracking;
	int x;
	int y;
};

/* A reader as strict as an input library: what it knows, and what it knew at the last SYN_REPORT. */
struct reader {
	int slot;
	int pressed;
	struct place now[SLOTS];
	struct place then[SLOTS];
	unsigned int events_in_frame;
	uint64_t frames;
	bool level_frame; /* which has nothing else in it */
	int level;
};

static void reader_init(struct reader *reader)
{
	unsigned int i;

	memset(reader, 0, sizeof(*reader));
	for (i = 0; i < SLOTS; i++)
		reader->now[i].tracking = reader->then[i].tracking = -1;
}

static void end_frame(struct reader *reader)
{
	unsigned int i;
	int down = 0;

	assert_true(reader->events_in_frame > 0);
	for (i = 0; i < SLOTS; i++) {
		int before = reader->then[i].tracking, after = reader->now[i].tracking;

		down |= after != -1;
		/* A finger must be seen to go before another one takes its slot. */
		if (before != -1 && after != -1)
			assert_int_equal(before, after);
	}
	assert_int_equal(reader->pressed, down);
	memcpy(reader->then, reader->now, sizeof(reader->then));
	reader->level_frame = false;
	reader->events_in_frame = 0;
	reader->frames++;
}

static void reader_take(struct reader *reader, const struct touch_event *event)
{
	struct place *place = &reader->now[reader->slot];

	if (event->type == EV_SYN) {
		end_frame(reader);
		return;
	}
	assert_false(reader->level_frame);
	reader->events_in_frame++;
	if (event->type == EV_KEY) {
		assert_int_equal(event->code, BTN_TOUCH);
		reader->pressed = event->value;
		return;
	}
	assert_int_equal(event->type, EV_ABS);
	switch (event->code) {
	case ABS_MT_SLOT:
		assert_in_range(event->value, 0, SLOTS - 1);
		reader->slot = event->value;
		break;
	case ABS_MT_TRACKING_ID: place->tracking = event->value; break;
	case ABS_MT_POSITION_X: place->x = event->value; break;
	case ABS_MT_POSITION_Y: place->y = event->value; break;
	case ABS_MISC:
		assert_int_equal(reader->events_in_frame, 1);
		reader->level_frame = true;
		reader->level = event->value;
		break;
	}
}

/* Does the reader see exactly the fingers that are on the glass? */
static void same(const struct reader *reader, const struct touch_state *glass)
{
	unsigned int i;

	assert_int_equal(reader->events_in_frame, 0);
	for (i = 0; i < SLOTS; i++) {
		assert_int_equal(reader->now[i].tracking, glass->slots[i].tracking);
		if (glass->slots[i].tracking == TOUCH_UP)
			continue;
		assert_int_equal(reader->now[i].x, glass->slots[i].axis[TOUCH_X]);
		assert_int_equal(reader->now[i].y, glass->slots[i].axis[TOUCH_Y]);
	}
}

/* Fingers that come, move and go at random. */
static void next_frame(struct touch_frame *frame, uint64_t *seed)
{
	bool down[SLOTS] = { false };
	unsigned int i;

	for (i = 0; i < frame->count; i++)
		down[frame->contacts[i].id] = true;
	frame->whole = true;
	frame->count = 0;
	for (i = 0; i < SLOTS; i++) {
		struct touch_contact *contact;

		if (draw(seed, 8) == 0)
			down[i] = !down[i];
		if (!down[i])
			continue;
		contact = &frame->contacts[frame->count++];
		contact->id = i;
		contact->down = true;
		contact->axis[TOUCH_X] = (int32_t)draw(seed, RANGE);
		contact->axis[TOUCH_Y] = (int32_t)draw(seed, RANGE);
	}
}

struct run {
	struct event_queue *queue;
	struct touch_state glass;
	struct touch_frame frame;
	struct reader reader;
	uint64_t seed;
};

static void run_init(struct run *run, unsigned int capacity, uint64_t seed)
{
	memset(run, 0, sizeof(*run));
	run->seed = seed;
	touch_state_init(&run->glass, SLOTS);
	reader_init(&run->reader);
	assert_int_equal(event_queue_new(&axes, capacity, &run->queue), 0);
}

static unsigned int take(struct run *run, unsigned int buffers)
{
	struct touch_event event;
	unsigned int taken = 0;

	while (taken < buffers && event_queue_next(run->queue, &event)) {
		reader_take(&run->reader, &event);
		taken++;
	}
	return taken;
}

static void touch(struct run *run)
{
	next_frame(&run->frame, &run->seed);
	touch_state_apply(&run->glass, &run->frame);
	event_queue_update(run->queue, &run->glass);
}

static void lift(struct run *run)
{
	unsigned int i;

	touch_state_lift(&run->glass);
	run->frame.count = 0;
	event_queue_update(run->queue, &run->glass);
	while (!event_queue_empty(run->queue))
		take(run, 1000);
	same(&run->reader, &run->glass);
	for (i = 0; i < SLOTS; i++)
		assert_int_equal(run->reader.now[i].tracking, -1);
}

/* Slots of two moments; the padding between their members says nothing. */
static bool slots_differ(const struct touch_state *a, const struct touch_state *b)
{
	for (unsigned int i = 0; i < TOUCH_MAX_SLOTS; i++) {
		if (a->slots[i].tracking != b->slots[i].tracking ||
			memcmp(a->slots[i].axis, b->slots[i].axis, sizeof(a->slots[i].axis)) != 0)
			return true;
	}
	return false;
}

/* A ring much shorter than a frame loses nothing as long as its buffers come back. */
static void nothing_is_lost(unsigned int ring)
{
	uint64_t changed = 0;
	struct run run;
	unsigned int i;

	run_init(&run, EVENT_QUEUE_CAPACITY, 1);
	event_queue_start(run.queue, &run.glass);
	take(&run, 1000);
	run.reader.frames = 0;
	for (i = 0; i < 5000; i++) {
		struct touch_state before = run.glass;

		touch(&run);
		changed += slots_differ(&before, &run.glass);
		/* the driver returns its buffers a ring at a time; the frame streams through */
		while (take(&run, ring) == ring)
			assert_true(event_queue_stats(run.queue)->overflows == 0);
		same(&run.reader, &run.glass);
	}
	assert_true(run.reader.frames >= changed); /* a slot with a new finger makes two */
	assert_int_equal(event_queue_stats(run.queue)->overflows, 0);
	lift(&run);
	event_queue_free(run.queue);
}

static void ring_of_four(void **state)
{
	nothing_is_lost(4);
}

static void ring_of_sixty_four(void **state)
{
	nothing_is_lost(64);
}

/* Every frame arrives, in order, when the driver is late but within the capacity. */
static void late_driver_sees_every_frame(void **state)
{
	static int32_t sent[200];
	struct touch_frame frame = { .whole = true, .count = 1, .contacts = { { .id = 1, .down = true } } };
	struct touch_event event;
	unsigned int i, seen = 0;
	struct run run;

	run_init(&run, EVENT_QUEUE_CAPACITY, 1);
	event_queue_start(run.queue, &run.glass);
	for (i = 0; i < 200; i++) {
		sent[i] = frame.contacts[0].axis[TOUCH_X] = (int32_t)(i * 7 % RANGE);
		frame.contacts[0].axis[TOUCH_Y] = (int32_t)i;
		touch_state_apply(&run.glass, &frame);
		event_queue_update(run.queue, &run.glass);
	}
	while (event_queue_next(run.queue, &event)) {
		if (event.type == EV_ABS && event.code == ABS_MT_POSITION_X)
			assert_int_equal(event.value, sent[seen++]);
		reader_take(&run.reader, &event);
	}
	assert_int_equal(seen, 200);
	same(&run.reader, &run.glass);
	event_queue_free(run.queue);
}

/*
 * The property: whatever the fingers and the driver do, a driver that takes
 * events again sees frames that are sound, and in the end what is on the glass.
 */
static void stalls(unsigned int capacity, uint64_t seed)
{
	struct run run;
	unsigned int i, burst;
	int level = 0;

	run_init(&run, capacity, seed);
	event_queue_start(run.queue, &run.glass);
	for (i = 0; i < 3000; i++) {
		/* mostly keeps up, sometimes a little late, sometimes stands still for long */
		burst = draw(&run.seed, 20) ? 1 : draw(&run.seed, 100);
		while (burst--)
			touch(&run);
		take(&run, draw(&run.seed, 3) ? 4 + draw(&run.seed, 60) : 0);
		if (draw(&run.seed, 15) == 0)
			event_queue_tell_level(run.queue, level = (int)draw(&run.seed, 3));
		if (event_queue_empty(run.queue)) {
			same(&run.reader, &run.glass);
			assert_int_equal(run.reader.level, level);
		}
		if (draw(&run.seed, 300) == 0)
			lift(&run);
	}
	assert_true(event_queue_stats(run.queue)->most <= capacity);
	lift(&run);
	event_queue_free(run.queue);
}

static void stalled_driver(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= 20; seed++) {
		stalls(TOUCH_MAX_EVENTS, seed);
		stalls(EVENT_QUEUE_CAPACITY, seed);
	}
}

static void overflow_jumps_to_the_present(void **state)
{
	struct run run;
	unsigned int i;

	run_init(&run, TOUCH_MAX_EVENTS, 5);
	event_queue_start(run.queue, &run.glass);
	take(&run, 1000);
	while (run.frame.count == 0)
		touch(&run);
	assert_int_equal(take(&run, 3), 3); /* in the middle of a frame */
	for (i = 0; i < 2000; i++)
		touch(&run);
	assert_int_equal(event_queue_stats(run.queue)->overflows, 1);
	/* the rest of that frame, then one or two frames more: not thousands */
	assert_in_range(take(&run, 10000), 1, 2 * (SLOTS * 4 + 4) + 3);
	same(&run.reader, &run.glass);
	assert_true(event_queue_empty(run.queue));
	lift(&run);
	event_queue_free(run.queue);
}

static void release_during_a_stall_is_not_lost(void **state)
{
	struct run run;
	unsigned int i;

	run_init(&run, TOUCH_MAX_EVENTS, 6);
	event_queue_start(run.queue, &run.glass);
	for (i = 0; i < 2000; i++)
		touch(&run);
	lift(&run);
	event_queue_free(run.queue);
}

/* Drivers that come, go in the middle of a frame, and were left with fingers down by a daemon before this one. */
static void restarts(void **state)
{
	struct run run;
	unsigned int i, j;

	run_init(&run, EVENT_QUEUE_CAPACITY, 7);
	for (i = 0; i < 500; i++) {
		for (j = 0; j < SLOTS; j++)
			run.reader.now[j].tracking = run.reader.then[j].tracking = (int)draw(&run.seed, 50) - 1;
		run.reader.pressed = 1;
		run.reader.events_in_frame = 0;
		run.reader.slot = (int)draw(&run.seed, SLOTS);
		event_queue_start(run.queue, &run.glass);
		take(&run, 1000);
		same(&run.reader, &run.glass);
		touch(&run);
		touch(&run);
		take(&run, draw(&run.seed, 30));
		event_queue_stop(run.queue);
		assert_true(event_queue_empty(run.queue));
		touch(&run);
		assert_true(event_queue_empty(run.queue));
	}
	event_queue_free(run.queue);
}

static void level_is_told_at_each_start(void **state)
{
	struct touch_event event;
	struct run run;
	unsigned int i;

	run_init(&run, EVENT_QUEUE_CAPACITY, 8);
	event_queue_tell_level(run.queue, 2);
	assert_true(event_queue_empty(run.queue)); /* nobody is there */
	for (i = 0; i < 3; i++) {
		event_queue_start(run.queue, &run.glass);
		assert_true(event_queue_next(run.queue, &event));
		assert_int_equal(event.type, EV_ABS);
		assert_int_equal(event.code, ABS_MISC);
		assert_int_equal(event.value, 2);
		/* stopped between the level and the end of its frame: the next driver sees a whole one */
		event_queue_stop(run.queue);
		assert_true(event_queue_empty(run.queue));
	}
	event_queue_tell_level(run.queue, -1);
	event_queue_start(run.queue, &run.glass);
	assert_true(event_queue_next(run.queue, &event));
	assert_int_not_equal(event.code, ABS_MISC);
	event_queue_free(run.queue);
}

/* Told again on request, though it is the same. */
static void level_can_be_repeated(void **state)
{
	struct run run;

	run_init(&run, EVENT_QUEUE_CAPACITY, 9);
	event_queue_start(run.queue, &run.glass);
	take(&run, 1000);
	event_queue_tell_level(run.queue, 1);
	assert_int_equal(take(&run, 1000), 2);
	event_queue_tell_level(run.queue, 1);
	assert_int_equal(take(&run, 1000), 2);
	assert_int_equal(run.reader.level, 1);
	event_queue_free(run.queue);
}

static void refuses_what_cannot_work(void **state)
{
	struct touch_axes none = axes, many = axes;
	struct event_queue *queue;

	none.slots = 0;
	many.slots = TOUCH_MAX_SLOTS + 1;
	assert_int_equal(event_queue_new(&axes, TOUCH_MAX_EVENTS - 1, &queue), -EINVAL);
	assert_int_equal(event_queue_new(&none, EVENT_QUEUE_CAPACITY, &queue), -EINVAL);
	assert_int_equal(event_queue_new(&many, EVENT_QUEUE_CAPACITY, &queue), -EINVAL);
	assert_null(queue);
	event_queue_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_of_four),
		cmocka_unit_test(ring_of_sixty_four),
		cmocka_unit_test(late_driver_sees_every_frame),
		cmocka_unit_test(stalled_driver),
		cmocka_unit_test(overflow_jumps_to_the_present),
		cmocka_unit_test(release_during_a_stall_is_not_lost),
		cmocka_unit_test(restarts),
		cmocka_unit_test(level_is_told_at_each_start),
		cmocka_unit_test(level_can_be_repeated),
		cmocka_unit_test(refuses_what_cannot_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
