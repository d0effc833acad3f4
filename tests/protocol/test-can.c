// SPDX-License-Identifier: MIT
/* test-can DAEMON: a vhost-user-can with a fake interface (can-fake.c), a driver in front of it and a bus behind it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/can/error.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/protocol/can-bus.h"
#include "tests/protocol/server.h"

#define OK	VIRTIO_CAN_RESULT_OK
#define NOT_OK	VIRTIO_CAN_RESULT_NOT_OK
#define START	VIRTIO_CAN_SET_CTRL_MODE_START
#define STOP	VIRTIO_CAN_SET_CTRL_MODE_STOP
#define BIT(n)	(UINT64_C(1) << (n))
#define RX_ROOM 80
#define BACKLOG 4096 /* frames; see README.md there */

static void all_kinds_both_ways(void **state)
{
	struct frontend *fe = visit_start(state);
	struct bus *bus = visit_bus(state);

	for (unsigned int kind = 0; kind < 6; kind++) {
		bool fd = kind >= 4;
		uint32_t id = kind & 1 ? 0x1abcdef0 | CAN_EFF_FLAG : 0x7ff;

		if (kind == 2 || kind == 3)
			id |= CAN_RTR_FLAG;
		for (unsigned int len = 0; len <= (fd ? 64 : 8); len++) {
			struct can_msg msg = a_frame(id, len, fd);

			drv_send(fe, len % 8, &msg);
			assert_same_frame(bus_take(bus), msg);
			bus_send(bus, &msg, true);
			assert_int_equal(drv_sent(fe, NULL), OK);
			drv_post(fe, len % 32, RX_ROOM);
			bus_send(bus, &msg, false);
			assert_same_frame(drv_receive(fe), msg);
		}
	}
}

static void stopped_sends_nothing(void **state)
{
	struct frontend *fe = visit_begin(state);
	struct can_msg msg = a_frame(1, 8, false);

	for (unsigned int i = 0; i < 3; i++) {
		drv_send(fe, i, &msg);
		assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	}
	drv_post(fe, 0, RX_ROOM);
	bus_send(visit_bus(state), &msg, false);
	assert_true(drv_nothing_received(fe));
	/* what came before the start is old */
	assert_int_equal(drv_control(fe, START), OK);
	assert_true(drv_nothing_received(fe));
	exchange(fe, visit_bus(state), 0x123);
	assert_int_equal(drv_control(fe, STOP), OK);
	drv_send(fe, 0, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	assert_true(bus_silent(visit_bus(state)));
}

static void twice_is_fine(void **state)
{
	struct frontend *fe = visit_begin(state);

	assert_int_equal(drv_control(fe, STOP), OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(drv_control(fe, START), OK);
		assert_int_equal(drv_control(fe, START), OK);
		exchange(fe, visit_bus(state), 0x100);
		assert_int_equal(drv_control(fe, STOP), OK);
		assert_int_equal(drv_control(fe, STOP), OK);
	}
}

static void odd_control_messages(void **state)
{
	static const uint16_t types[] = { 0, 1, 0x200, 0x203, 0xffff, VIRTIO_CAN_TX };
	struct frontend *fe = visit_start(state);

	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(drv_control(fe, types[i]), NOT_OK);
	assert_int_equal(drv_control_bytes(fe, "\x02", 1), NOT_OK);
	assert_int_equal(drv_control_bytes(fe, "\x01\x02 and more", 11), OK);
	exchange(fe, visit_bus(state), 0x100);
}

/* No answer before the echo; echoes in another order; of equal frames the oldest. */
static void acknowledged_when_on_the_bus(void **state)
{
	struct frontend *fe = visit_start(state);
	struct bus *bus = visit_bus(state);
	struct can_msg a = a_frame(0x300, 8, false), b = a_frame(0x100, 4, false);
	unsigned int i;

	drv_send(fe, 0, &a);
	drv_send(fe, 1, &b);
	drv_send(fe, 2, &a);
	for (i = 0; i < 3; i++)
		bus_take(bus);
	assert_true(drv_nothing_sent(fe));
	bus_send(bus, &b, true);
	assert_int_equal(drv_sent(fe, &i), OK);
	assert_int_equal(i, 1);
	bus_send(bus, &a, true);
	assert_int_equal(drv_sent(fe, &i), OK);
	assert_int_equal(i, 0);
	/* the same frame from somebody else is none of ours */
	drv_post(fe, 0, RX_ROOM);
	bus_send(bus, &a, false);
	assert_same_frame(drv_receive(fe), a);
	assert_true(drv_nothing_sent(fe));
	bus_send(bus, &a, true);
	assert_int_equal(drv_sent(fe, &i), OK);
	assert_int_equal(i, 2);
	/* and an echo that nobody waits for is nobody's */
	bus_send(bus, &a, true);
	assert_true(drv_nothing_sent(fe));
	assert_true(drv_nothing_received(fe));
}

/* A socket that the kernel names, to know whose datagram one is. */
static int named_socket(struct sockaddr_un *addr, socklen_t *len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_un) { .sun_family = AF_UNIX };
	assert_int_equal(bind(fd, (struct sockaddr *)addr, sizeof(addr->sun_family)), 0);
	*len = sizeof(*addr);
	assert_int_equal(getsockname(fd, (struct sockaddr *)addr, len), 0);
	return fd;
}

