// SPDX-License-Identifier: MIT
/* Frames that wait for their echo; the controller's modes; error frames. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vhost-user-can/can-acks.h"
#include "vhost-user-can/can-errors.h"
#include "vhost-user-can/can-state.h"

static struct can_msg frame(uint32_t id)
{
	return (struct can_msg) { .frame = { .can_id = id } };
}

/* Cookies are numbers from 1 on. */
static void *cookie(uintptr_t n)
{
	return (void *)n; /* NOLINT(performance-no-int-to-ptr) */
}

static struct can_acks *new_acks(void)
{
	struct can_acks *acks = malloc(sizeof(*acks));

	assert_non_null(acks);
	can_acks_init(acks);
	return acks;
}

static void push(struct can_acks *acks, uint32_t id, uintptr_t n, uint64_t deadline)
{
	struct can_msg msg = frame(id);

	assert_int_equal(can_acks_push(acks, &msg, cookie(n), deadline), 0);
}

static uintptr_t confirm(struct can_acks *acks, uint32_t id)
{
	struct can_msg msg = frame(id);

	return (uintptr_t)can_acks_confirm(acks, &msg);
}

static void in_order(void **state)
{
	struct can_acks *acks = new_acks();

	for (uint32_t i = 1; i <= 3; i++)
		push(acks, i, i, i);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(confirm(acks, i), i);
	assert_int_equal(confirm(acks, 1), 0);
	assert_int_equal(acks->count, 0);
	free(acks);
}

/* Of equal frames the oldest; a controller may send others first. */
static void equal_frames_and_another_order(void **state)
{
	struct can_acks *acks = new_acks();

	push(acks, 7, 1, 1);
	push(acks, 8, 2, 2);
	push(acks, 7, 3, 3);
	push(acks, 9, 4, 4);
	assert_int_equal(confirm(acks, 9), 4);
	assert_int_equal(confirm(acks, 7), 1);
	assert_int_equal(confirm(acks, 7), 3);
	assert_int_equal(confirm(acks, 7), 0);
	assert_int_equal(can_acks_deadline(acks), 2);
	assert_int_equal(confirm(acks, 8), 2);
	assert_int_equal(can_acks_deadline(acks), UINT64_MAX);
	free(acks);
}

/* The kernel lost the echo of one: the others do not wait for it, and it has its deadline. */
static void a_lost_echo(void **state)
{
	struct can_acks *acks = new_acks();

	push(acks, 1, 1, 100);
	push(acks, 2, 2, 200);
	assert_int_equal(confirm(acks, 2), 2);
	assert_null(can_acks_expire(acks, 99));
	assert_int_equal((uintptr_t)can_acks_expire(acks, 100), 1);
	assert_null(can_acks_expire(acks, UINT64_MAX - 1));
	free(acks);
}

static void full_and_empty_again(void **state)
{
	struct can_acks *acks = new_acks();
	struct can_msg msg = frame(1);

	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < CAN_ACKS_MAX; i++)
			push(acks, i, i + 1, i);
		assert_int_equal(can_acks_push(acks, &msg, cookie(1), 0), -ENOSPC);
		/* every second one from the middle, the rest from the front */
		for (uint32_t i = 1; i < CAN_ACKS_MAX; i += 2)
			assert_int_equal(confirm(acks, i), i + 1);
		for (uint32_t i = 0; i < CAN_ACKS_MAX; i += 2)
			assert_int_equal((uintptr_t)can_acks_take(acks), i + 1);
		assert_null(can_acks_take(acks));
		assert_int_equal(acks->count, 0);
	}
	free(acks);
}

/* Chance: whatever comes and goes, each cookie comes out once, and equal frames come out oldest first. */
static void by_chance(void **state)
{
	struct can_acks *acks = new_acks();
	uintptr_t next = 1, out = 0, newest[8] = { 0 };

	srand(1);
	for (int i = 0; i < 200000; i++) {
		uint32_t id = (uint32_t)rand() % 8;
		uintptr_t got;

		if (rand() % 2 && acks->count < CAN_ACKS_MAX) {
			push(acks, id, next, next);
			next++;
			continue;
		}
		got = confirm(acks, id);
		if (got) {
			assert_true(got > newest[id]);
			newest[id] = got;
			out++;
		}
	}
	while (can_acks_take(acks))
		out++;
	assert_int_equal(out, next - 1);
	free(acks);
}

static void modes(void **state)
{
	struct can_state s;

	can_state_reset(&s);
	assert_int_equal(s.mode, CAN_STOPPED);
	assert_false(s.told);
	assert_false(can_state_stop(&s));
	assert_false(can_state_bus_off(&s)); /* nobody is on the bus */
	assert_true(can_state_start(&s));
	assert_false(can_state_start(&s));
	assert_int_equal(can_state_config(&s), 0);
	assert_true(can_state_bus_off(&s));
	assert_false(can_state_bus_off(&s));
	assert_int_equal(s.mode, CAN_BUS_OFF);
	assert_int_equal(can_state_config(&s), 1);
	assert_true(can_state_start(&s));
	assert_int_equal(can_state_config(&s), 0);
	assert_true(can_state_bus_off(&s));
	assert_true(can_state_stop(&s));
	assert_false(can_state_stop(&s));
	assert_int_equal(can_state_config(&s), 0);
}

static void whoever_served_the_driver_before(void **state)
{
	struct can_state s;

	can_state_reset(&s);
	can_state_begin(&s, true);
	assert_int_equal(s.mode, CAN_STARTED);
	can_state_stop(&s);
	can_state_begin(&s, true); /* only the first time says something */
	assert_int_equal(s.mode, CAN_STOPPED);
	can_state_reset(&s);
	can_state_begin(&s, false);
	assert_true(s.told);
	assert_int_equal(s.mode, CAN_STOPPED);
}

static void error_frames(void **state)
{
	const struct canfd_frame off = { .can_id = CAN_ERR_FLAG | CAN_ERR_BUSOFF | CAN_ERR_ACK };
	const struct canfd_frame odd = { .can_id = CAN_ERR_FLAG | 0x10000000 };
	struct can_errors errors = { 0 };
	char text[64];

	can_errors_summary(&errors, text, sizeof(text));
	assert_string_equal(text, "none");
	assert_int_equal(can_errors_count(&errors, &off), CAN_ERR_BUSOFF | CAN_ERR_ACK);
	can_errors_count(&errors, &off);
	can_errors_count(&errors, &odd);
	assert_int_equal(errors.frames, 3);
	can_errors_summary(&errors, text, sizeof(text));
	assert_string_equal(text, "no acknowledgement 2, bus-off 2");
	can_errors_text(CAN_ERR_MASK, text, sizeof(text)); /* longer than the room */
	assert_int_equal(strlen(text), sizeof(text) - 1);
	can_errors_text(0, text, sizeof(text));
	assert_string_equal(text, "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(equal_frames_and_another_order),
		cmocka_unit_test(a_lost_echo),
		cmocka_unit_test(full_and_empty_again),
		cmocka_unit_test(by_chance),
		cmocka_unit_test(modes),
		cmocka_unit_test(whoever_served_the_driver_before),
		cmocka_unit_test(error_frames),
	};

	return cmocka_run_group_tests_name("can-acks", tests, NULL, NULL);
}
