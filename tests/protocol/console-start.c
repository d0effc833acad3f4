// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/protocol/console-tests.h"

struct frontend *start(void **state)
{
	struct visit *v = *state;

	assert_int_equal(con_start(&v->fe, UINT64_MAX, NUM_PORTS), 0);
	assert_int_equal(v->fe.num_queues, 2 * (MAX_PORTS + 1));
	return &v->fe;
}

struct frontend *start_ports(void **state)
{
	struct frontend *fe = start(state);
	struct virtio_console_control msg;
	char rest[CON_ROOM];

	assert_true(con_send(fe, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY, 1));
	for (uint32_t id = 0; id < NUM_PORTS; id++)
		assert_true(con_send(fe, id, VIRTIO_CONSOLE_PORT_READY, 1));
	while (con_hear(fe, &msg, rest, CON_SILENCE_MS) >= 0)
		;
	assert_true(con_send(fe, LOGIN, VIRTIO_CONSOLE_PORT_OPEN, 1));
	return fe;
}