/* Calls of @queue go to @sink from now on; their sender is @addr. */
static void redirect_calls(struct frontend *fe, unsigned int queue, int sink, struct sockaddr_un *addr)
{
	struct sockaddr_un to;
	socklen_t len;
	int fd = named_socket(addr, &len);

	len = sizeof(to);
	assert_int_equal(getsockname(sink, (struct sockaddr *)&to, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, len), 0);
	assert_int_equal(fe_set_fd(fe, VHU_SET_VRING_CALL, queue, fd), 0);
	close(fd);
}

static void expect_call(int sink, const struct sockaddr_un *from)
{
	struct pollfd pfd = { .fd = sink, .events = POLLIN };
	struct sockaddr_un addr = { 0 };
	socklen_t len = sizeof(addr);
	uint64_t value;

	assert_int_equal(poll(&pfd, 1, CAN_WAIT_MS), 1);
	assert_int_equal(recvfrom(sink, &value, sizeof(value), 0, (struct sockaddr *)&addr, &len), sizeof(value));
	assert_memory_equal(&addr, from, len);
}

/*
 * Two frames that the daemon finds at once, an echo and an answer to it or the other way round: the driver is interrupted
 * for the first of them first. J1939 gives a session up that is answered before it has heard itself.
 */
static void in_the_order_of_the_bus(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = visit_start(state);
	struct can_msg mine = a_frame(0x123, 8, false), other = a_frame(0x321, 8, false);
	struct sockaddr_un addr[2], own;
	socklen_t len;
	int sink = named_socket(&own, &len);

	redirect_calls(fe, CAN_TX, sink, &addr[CAN_TX]);
	redirect_calls(fe, CAN_RX, sink, &addr[CAN_RX]);
	for (unsigned int echo_first = 0; echo_first < 2; echo_first++) {
		drv_send(fe, 0, &mine);
		drv_post(fe, 0, CAN_MESSAGE_BYTES);
		bus_take(&v->bus);
		drv_set_used_event(&fe->queues[CAN_TX].ring, fe->queues[CAN_TX].ring.used_seen);
		drv_set_used_event(&fe->queues[CAN_RX].ring, fe->queues[CAN_RX].ring.used_seen);
		assert_int_equal(kill(v->server->pid, SIGSTOP), 0);
		bus_send(&v->bus, echo_first ? &mine : &other, echo_first);
		bus_send(&v->bus, echo_first ? &other : &mine, !echo_first);
		assert_int_equal(kill(v->server->pid, SIGCONT), 0);
		expect_call(sink, &addr[echo_first ? CAN_TX : CAN_RX]);
		expect_call(sink, &addr[echo_first ? CAN_RX : CAN_TX]);
		assert_int_equal(drv_sent(fe, NULL), OK);
		assert_same_frame(drv_receive(fe), other);
	}
	close(sink);
}

static void a_lost_echo(void **state)
{
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x300, 8, false);
	unsigned int i;

	drv_send(fe, 3, &msg);
	bus_take(visit_bus(state));
	assert_int_equal(drv_sent(fe, &i), OK); /* after --ack-timeout */
	assert_int_equal(i, 3);
	exchange(fe, visit_bus(state), 0x400);
}

/* The interface's queue holds few frames; all arrive, in order, and none is refused. */
static void no_room(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg msg;

	bus_plug(bus, true, 1);
	for (uint32_t i = 0; i < CAN_RING / 2; i++) {
		msg = a_frame(i, 8, false);
		drv_send(fe, i, &msg);
	}
	/* nothing but its own clock tells the daemon that there is room again */
	for (uint32_t i = 0; i < CAN_RING / 2; i++)
		assert_same_frame(bus_take(bus), a_frame(i, 8, false));
	assert_true(drv_nothing_sent(fe));
	for (uint32_t i = 0; i < CAN_RING / 2; i++) {
		unsigned int which;

		msg = a_frame(i, 8, false);
		bus_send(bus, &msg, true);
		assert_int_equal(drv_sent(fe, &which), OK);
		assert_int_equal(which, i);
	}
}

