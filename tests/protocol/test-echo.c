// SPDX-License-Identifier: MIT
/* test-echo DAEMON: a polite front-end and the echo device, through all that the library promises. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/virtio_config.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/protocol/echo-device.h"
#include "tests/protocol/echo-visit.h"
#include "tests/protocol/server.h"

#define BIT(n)	    (UINT64_C(1) << (n))
#define SILENCE_MS  100
#define ALL	    UINT64_MAX
#define NO_PROTOCOL (~BIT(VHU_F_PROTOCOL_FEATURES))

static void one_round_trip(void **state)
{
	struct frontend *fe = visit_start(state);

	visit_round_trip(fe, 0, "hello");
	visit_round_trip(fe, 1, "again");
}

static void indirect_round_trip(void **state)
{
	struct frontend *fe = visit_start(state);
	struct drv_ring *r = &fe->queues[ECHO_NOW].ring;
	struct vring_desc *table = (void *)visit_buffer(fe, 100);
	struct vring_used_elem used;

	table[0] = (struct vring_desc) { FE_GUEST + FE_BUFFERS, 3, VRING_DESC_F_NEXT, 1 };
	table[1] = (struct vring_desc) { FE_GUEST + FE_BUFFERS + 8, 3, VRING_DESC_F_NEXT, 2 };
	table[2] = (struct vring_desc) { FE_GUEST + FE_BUFFERS + VISIT_SLOT, 2, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE,
		3 };
	table[3] = (struct vring_desc) { FE_GUEST + FE_BUFFERS + VISIT_SLOT + 8, 9, VRING_DESC_F_WRITE, 0 };
	memcpy(visit_buffer(fe, 0), "abc-----def", 11);
	drv_desc(r, 7, FE_GUEST + FE_BUFFERS + 100 * VISIT_SLOT, 4 * sizeof(*table), VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(r, 7);
	fe_kick(fe, ECHO_NOW);
	assert_true(fe_wait_call(fe, ECHO_NOW, VISIT_MS));
	assert_true(drv_get_used(r, &used));
	assert_int_equal(used.id, 7);
	assert_int_equal(used.len, 6);
	assert_memory_equal(visit_buffer(fe, 1), "ab\0\0\0\0\0\0cdef", 12);
}

/* Across the wrap of the 16-bit indices, with and without event index, in batches. */
static void batches(void **state, uint64_t features)
{
	struct visit *v = *state;
	struct frontend *fe = &v->fe;
	struct drv_ring *r = &fe->queues[ECHO_NOW].ring;
	unsigned int round;
	char text[16];

	assert_int_equal(fe_negotiate(fe, features, ALL), 0);
	assert_int_equal(fe_share_memory(fe), 0);
	assert_int_equal(fe_queue_start(fe, ECHO_NOW, VISIT_SIZE, 65000), 0);
	for (round = 0; round < 1000; round++) {
		uint16_t num = (uint16_t)(round % (VISIT_SIZE / 2) + 1), i, old = r->avail->idx;

		/* an interrupt for the last of the batch only */
		drv_set_used_event(r, (uint16_t)(r->used_seen + num - 1));
		for (i = 0; i < num; i++) {
			snprintf(text, sizeof(text), "%u-%u", round, i);
			visit_post(fe, ECHO_NOW, i, text);
		}
		if (drv_wants_kick(r, old))
			fe_kick(fe, ECHO_NOW);
		while ((uint16_t)(r->used->idx - r->used_seen) < num)
			assert_true(fe_wait_call(fe, ECHO_NOW, VISIT_MS));
		for (i = 0; i < num; i++) {
			snprintf(text, sizeof(text), "%u-%u", round, i);
			visit_expect(fe, ECHO_NOW, i, text);
		}
		while (fe_wait_call(fe, ECHO_NOW, 0))
			;
	}
}

static void batches_with_event_index(void **state)
{
	batches(state, ALL);
}

static void batches_with_flags(void **state)
{
	batches(state, ~BIT(VIRTIO_RING_F_EVENT_IDX));
}

/* A front-end from before SET_VRING_ENABLE, protocol features and acknowledgements. */
static void old_front_end(void **state)
{
	struct visit *v = *state;
	struct frontend *fe = &v->fe;

	assert_int_equal(fe_negotiate(fe, NO_PROTOCOL, 0), 0);
	assert_int_equal(fe_share_memory(fe), 0);
	assert_int_equal(fe_queue_start(fe, ECHO_NOW, VISIT_SIZE, 0), 0);
	visit_round_trip(fe, 3, "old");
}

