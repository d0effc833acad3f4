// SPDX-License-Identifier: MIT
/* test-rng DAEMON: vhost-user-rng fills what it is given, and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/protocol/visit.h"

#define QUEUE	0
#define SIZE	8
#define WAIT_MS 20000
#define MARK	0xa5
#define ROOM	1024ul /* of one buffer */

static struct frontend *start(void **state)
{
	struct visit *v = *state;

	assert_int_equal(fe_start_all(&v->fe, SIZE), 0);
	assert_int_equal(v->fe.num_queues, 1);
	memset(v->fe.mem + FE_BUFFERS, MARK, SIZE * ROOM);
	return &v->fe;
}

static void describe(struct frontend *fe, uint16_t i, uint32_t len, uint16_t flags)
{
	drv_desc(&fe->queues[QUEUE].ring, i, FE_GUEST + FE_BUFFERS + i * ROOM, len, flags, (uint16_t)(i + 1));
}

/* Kicks with descriptor chain @head and waits; the used length. */
static uint32_t ask(struct frontend *fe, uint16_t head)
{
	struct drv_ring *ring = &fe->queues[QUEUE].ring;
	struct vring_used_elem used;

	drv_set_used_event(ring, ring->used_seen);
	drv_make_avail(ring, head);
	fe_kick(fe, QUEUE);
	/* A queue that was served before interrupts once when it starts. */
	while (!drv_get_used(ring, &used))
		assert_true(fe_wait_call(fe, QUEUE, WAIT_MS));
	assert_int_equal(used.id, head);
	return used.len;
}

/* How many of the bytes of buffer @i are not the mark any more, up to the last such. */
static size_t written(const struct frontend *fe, unsigned int i)
{
	const uint8_t *bytes = (const uint8_t *)fe->mem + FE_BUFFERS + (size_t)i * ROOM;
	size_t n = ROOM;

	while (n && bytes[n - 1] == MARK)
		n--;
	return n;
}

static void buffers_are_filled(void **state)
{
	struct frontend *fe = start(state);

	describe(fe, 0, 64, VRING_DESC_F_WRITE);
	assert_int_equal(ask(fe, 0), 64);
	/* The last byte is the mark once in 256 times, so are the last eight never. */
	assert_in_range(written(fe, 0), 56, 64);
	/* More than it gives at once, in two pieces */
	describe(fe, 1, 200, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT);
	describe(fe, 2, 200, VRING_DESC_F_WRITE);
	assert_int_equal(ask(fe, 1), 256);
	assert_in_range(written(fe, 1), 192, 200);
	assert_in_range(written(fe, 2), 48, 56);
}

static void no_two_are_alike(void **state)
{
	struct frontend *fe = start(state);

	for (uint16_t i = 0; i < 2; i++) {
		describe(fe, i, 32, VRING_DESC_F_WRITE);
		assert_int_equal(ask(fe, i), 32);
	}
	assert_memory_not_equal(fe->mem + FE_BUFFERS, fe->mem + FE_BUFFERS + ROOM, 32);
}

/* What the driver only lets it read: nothing is written, and the driver gets the buffer back. */
static void readable_buffers(void **state)
{
	struct frontend *fe = start(state);

	describe(fe, 0, 64, 0);
	assert_int_equal(ask(fe, 0), 0);
	assert_int_equal(written(fe, 0), 0);
	assert_true(fe_alive(fe));
}

static void stop_and_reset(void **state)
{
	struct frontend *fe = start(state);
	struct vhu_msg reset = { .request = VHU_RESET_DEVICE };
	uint16_t base = 0;

	describe(fe, 0, 16, VRING_DESC_F_WRITE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(fe, 0), 16);
	assert_int_equal(fe_queue_stop(fe, QUEUE, &base), 0);
	assert_int_equal(base, 3);
	/* Stopped is stopped. */
	drv_make_avail(&fe->queues[QUEUE].ring, 0);
	fe_kick(fe, QUEUE);
	assert_true(fe_alive(fe));
	assert_int_equal(fe->queues[QUEUE].ring.used->idx, 3);
	assert_int_equal(fe_queue_start(fe, QUEUE, SIZE, base), 0);
	describe(fe, 0, 16, VRING_DESC_F_WRITE);
	assert_int_equal(ask(fe, 0), 16);
	assert_int_equal(fe_send(fe, &reset), 0);
	assert_int_equal(fe_queue_start(fe, QUEUE, SIZE, 0), 0);
	describe(fe, 0, 16, VRING_DESC_F_WRITE);
	assert_int_equal(ask(fe, 0), 16);
}

int main(int argc, char **argv)
{
	struct server server;
	struct visit visit = { .server = &server };
	const struct CMUnitTest tests[] = {
		VISIT(buffers_are_filled),
		VISIT(no_two_are_alike),
		VISIT(readable_buffers),
		VISIT(stop_and_reset),
	};

	return server_test(&server, &visit, argv, "rng", tests, sizeof(tests) / sizeof(tests[0]), WAIT_MS);
}
