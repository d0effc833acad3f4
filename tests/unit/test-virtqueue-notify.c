// SPDX-License-Identifier: MIT
/* Who wakes whom, and when: kicks, calls, event indices, and the end of a visit. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ring-fixture.h"

static void interrupt_by_flag(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, 4, 0, 0);
	virtq_notify(f->vq);
	assert_int_equal(fixture_calls(f), 0); /* nothing was pushed */
	fixture_post(f, 0, 0);
	virtq_push(f->vq, fixture_pop(f), 0);
	assert_int_equal(fixture_calls(f), 0); /* a push alone is silent */
	virtq_notify(f->vq);
	virtq_notify(f->vq);
	assert_int_equal(fixture_calls(f), 1);
	f->ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	fixture_post(f, 0, 0);
	virtq_push(f->vq, fixture_pop(f), 0);
	virtq_notify(f->vq);
	assert_int_equal(fixture_calls(f), 0);
}

/* All positions of the event around a step of @num used elements, checked against the specification's words. */
static void check_events(struct fixture *f, uint16_t index, uint16_t num)
{
	int delta;

	for (delta = -3; delta <= num + 3; delta++) {
		uint16_t event = (uint16_t)(index + delta), i;
		bool passed = delta >= 0 && delta < num, first;

		fixture_start(f, 16, F_EVENT_IDX, index);
		/* the very first notification always interrupts, and is not the one under test */
		fixture_post(f, 15, 0);
		virtq_push(f->vq, fixture_pop(f), 0);
		virtq_notify(f->vq);
		first = fixture_calls(f) == 1;
		assert_true(first);

		drv_set_used_event(&f->ring, (uint16_t)(event + 1));
		for (i = 0; i < num; i++)
			fixture_post(f, i, 0);
		for (i = 0; i < num; i++)
			virtq_push(f->vq, fixture_pop(f), 0);
		virtq_notify(f->vq);
		assert_int_equal(fixture_calls(f), passed ? 1 : 0);
		virtq_stop(f->vq);
	}
}

/* The daemon before us may have died between a used element and its interrupt. */
static void ring_that_was_served_before(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, 4, F_EVENT_IDX, 0);
	virtq_notify(f->vq);
	assert_int_equal(fixture_calls(f), 0); /* a fresh ring: nothing to be told of */
	virtq_stop(f->vq);
	fixture_start(f, 4, F_EVENT_IDX, 5);
	virtq_notify(f->vq);
	assert_int_equal(fixture_calls(f), 1);
	virtq_notify(f->vq);
	assert_int_equal(fixture_calls(f), 0);
	virtq_stop(f->vq);
	fixture_start(f, 4, 0, 5);
	virtq_notify(f->vq);
	assert_int_equal(fixture_calls(f), 1);
}

static void interrupt_by_event_index(void **state)
{
	static const uint16_t indices[] = { 0, 1, 100, 32765, 32768, 65525, 65533, 65534, 65535 };
	static const uint16_t steps[] = { 1, 2, 5, 15 };
	size_t i, k;

	for (i = 0; i < sizeof(indices) / sizeof(indices[0]); i++)
		for (k = 0; k < sizeof(steps) / sizeof(steps[0]); k++)
			check_events(*state, indices[i], steps[k]);
}

static void kicks_by_flag(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, 4, 0, 0);
	assert_true(drv_wants_kick(&f->ring, 0));
	assert_false(virtq_set_wanted(f->vq, false));
	assert_false(drv_wants_kick(&f->ring, 0));
	fixture_post(f, 0, 0);
	assert_true(virtq_set_wanted(f->vq, true)); /* came in while nobody was to be told */
	assert_true(drv_wants_kick(&f->ring, 0));
}

static void kicks_by_event_index(void **state)
{
	struct fixture *f = *state;
	struct virtq_elem *elem;
	uint16_t old = 65534;
	unsigned int i;

	fixture_start(f, 4, F_EVENT_IDX, old);
	for (i = 0; i < 10; i++) {
		assert_int_equal(virtq_pop(f->vq, &elem), 0); /* seen empty: from here a kick is certain */
		old = f->ring.avail->idx;
		fixture_post(f, 0, 0);
		assert_true(drv_wants_kick(&f->ring, old));
		old = f->ring.avail->idx;
		fixture_post(f, 1, 0);
		assert_false(drv_wants_kick(&f->ring, old)); /* one is enough */
		virtq_push(f->vq, fixture_pop(f), 0);
		virtq_push(f->vq, fixture_pop(f), 0);
	}
	assert_false(virtq_set_wanted(f->vq, false));
	assert_int_equal(virtq_pop(f->vq, &elem), 0);
	old = f->ring.avail->idx;
	fixture_post(f, 0, 0);
	assert_false(drv_wants_kick(&f->ring, old));
	assert_false(virtq_empty(f->vq));
	assert_true(virtq_set_wanted(f->vq, true));
}

static void empty_arms_the_kick(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, 4, F_EVENT_IDX, 9);
	drv_set_used_event(&f->ring, 0);
	assert_true(virtq_empty(f->vq));
	fixture_post(f, 0, 0);
	assert_true(drv_wants_kick(&f->ring, 9));
}

/* A hostile driver fills the ring as fast as it is emptied; the device has other work, too. */
static void one_visit_has_an_end(void **state)
{
	struct fixture *f = *state;
	struct virtq_elem *elem;
	unsigned int i;

	fixture_start(f, 4, F_EVENT_IDX, 0);
	virtq_set_budget(f->vq, 4);
	for (i = 0; i < 4; i++) {
		fixture_post(f, 0, 0);
		virtq_push(f->vq, fixture_pop(f), 0);
	}
	fixture_post(f, 1, 0);
	assert_int_equal(virtq_pop(f->vq, &elem), 0);
	assert_true(virtq_empty(f->vq));
	assert_false(virtq_set_wanted(f->vq, true));
	assert_true(virtq_set_budget(f->vq, VIRTQ_NO_BUDGET)); /* there is more */
	assert_int_equal(fixture_pop(f)->index, 1);
	assert_false(virtq_set_budget(f->vq, 4));
	assert_int_equal(virtq_pop(f->vq, &elem), 0);
	assert_false(virtq_set_budget(f->vq, VIRTQ_NO_BUDGET)); /* really empty */
}

static void call_never_blocks(void **state)
{
	struct fixture *f = *state;
	const uint64_t almost_full = UINT64_MAX - 1;
	int blocking = dup(f->call);

	fcntl(blocking, F_SETFL, 0); /* the flag is shared: f->call blocks now, too */
	assert_int_equal(write(f->call, &almost_full, 8), 8);
	virtq_set_call(f->vq, blocking);
	fixture_start(f, 4, 0, 0);
	fixture_post(f, 0, 0);
	virtq_push(f->vq, fixture_pop(f), 0);
	virtq_notify(f->vq); /* would sleep for ever */
	virtq_set_call(f->vq, -1);
	fixture_post(f, 0, 0);
	virtq_push(f->vq, fixture_pop(f), 0);
	virtq_notify(f->vq);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_new, fixture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(interrupt_by_flag),
		TEST(ring_that_was_served_before),
		TEST(interrupt_by_event_index),
		TEST(kicks_by_flag),
		TEST(kicks_by_event_index),
		TEST(empty_arms_the_kick),
		TEST(one_visit_has_an_end),
		TEST(call_never_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