/* Frames on their way, and those that had no room yet, are answered before the stop is. */
static void stop_cancels(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x123, 8, false);

	bus_plug(bus, true, 1);
	for (uint32_t i = 0; i < CAN_RING / 2; i++)
		drv_send(fe, i, &msg);
	bus_take(bus);
	assert_int_equal(drv_control(fe, STOP), OK);
	assert_int_equal(fe->queues[CAN_TX].ring.used->idx, CAN_RING / 2);
	for (uint32_t i = 0; i < CAN_RING / 2; i++)
		assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	bus_plug(bus, true, 0);
	assert_int_equal(drv_control(fe, START), OK);
	exchange(fe, bus, 0x456);
}

/* A driver that takes no frames gets them later, in order. */
static void backlog(void **state)
{
	struct frontend *fe = visit_start(state);
	struct can_msg msg;

	for (uint32_t i = 0; i < 100; i++) {
		msg = a_frame(i, i % 9, false);
		bus_send(visit_bus(state), &msg, false);
	}
	assert_true(drv_nothing_received(fe));
	for (uint32_t i = 0; i < 100; i++) {
		drv_post(fe, i % 32, RX_ROOM);
		assert_same_frame(drv_receive(fe), a_frame(i, i % 9, false));
	}
	/* what waits at a stop is not given to the next start */
	msg = a_frame(1, 1, false);
	bus_send_lossy(visit_bus(state), &msg, 3);
	assert_int_equal(drv_control(fe, STOP), OK);
	assert_int_equal(drv_control(fe, START), OK);
	drv_post(fe, 0, RX_ROOM);
	assert_true(drv_nothing_received(fe));
}

/* Of more frames than the backlog holds the newest are dropped, and counted; so are those that the kernel dropped. */
static void overflow(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = visit_start(state);
	struct can_msg msg;

	for (uint32_t i = 0; i < BACKLOG + 5; i++) {
		msg = a_frame(i % 1024, i % 9, false);
		bus_send_lossy(&v->bus, &msg, i < 100 ? 3 : 10);
	}
	assert_counted(v, "dropped here 5, by the kernel 7");
	for (uint32_t i = 0; i < BACKLOG; i++) {
		drv_post(fe, i % 32, RX_ROOM);
		assert_same_frame(drv_receive(fe), a_frame(i % 1024, i % 9, false));
	}
	drv_post(fe, 0, RX_ROOM);
	assert_true(drv_nothing_received(fe));
	msg = a_frame(0x123, 8, false);
	bus_send(&v->bus, &msg, false);
	assert_same_frame(drv_receive(fe), msg);
}

/* Messages in pieces, whose borders are anywhere. */
static void in_pieces(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x1abcdef0 | CAN_EFF_FLAG, 64, true);
	const unsigned int lengths[] = { 1, 2, 9, 30, 38 };

	drv_send_pieces(fe, &msg, lengths, sizeof(lengths) / sizeof(lengths[0]));
	assert_same_frame(bus_take(&v->bus), msg);
	bus_send(&v->bus, &msg, true);
	assert_int_equal(drv_sent(fe, NULL), OK);
	drv_post_pieces(fe, lengths, sizeof(lengths) / sizeof(lengths[0]));
	bus_send(&v->bus, &msg, false);
	assert_same_frame(drv_receive(fe), msg);
}

static void filtered(void **state)
{
	struct frontend *fe = visit_start(state);
	struct can_msg hidden = a_frame(0x555, 8, false);

	drv_post(fe, 0, RX_ROOM);
	bus_send(visit_bus(state), &hidden, false); /* --filter=555~7FF */
	assert_true(drv_nothing_received(fe));
	/* a filter is for what is received: its own frame of that name is sent, and acknowledged */
	drv_send(fe, 0, &hidden);
	assert_same_frame(bus_take(visit_bus(state)), hidden);
	bus_send(visit_bus(state), &hidden, true);
	assert_int_equal(drv_sent(fe, NULL), OK);
}