static void disabled_until_enabled(void **state)
{
	struct frontend *fe = visit_start(state);

	assert_int_equal(fe_set_state(fe, VHU_SET_VRING_ENABLE, ECHO_NOW, 0), 0);
	visit_post(fe, ECHO_NOW, 0, "later");
	fe_kick(fe, ECHO_NOW);
	assert_false(fe_wait_call(fe, ECHO_NOW, SILENCE_MS));
	assert_false(visit_answered(fe, ECHO_NOW));
	assert_int_equal(fe_set_state(fe, VHU_SET_VRING_ENABLE, ECHO_NOW, 1), 0);
	assert_true(fe_wait_call(fe, ECHO_NOW, VISIT_MS));
	visit_expect(fe, ECHO_NOW, 0, "later");
}

static void stop_and_go_on(void **state)
{
	struct frontend *fe = visit_start(state);
	uint16_t base;

	visit_round_trip(fe, 0, "one");
	visit_round_trip(fe, 1, "two");
	assert_int_equal(fe_queue_stop(fe, ECHO_NOW, &base), 0);
	assert_int_equal(base, 2);
	visit_post(fe, ECHO_NOW, 2, "three");
	fe_kick(fe, ECHO_NOW);
	assert_false(fe_wait_call(fe, ECHO_NOW, SILENCE_MS));
	/* the kick descriptor alone starts it again, where it stopped */
	assert_int_equal(fe_set_fd(fe, VHU_SET_VRING_KICK, ECHO_NOW, fe->queues[ECHO_NOW].kick), 0);
	assert_true(fe_wait_call(fe, ECHO_NOW, VISIT_MS));
	visit_expect(fe, ECHO_NOW, 2, "three");
}

static void without_interrupts(void **state)
{
	struct frontend *fe = visit_start(state);
	int left;

	assert_int_equal(fe_set_fd(fe, VHU_SET_VRING_CALL, ECHO_NOW, -1), 0);
	visit_post(fe, ECHO_NOW, 0, "polled");
	fe_kick(fe, ECHO_NOW);
	for (left = VISIT_MS; left > 0 && !visit_answered(fe, ECHO_NOW); left--)
		usleep(1000);
	visit_expect(fe, ECHO_NOW, 0, "polled");
}

static void held_elements_survive_a_memory_change(void **state)
{
	struct frontend *fe = visit_start(state);

	visit_post(fe, ECHO_HELD, 0, "first");
	fe_kick(fe, ECHO_HELD);
	assert_true(fe_alive(fe));
	assert_int_equal(fe_share_memory(fe), 0);
	visit_post(fe, ECHO_HELD, 1, "second");
	fe_kick(fe, ECHO_HELD);
	assert_false(fe_wait_call(fe, ECHO_HELD, SILENCE_MS));
	visit_command(fe, ECHO_FLUSH, 0);
	assert_true(fe_wait_call(fe, ECHO_HELD, VISIT_MS));
	visit_expect(fe, ECHO_HELD, 0, "first");
	visit_expect(fe, ECHO_HELD, 1, "second");
}

