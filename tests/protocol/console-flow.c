// SPDX-License-Identifier: MIT
/* A test of test-console: a reader that is quicker than the daemon looks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/protocol/console-tests.h"

#define PIECE	    20000u /* three of them fit into the port's buffer, and some bytes more */
#define PIECES	    4000
#define PATIENCE_MS 5000
#define STEP_MS	    50

/* On one processor a wake-up comes before what the waker does next. */
static void share_a_processor(pid_t pid)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
	assert_int_equal(sched_setaffinity(pid, sizeof(set), &set), 0);
}

/* As many pieces as the ring takes; who kicks only when asked to. */
static void write_pieces(struct frontend *fe, unsigned int queue, unsigned int *left)
{
	struct drv_ring *ring = &fe->queues[queue].ring;
	uint16_t old = ring->avail->idx;

	while (*left && (uint16_t)(ring->avail->idx - ring->used_seen) < CON_SIZE) {
		drv_desc(ring, ring->avail->idx % CON_SIZE, FE_GUEST + FE_BUFFERS, PIECE, 0, 0);
		drv_make_avail(ring, ring->avail->idx % CON_SIZE);
		(*left)--;
	}
	if (ring->avail->idx != old && drv_wants_kick(ring, old))
		fe_kick(fe, queue);
}

static size_t read_all(int fd)
{
	static char bytes[0x40000];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		total += (size_t)n;
	return total;
}

/*
 * The daemon has no room, says so far it has come, and in the moment in which that wakes us all is read. It
 * must not think that it will be told of room that is there already.
 */
void reader_in_between(void **state)
{
	struct frontend *fe = start_ports(state);
	struct visit *v = *state;
	unsigned int queue = con_transmit(DATA), left = PIECES;
	struct drv_ring *ring = &fe->queues[queue].ring;
	size_t missing = (size_t)PIECES * PIECE;
	int fd = con_client("data"), waited = 0;
	cpu_set_t before;

	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	share_a_processor(v->server->pid);
	while (missing && waited < PATIENCE_MS) {
		struct vring_used_elem used;
		size_t got;

		while (drv_get_used(ring, &used))
			;
		drv_set_used_event(ring, ring->used_seen);
		write_pieces(fe, queue, &left);
		if (ring->used->idx == ring->used_seen)
			fe_wait_call(fe, queue, STEP_MS);
		got = read_all(fd);
		missing -= got;
		waited = got ? 0 : waited + STEP_MS;
	}
	sched_setaffinity(0, sizeof(before), &before);
	sched_setaffinity(v->server->pid, sizeof(before), &before);
	assert_int_equal(missing, 0);
	close(fd);
}
