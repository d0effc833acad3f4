// SPDX-License-Identifier: MIT
/* test-can-life DAEMON: as test-can; bus-off, an interface that goes and returns, drivers that come and go. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/can/error.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/protocol/can-bus.h"
#include "tests/protocol/server.h"

#define OK     VIRTIO_CAN_RESULT_OK
#define NOT_OK VIRTIO_CAN_RESULT_NOT_OK
#define START  VIRTIO_CAN_SET_CTRL_MODE_START
#define STOP   VIRTIO_CAN_SET_CTRL_MODE_STOP
#define BIT(n) (UINT64_C(1) << (n))

static void expect_bus_off(struct frontend *fe, uint32_t pending)
{
	struct vhu_msg msg;

	assert_int_equal(vhu_channel_recv(fe->channel, &msg, CAN_WAIT_MS), 0);
	assert_int_equal(msg.request, VHU_BACKEND_CONFIG_CHANGE_MSG);
	assert_int_equal(drv_status(fe), VIRTIO_CAN_S_CTRL_BUSOFF);
	for (uint32_t i = 0; i < pending; i++)
		assert_int_equal(drv_sent(fe, NULL), NOT_OK);
}

static void bus_off_and_back(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x123, 8, false);

	assert_int_equal(fe_open_channel(fe), 0);
	assert_int_equal(drv_status(fe), 0);
	bus_error(bus, CAN_ERR_CRTL);
	drv_send(fe, 0, &msg);
	drv_send(fe, 1, &msg);
	bus_take(bus);
	bus_take(bus);
	bus_error(bus, CAN_ERR_BUSOFF);
	expect_bus_off(fe, 2);
	drv_send(fe, 0, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	/* the hardware's own way back is not the driver's */
	bus_error(bus, CAN_ERR_RESTARTED);
	drv_post(fe, 0, CAN_MESSAGE_BYTES);
	bus_send(bus, &msg, false);
	assert_true(drv_nothing_received(fe));
	assert_int_equal(drv_status(fe), VIRTIO_CAN_S_CTRL_BUSOFF);
	assert_int_equal(drv_control(fe, START), OK);
	assert_int_equal(drv_status(fe), 0);
	bus_send(bus, &msg, false);
	assert_same_frame(drv_receive(fe), msg);
	/* ... and twice, ended by a stop */
	bus_error(bus, CAN_ERR_BUSOFF);
	expect_bus_off(fe, 0);
	assert_int_equal(drv_control(fe, STOP), OK);
	assert_int_equal(drv_status(fe), 0);
	assert_int_equal(drv_control(fe, START), OK);
	exchange(fe, bus, 0x123);
}

/* The same by the state of the interface; it outlasts a start, which the driver is told of anew. */
static void bus_off_that_stays(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);

	assert_int_equal(fe_open_channel(fe), 0);
	bus_report(bus, true, true);
	expect_bus_off(fe, 0);
	assert_int_equal(drv_control(fe, START), OK);
	expect_bus_off(fe, 0);
	bus_report(bus, true, false);
	assert_int_equal(drv_control(fe, START), OK);
	exchange(fe, bus, 0x123);
	assert_int_equal(drv_status(fe), 0);
}