static void hostile_frames(void **state)
{
	struct frontend *fe = visit_start(state);
	uint8_t bytes[128];

	/* header bytes one by one, each with all values; what is valid among them is another test's matter */
	for (unsigned int at = 0; at < CAN_HEADER_BYTES; at++) {
		for (unsigned int value = 0; value < 256; value++) {
			struct virtio_can_tx_out out = {
				.msg_type = VIRTIO_CAN_TX, .length = 200, .can_id = UINT32_MAX
			};
			int result;

			memset(bytes, 0xa5, sizeof(bytes));
			memcpy(bytes, &out, sizeof(out));
			bytes[at] = (uint8_t)value;
			drv_send_bytes(fe, value % 32, bytes, value % (sizeof(bytes) + 1), 1);
			result = drv_sent(fe, NULL);
			assert_int_equal(result, NOT_OK);
		}
	}
	/* no room for the answer */
	drv_send_bytes(fe, 0, bytes, CAN_HEADER_BYTES, 0);
	assert_int_equal(drv_sent(fe, NULL), -1);
	assert_true(bus_silent(visit_bus(state)));
	exchange(fe, visit_bus(state), 0x123);
}

/* Buffers that may only be written where some are to be read, and the other way round. */
static void the_wrong_way_round(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = visit_start(state);
	struct can_msg small = a_frame(2, 8, false);

	drv_offer(fe, CAN_TX, VRING_DESC_F_WRITE);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	drv_offer(fe, CAN_CTRL, VRING_DESC_F_WRITE);
	drv_offer(fe, CAN_CTRL, 0);
	assert_true(drv_answered(fe, CAN_CTRL, 1));
	assert_true(drv_answered(fe, CAN_CTRL, 0));
	exchange(fe, &v->bus, 0x123);
	drv_offer(fe, CAN_RX, 0);
	bus_send(&v->bus, &small, false);
	assert_true(fe_wait_closed(fe, CAN_WAIT_MS));
	assert_true(server_lives(v->server));
}

/* A frame that does not fit costs itself only; a buffer that holds none is a fault of the driver's. */
static void small_buffers(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = visit_start(state);
	struct can_msg large = a_frame(1, 64, true), small = a_frame(2, 8, false);

	drv_post(fe, 0, CAN_HEADER_BYTES + 8);
	bus_send(&v->bus, &large, false);
	bus_send(&v->bus, &small, false);
	assert_same_frame(drv_receive(fe), small);
	drv_post(fe, 0, CAN_HEADER_BYTES - 1);
	bus_send(&v->bus, &small, false);
	assert_true(fe_wait_closed(fe, CAN_WAIT_MS));
	assert_true(server_lives(v->server));
}

static void only_what_was_negotiated(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = &v->fe;
	struct can_msg classic = a_frame(1, 8, false), fd = a_frame(2, 8, true),
		       rtr = a_frame(3 | CAN_RTR_FLAG, 0, false);

	/* as a driver of the simplest kind */
	assert_int_equal(fe_negotiate(fe, BIT(32) | BIT(30) | BIT(VIRTIO_CAN_F_CAN_CLASSIC), UINT64_MAX), 0);
	assert_int_equal(fe_share_memory(fe), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fe_queue_start(fe, i, CAN_RING, 0), 0);
	assert_int_equal(drv_control(fe, START), OK);
	drv_send(fe, 0, &fd);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	drv_send(fe, 0, &rtr);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	drv_post(fe, 0, 24);
	bus_send(&v->bus, &fd, false);
	bus_send(&v->bus, &rtr, false);
	bus_send(&v->bus, &classic, false);
	assert_same_frame(drv_receive(fe), classic);
	/* not late: without an echo */
	drv_send(fe, 0, &classic);
	assert_int_equal(drv_sent(fe, NULL), OK);
	assert_same_frame(bus_take(&v->bus), classic);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, visit_connect, visit_end)

int main(int argc, char **argv)
{
	struct server server;
	struct can_visit visit = { .server = &server };
	const struct CMUnitTest tests[] = {
		TEST(overflow), /* first, for it counts */
		TEST(all_kinds_both_ways),
		TEST(in_pieces),
		TEST(the_wrong_way_round),
		TEST(stopped_sends_nothing),
		TEST(twice_is_fine),
		TEST(odd_control_messages),
		TEST(acknowledged_when_on_the_bus),
		TEST(in_the_order_of_the_bus),
		TEST(a_lost_echo),
		TEST(no_room),
		TEST(stop_cancels),
		TEST(backlog),
		TEST(filtered),
		TEST(hostile_frames),
		TEST(small_buffers),
		TEST(only_what_was_negotiated),
	};
	int ret;

	bus_open(&visit.bus);
	ret = server_test(&server, &visit, argv, "can", tests, sizeof(tests) / sizeof(tests[0]), CAN_WAIT_MS);
	bus_close(&visit.bus);
	return ret;
}