/* The same addresses lead to another file: the running rings follow. */
static void rings_move_to_other_memory(void **state)
{
	struct frontend *fe = visit_start(state);
	int file = memfd_create("moved", MFD_CLOEXEC);
	struct vhu_msg msg = fe_mem_table(fe);
	char *old = fe->mem;
	unsigned int i;

	visit_round_trip(fe, 0, "before");
	assert_int_equal(ftruncate(file, FE_MEM_BYTES), 0);
	assert_int_equal(write(file, old, FE_MEM_BYTES), FE_MEM_BYTES);
	msg.fds[0] = file;
	assert_int_equal(fe_send(fe, &msg), 0);
	fe->mem = mmap(NULL, FE_MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(fe->mem, MAP_FAILED);
	for (i = 0; i < fe->num_queues; i++) {
		struct drv_ring *r = &fe->queues[i].ring;

		r->desc = (void *)(fe->mem + ((char *)r->desc - old));
		r->avail = (void *)(fe->mem + ((char *)r->avail - old));
		r->used = (void *)(fe->mem + ((char *)r->used - old));
	}
	munmap(old, FE_MEM_BYTES);
	close(file);
	visit_round_trip(fe, 1, "after");
}

static void held_elements_are_served_again(void **state)
{
	struct frontend *fe = visit_start(state);
	struct fe_queue *q = &fe->queues[ECHO_HELD];
	uint16_t base, i;

	for (i = 0; i < 3; i++)
		visit_post(fe, ECHO_HELD, i, "held");
	fe_kick(fe, ECHO_HELD);
	assert_true(fe_alive(fe));
	assert_int_equal(fe_queue_stop(fe, ECHO_HELD, &base), 0);
	assert_int_equal(base, 0);
	visit_command(fe, ECHO_FLUSH, 0); /* nothing left to flush, and no crash */
	assert_int_equal(fe_set_fd(fe, VHU_SET_VRING_KICK, ECHO_HELD, q->kick), 0);
	visit_command(fe, ECHO_FLUSH, 0);
	assert_true(fe_wait_call(fe, ECHO_HELD, VISIT_MS));
	for (i = 0; i < 3; i++)
		visit_expect(fe, ECHO_HELD, i, "held");
}

/* A second front-end takes the rings over, as our adapter does when a daemon was restarted. */
static void next_front_end_goes_on(void **state)
{
	struct visit *v = *state;
	struct frontend *fe = visit_start(state), *next = &v->next;
	struct drv_ring *r;

	visit_round_trip(fe, 0, "one");
	visit_post(fe, ECHO_HELD, 0, "lost?");
	fe_kick(fe, ECHO_HELD);
	assert_true(fe_alive(fe));
	assert_int_equal(fe_connect(next, v->server->path), 0);
	memcpy(next->mem, fe->mem, FE_MEM_BYTES);
	fe_close(fe);

	assert_int_equal(fe_negotiate(next, ALL, ALL), 0);
	assert_int_equal(fe_share_memory(next), 0);
	r = &next->queues[ECHO_HELD].ring;
	assert_int_equal(fe_queue_start(next, ECHO_HELD, VISIT_SIZE, 0), 0);
	assert_int_equal(r->used->idx, 0);
	visit_post(next, ECHO_HELD, 0, "lost?");
	fe_kick(next, ECHO_HELD);
	assert_true(fe_alive(next)); /* the kick came in before the next message */
	visit_command(next, ECHO_FLUSH, 0);
	assert_true(fe_wait_call(next, ECHO_HELD, VISIT_MS));
	visit_expect(next, ECHO_HELD, 0, "lost?");
}

/* A daemon that died between a used element and its interrupt: the next one makes up for it. */
static void lost_interrupt(void **state)
{
	struct visit *v = *state;
	struct frontend *fe = &v->fe;

	assert_int_equal(fe_negotiate(fe, ALL, ALL), 0);
	assert_int_equal(fe_share_memory(fe), 0);
	assert_int_equal(fe_queue_start(fe, ECHO_NOW, VISIT_SIZE, 7), 0);
	assert_true(fe_wait_call(fe, ECHO_NOW, VISIT_MS));
	assert_int_equal(fe_queue_start(fe, ECHO_HELD, VISIT_SIZE, 0), 0);
	assert_false(fe_wait_call(fe, ECHO_HELD, SILENCE_MS));
}

static void configuration(void **state)
{
	struct frontend *fe = visit_start(state);
	uint8_t out[ECHO_CONFIG_SIZE], in[ECHO_CONFIG_SIZE];
	unsigned int i;

	for (i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(100 + i);
	assert_int_equal(fe_set_config(fe, 0, out, sizeof(out)), 0);
	assert_int_equal(fe_get_config(fe, 0, in, sizeof(in)), 0);
	assert_memory_equal(in, out, sizeof(out));
	assert_int_equal(fe_set_config(fe, 15, "x", 1), 0);
	assert_int_equal(fe_get_config(fe, 14, in, 2), 0);
	assert_memory_equal(in, "rx", 2); /* 114 is 'r' */
	assert_int_equal(fe_get_config(fe, 15, in, 2), -EREMOTEIO);
	assert_int_equal(fe_set_config(fe, 15, in, 2), -EREMOTEIO);
	visit_command(fe, ECHO_REFUSE, -EREMOTEIO);
	assert_true(fe_alive(fe));
}

static void configuration_change(void **state)
{
	struct frontend *fe = visit_start(state);
	struct vhu_msg msg;

	visit_command(fe, ECHO_CHANGE, -EREMOTEIO); /* nobody to tell */
	assert_int_equal(fe_open_channel(fe), 0);
	visit_command(fe, ECHO_CHANGE, 0);
	assert_int_equal(vhu_channel_recv(fe->channel, &msg, VISIT_MS), 0);
	assert_int_equal(msg.request, VHU_BACKEND_CONFIG_CHANGE_MSG);
	assert_int_equal(msg.flags, VHU_VERSION);
	assert_int_equal(msg.size, 0);
	/* a channel that nobody reads costs messages, not the daemon */
	close(fe->channel);
	fe->channel = -1;
	visit_command(fe, ECHO_CHANGE, -EREMOTEIO);
	assert_true(fe_alive(fe));
}

static void the_device_may_hang_up(void **state)
{
	struct frontend *fe = visit_start(state);

	visit_command(fe, ECHO_FAIL, 0); /* the answer comes first */
	assert_true(fe_wait_closed(fe, VISIT_MS));
}

/* The same on the queue that answers at once: neither messages nor the end have to wait. */
static void driver_that_never_stops(void **state)
{
	struct frontend *fe = visit_start(state);
	struct drv_ring *r = &fe->queues[ECHO_NOW].ring;
	struct visit *v = *state;
	unsigned int i;

	for (i = 0; i < VISIT_SIZE; i++)
		drv_desc(r, (uint16_t)i, FE_GUEST + FE_BUFFERS, 8, 0, 0);
	assert_int_equal(drv_flood_start(&v->flood, r), 0);
	/* until many times the ring's size was served; on a busy machine the flood pauses, and the device goes to sleep */
	for (i = 0; i < 20000 && r->used->idx < 20 * VISIT_SIZE; i++) {
		fe_kick(fe, ECHO_NOW);
		assert_true(fe_alive(fe));
	}
	assert_true(r->used->idx >= 20 * VISIT_SIZE);
}

static void reset(void **state, uint32_t request)
{
	struct frontend *fe = visit_start(state);
	uint8_t byte = 7;

	visit_round_trip(fe, 0, "before");
	assert_int_equal(fe_set_config(fe, 3, &byte, 1), 0);
	assert_int_equal(fe_send(fe, &(struct vhu_msg) { .request = request }), 0);
	assert_int_equal(fe_get_config(fe, 3, &byte, 1), 0);
	assert_int_equal(byte, request == VHU_RESET_DEVICE ? 0 : 7);
	visit_post(fe, ECHO_NOW, 1, "ignored");
	fe_kick(fe, ECHO_NOW);
	assert_false(fe_wait_call(fe, ECHO_NOW, SILENCE_MS));
	/* memory and features are still known */
	assert_int_equal(fe_queue_start(fe, ECHO_NOW, VISIT_SIZE, 0), 0);
	visit_round_trip(fe, 1, "after");
}

static void reset_device(void **state)
{
	reset(state, VHU_RESET_DEVICE);
}

static void reset_owner(void **state)
{
	reset(state, VHU_RESET_OWNER);
}

static void what_is_offered(void **state)
{
	struct visit *v = *state;
	uint64_t value;

	assert_int_equal(fe_get_u64(&v->fe, VHU_GET_FEATURES, &value), 0);
	assert_true(value == (BIT(28) | BIT(29) | BIT(30) | BIT(32)));
	assert_int_equal(fe_get_u64(&v->fe, VHU_GET_PROTOCOL_FEATURES, &value), 0);
	assert_true(value == (BIT(0) | BIT(3) | BIT(5) | BIT(9) | BIT(13)));
	assert_int_equal(fe_get_u64(&v->fe, VHU_GET_QUEUE_NUM, &value), 0);
	assert_int_equal(value, ECHO_QUEUES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, visit_begin, visit_end)

int main(int argc, char **argv)
{
	struct server server;
	struct visit visit = { .server = &server };
	const struct CMUnitTest tests[] = {
		TEST(what_is_offered),
		TEST(one_round_trip),
		TEST(indirect_round_trip),
		TEST(batches_with_event_index),
		TEST(batches_with_flags),
		TEST(old_front_end),
		TEST(disabled_until_enabled),
		TEST(stop_and_go_on),
		TEST(without_interrupts),
		TEST(held_elements_survive_a_memory_change),
		TEST(rings_move_to_other_memory),
		TEST(held_elements_are_served_again),
		TEST(next_front_end_goes_on),
		TEST(lost_interrupt),
		TEST(configuration),
		TEST(configuration_change),
		TEST(the_device_may_hang_up),
		TEST(driver_that_never_stops),
		TEST(reset_device),
		TEST(reset_owner),
	};

	fe_init(&visit.next);
	return server_test(&server, &visit, argv, "echo", tests, sizeof(tests) / sizeof(tests[0]), VISIT_MS);
}