static void unplugged_and_back(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x123, 8, false);

	drv_send(fe, 0, &msg);
	bus_take(bus);
	bus_forget_orders(bus);
	bus_unplug(bus);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK); /* it was on its way */
	assert_int_equal(bus_order(bus), CAN_PORT_DROPPED);
	drv_send(fe, 0, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	bus_plug(bus, false, 0);
	drv_send(fe, 0, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	bus_report(bus, true, false);
	exchange(fe, bus, 0x456);
}

/* After a start the interface may need a moment. */
static void frames_wait_for_the_interface(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_begin(state);
	struct can_msg msg = a_frame(0x123, 8, false);

	bus_report(bus, false, false);
	bus_forget_orders(bus);
	assert_int_equal(drv_control(fe, START), OK);
	assert_int_equal(bus_order(bus), CAN_PORT_START);
	drv_send(fe, 0, &msg);
	assert_true(bus_silent(bus));
	bus_report(bus, true, false);
	assert_same_frame(bus_take(bus), msg);
	bus_send(bus, &msg, true);
	assert_int_equal(drv_sent(fe, NULL), OK);
	/* but not for ever */
	assert_int_equal(drv_control(fe, STOP), OK);
	bus_unplug(bus);
	assert_int_equal(drv_control(fe, START), OK);
	drv_send(fe, 0, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
}

static void reset_clears_all(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = visit_start(state);
	struct vhu_msg reset = { .request = VHU_RESET_DEVICE };
	struct can_msg msg = a_frame(0x123, 8, false);

	assert_int_equal(fe_open_channel(fe), 0);
	bus_error(&v->bus, CAN_ERR_BUSOFF);
	expect_bus_off(fe, 0);
	assert_int_equal(fe_send(fe, &reset), 0);
	assert_int_equal(drv_status(fe), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fe_queue_start(fe, i, CAN_RING, 0), 0);
	drv_send(fe, 0, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	assert_int_equal(drv_control(fe, START), OK);
	exchange(fe, &v->bus, 0x123);
	/* gone with a frame on its way; the next driver begins afresh */
	drv_send(fe, 0, &msg);
	bus_take(&v->bus);
	fe_close(fe);
	assert_int_equal(fe_connect(fe, v->server->path), 0);
	fe = visit_begin(state);
	bus_send(&v->bus, &msg, true);
	assert_true(drv_nothing_sent(fe));
	drv_send(fe, 0, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
}

/* Down and up again, too quickly for the helper: what was on its way is gone, except what has been heard already. */
static void down_for_a_moment(void **state)
{
	struct can_visit *v = *state;
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg heard = a_frame(0x123, 8, false), gone = a_frame(0x124, 8, false);
	unsigned int i;

	drv_send(fe, 0, &heard);
	drv_send(fe, 1, &gone);
	bus_take(bus);
	bus_take(bus);
	/* as in a socket, whose error comes before its frames */
	assert_int_equal(kill(v->server->pid, SIGSTOP), 0);
	bus_down(bus);
	bus_send(bus, &heard, true);
	assert_int_equal(kill(v->server->pid, SIGCONT), 0);
	assert_int_equal(drv_sent(fe, &i), OK);
	assert_int_equal(i, 0);
	assert_int_equal(drv_sent(fe, &i), NOT_OK);
	assert_int_equal(i, 1);
	exchange(fe, bus, 0x456);
}

/* An interface that goes down with a stop leaves an error at the socket. It hides no old frames from a start. */
static void old_frames_behind_an_error(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x123, 8, false);

	assert_int_equal(drv_control(fe, STOP), OK);
	bus_down(bus);
	bus_send(bus, &msg, false);
	assert_int_equal(drv_control(fe, START), OK);
	drv_post(fe, 1, CAN_MESSAGE_BYTES);
	assert_true(drv_nothing_received(fe));
}

/* A driver that a dead daemon served goes on where it is, whatever the order in which its queues come. */
static void taken_over(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = &v->fe;
	struct can_msg msg = a_frame(0x123, 8, false);

	assert_int_equal(fe_negotiate(fe, UINT64_MAX, UINT64_MAX), 0);
	assert_int_equal(fe_share_memory(fe), 0);
	assert_int_equal(fe_queue_start(fe, CAN_TX, CAN_RING, 0), 0);
	drv_send(fe, 0, &msg);
	assert_true(drv_nothing_sent(fe));
	assert_int_equal(fe_queue_start(fe, CAN_RX, CAN_RING, 5), 0);
	assert_int_equal(fe_queue_start(fe, CAN_CTRL, CAN_RING, 1), 0);
	assert_same_frame(bus_take(&v->bus), msg);
	bus_send(&v->bus, &msg, true);
	assert_int_equal(drv_sent(fe, NULL), OK);
	exchange(fe, &v->bus, 0x456);
	/* the same front-end's pause changes nothing */
	assert_int_equal(drv_control(fe, STOP), OK);
	assert_int_equal(fe_queue_stop(fe, CAN_CTRL, &(uint16_t) { 0 }), 0);
	assert_int_equal(fe_queue_start(fe, CAN_CTRL, CAN_RING, 2), 0);
	drv_send(fe, 1, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
}

/* QEMU says nothing of a guest's reset: the queues stop, and begin again at their beginning. */
static void a_driver_after_another(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x123, 8, false);

	exchange(fe, bus, 0x456);
	drv_send(fe, 0, &msg);
	bus_take(bus);
	bus_send(bus, &msg, false);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fe_queue_stop(fe, i, &(uint16_t) { 0 }), 0);
	bus_send(bus, &msg, false);
	bus_forget_orders(bus);
	assert_int_equal(fe_queue_start(fe, CAN_TX, CAN_RING, 0), 0);
	drv_send(fe, 1, &msg);
	assert_int_equal(fe_queue_start(fe, CAN_RX, CAN_RING, 0), 0);
	drv_post(fe, 0, CAN_MESSAGE_BYTES);
	assert_true(drv_nothing_received(fe));
	assert_true(bus_silent(bus));
	assert_int_equal(fe_queue_start(fe, CAN_CTRL, CAN_RING, 0), 0);
	assert_int_equal(bus_order(bus), CAN_PORT_STOP);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	bus_send(bus, &msg, false);
	assert_true(drv_nothing_received(fe));
	assert_int_equal(drv_control(fe, START), OK);
	assert_true(drv_nothing_received(fe));
	exchange(fe, bus, 0x456);
}

/* A guest that pauses goes on: what came meanwhile is there, and what it sends. */
static void a_pause(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x123, 8, false);
	uint16_t bases[3];

	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(fe_queue_stop(fe, i, &bases[i]), 0);
	assert_int_equal(bases[CAN_CTRL], 1);
	bus_send(bus, &msg, false);
	bus_forget_orders(bus);
	assert_int_equal(fe_queue_start(fe, CAN_TX, CAN_RING, bases[CAN_TX]), 0);
	drv_send(fe, 0, &msg);
	assert_int_equal(fe_queue_start(fe, CAN_RX, CAN_RING, bases[CAN_RX]), 0);
	drv_post(fe, 0, CAN_MESSAGE_BYTES);
	assert_int_equal(fe_queue_start(fe, CAN_CTRL, CAN_RING, bases[CAN_CTRL]), 0);
	assert_same_frame(bus_take(bus), msg);
	bus_send(bus, &msg, true);
	assert_int_equal(drv_sent(fe, NULL), OK);
	assert_same_frame(drv_receive(fe), msg);
	exchange(fe, bus, 0x456);
}

/* What the kernel dropped while the controller was stopped, after the last frame that it kept, was nobody's. */
static void dropped_while_stopped(void **state)
{
	struct can_visit *v = *state;
	struct frontend *fe = visit_begin(state);
	struct can_msg msg = a_frame(1, 8, false);

	bus_send_lossy(&v->bus, &msg, 5);
	assert_int_equal(drv_control(fe, START), OK);
	for (uint32_t lost = 1000; lost < 1004; lost += 2) {
		bus_send_lossy(&v->bus, &msg, lost);
		drv_post(fe, 0, CAN_MESSAGE_BYTES);
		assert_same_frame(drv_receive(fe), msg);
	}
	assert_counted(v, "by the kernel 2;");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, visit_connect, visit_end)

int main(int argc, char **argv)
{
	struct server server;
	struct can_visit visit = { .server = &server };
	const struct CMUnitTest tests[] = {
		TEST(dropped_while_stopped), /* first, for it counts */
		TEST(bus_off_and_back),
		TEST(bus_off_that_stays),
		TEST(unplugged_and_back),
		TEST(frames_wait_for_the_interface),
		TEST(reset_clears_all),
		TEST(down_for_a_moment),
		TEST(old_frames_behind_an_error),
		TEST(taken_over),
		TEST(a_driver_after_another),
		TEST(a_pause),
	};
	int ret;

	bus_open(&visit.bus);
	ret = server_test(&server, &visit, argv, "can-life", tests, sizeof(tests) / sizeof(tests[0]), CAN_WAIT_MS);
	bus_close(&visit.bus);
	return ret;
}
