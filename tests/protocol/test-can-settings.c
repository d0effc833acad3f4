// SPDX-License-Identifier: MIT
/* test-can-settings DAEMON --bitrate=...: as test-can; an interface that the helper has to set up first. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/protocol/can-bus.h"
#include "tests/protocol/server.h"

#define OK     VIRTIO_CAN_RESULT_OK
#define NOT_OK VIRTIO_CAN_RESULT_NOT_OK
#define START  VIRTIO_CAN_SET_CTRL_MODE_START
#define STOP   VIRTIO_CAN_SET_CTRL_MODE_STOP

/* It is up, but with another bit rate: the helper sets it down, and up again. Frames wait for that. */
static void frames_wait_for_the_settings(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_begin(state);
	struct can_msg msg = a_frame(0x123, 8, false);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(drv_control(fe, START), OK);
		drv_send(fe, 0, &msg);
		assert_true(bus_silent(bus));
		/* what the helper said before it had heard of the start */
		bus_report(bus, true, false);
		assert_true(bus_silent(bus));
		assert_true(drv_nothing_sent(fe));
		while (bus_order(bus) != CAN_PORT_START)
			;
		bus_report(bus, false, false);
		assert_true(bus_silent(bus));
		bus_report(bus, true, false);
		assert_same_frame(bus_take(bus), msg);
		bus_send(bus, &msg, true);
		assert_int_equal(drv_sent(fe, NULL), OK);
		exchange(fe, bus, 0x456);
		assert_int_equal(drv_control(fe, STOP), OK);
	}
}

/* One that cannot be set up */
static void but_not_for_ever(void **state)
{
	struct bus *bus = visit_bus(state);
	struct frontend *fe = visit_start(state);
	struct can_msg msg = a_frame(0x123, 8, false);

	drv_send(fe, 0, &msg);
	assert_int_equal(drv_sent(fe, NULL), NOT_OK);
	assert_true(bus_silent(bus));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, visit_connect, visit_end)

int main(int argc, char **argv)
{
	struct server server;
	struct can_visit visit = { .server = &server };
	const struct CMUnitTest tests[] = {
		TEST(frames_wait_for_the_settings),
		TEST(but_not_for_ever),
	};
	int ret;

	bus_open(&visit.bus);
	ret = server_test(&server, &visit, argv, "can-settings", tests, sizeof(tests) / sizeof(tests[0]), CAN_WAIT_MS);
	bus_close(&visit.bus);
	return ret;
}
