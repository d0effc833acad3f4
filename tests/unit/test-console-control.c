// SPDX-License-Identifier: MIT
/* What the driver is told of ports, in which order, and what it may say. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vhost-user-console/control.h"

#define NUM 4

static struct control *fresh(struct control *c)
{
	control_init(c, NUM, CONTROL_COLS_FIRST);
	control_add(c, 0, "login", true);
	control_add(c, 1, "data", false);
	return c;
}

static bool say(struct control *c, uint32_t id, uint16_t event, uint16_t value)
{
	const struct virtio_console_control msg = { htole32(id), htole16(event), htole16(value) };

	return control_receive(c, &msg, sizeof(msg));
}

static size_t hear(struct control *c, uint32_t id, uint16_t event, uint16_t value, char *rest)
{
	struct virtio_console_control msg;
	uint8_t buf[CONTROL_MAX_MESSAGE];
	size_t len;

	assert_true(control_has_next(c));
	len = control_next(c, buf);
	assert_in_range(len, sizeof(msg), sizeof(buf));
	memcpy(&msg, buf, sizeof(msg));
	assert_int_equal(le32toh(msg.id), id);
	assert_int_equal(le16toh(msg.event), event);
	assert_int_equal(le16toh(msg.value), value);
	if (rest)
		memcpy(rest, buf + sizeof(msg), len - sizeof(msg));
	return len - sizeof(msg);
}

static void hear_nothing(struct control *c)
{
	uint8_t buf[CONTROL_MAX_MESSAGE];

	assert_false(control_has_next(c));
	assert_int_equal(control_next(c, buf), 0);
}

static void hear_all(struct control *c)
{
	uint8_t buf[CONTROL_MAX_MESSAGE];

	while (control_next(c, buf))
		;
}

static struct control *introduced(struct control *c)
{
	fresh(c);
	say(c, -1, VIRTIO_CONSOLE_DEVICE_READY, 1);
	say(c, 0, VIRTIO_CONSOLE_PORT_READY, 1);
	say(c, 1, VIRTIO_CONSOLE_PORT_READY, 1);
	hear_all(c);
	return c;
}

static void handshake(void **state)
{
	struct control c;
	char rest[CONTROL_MAX_MESSAGE];

	hear_nothing(fresh(&c));
	assert_true(say(&c, -1, VIRTIO_CONSOLE_DEVICE_READY, 1));
	hear(&c, 0, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	hear_nothing(&c);
	assert_true(say(&c, 1, VIRTIO_CONSOLE_PORT_READY, 1));
	/* without the NUL */
	assert_int_equal(hear(&c, 1, VIRTIO_CONSOLE_PORT_NAME, 1, rest), 4);
	assert_memory_equal(rest, "data", 4);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
	assert_true(say(&c, 0, VIRTIO_CONSOLE_PORT_READY, 1));
	hear(&c, 0, VIRTIO_CONSOLE_CONSOLE_PORT, 1, NULL);
	assert_int_equal(hear(&c, 0, VIRTIO_CONSOLE_PORT_NAME, 1, rest), 5);
	hear(&c, 0, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	hear_nothing(&c);
}

/* A driver that failed gets nothing. */
static void failures(void **state)
{
	struct control c;

	fresh(&c);
	assert_false(say(&c, -1, VIRTIO_CONSOLE_DEVICE_READY, 0));
	hear_nothing(&c);
	assert_true(say(&c, -1, VIRTIO_CONSOLE_DEVICE_READY, 1));
	hear_all(&c);
	assert_false(say(&c, 0, VIRTIO_CONSOLE_PORT_READY, 0));
	control_set_size(&c, 0, 80, 25);
	hear_nothing(&c);
}

static void nonsense(void **state)
{
	struct control c;
	const uint8_t bytes[7] = { 0 };

	introduced(&c);
	assert_false(control_receive(&c, bytes, sizeof(bytes)));
	assert_false(say(&c, 2, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_false(say(&c, NUM, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_false(say(&c, 0x7fffffff, VIRTIO_CONSOLE_PORT_READY, 1));
	assert_false(say(&c, -1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_false(say(&c, 1, 99, 1));
	hear_nothing(&c);
	assert_int_equal(control_open_ports(&c), 0);
}

static void sizes(void **state)
{
	struct control c;
	char rest[CONTROL_MAX_MESSAGE];

	introduced(&c);
	control_set_size(&c, 0, 80, 25);
	assert_true(control_set_size(&c, 0, 132, 0x0143));
	assert_false(control_set_size(&c, 1, 80, 25));
	assert_int_equal(hear(&c, 0, VIRTIO_CONSOLE_RESIZE, 0, rest), 4);
	assert_memory_equal(rest, "\x84\x00\x43\x01", 4);
	hear_nothing(&c);
	assert_false(control_set_size(&c, 0, 132, 0x0143));
	hear_nothing(&c);
	c.order = CONTROL_ROWS_FIRST;
	assert_true(control_set_size(&c, 0, 132, 0x0144));
	hear(&c, 0, VIRTIO_CONSOLE_RESIZE, 0, rest);
	assert_memory_equal(rest, "\x44\x01\x84\x00", 4);
}

static void readers_come_and_go(void **state)
{
	struct control c;

	introduced(&c);
	control_set_open(&c, 1, true);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	control_set_open(&c, 1, true);
	control_set_open(&c, 0, false);
	hear_nothing(&c);
	control_set_open(&c, 1, false);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
	assert_true(say(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_int_equal(control_open_ports(&c), 2);
	assert_true(say(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 0));
	assert_int_equal(control_open_ports(&c), 0);
}

static void ports_come_and_go(void **state)
{
	struct control c;

	introduced(&c);
	/* the driver never hears of this one */
	control_add(&c, 2, "brief", false);
	control_remove(&c, 2);
	hear_nothing(&c);
	say(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	control_remove(&c, 1);
	assert_int_equal(control_open_ports(&c), 0);
	/* the same number before the driver has heard of the end */
	control_add(&c, 1, "next", false);
	assert_false(say(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	hear(&c, 1, VIRTIO_CONSOLE_PORT_REMOVE, 1, NULL);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	hear_nothing(&c);
	/* and once more, so that it hears of an end, but of no beginning */
	control_remove(&c, 1);
	control_add(&c, 1, "third", false);
	control_remove(&c, 1);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_REMOVE, 1, NULL);
	hear_nothing(&c);
}

static void the_next_driver(void **state)
{
	struct control c;

	introduced(&c);
	say(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	control_remove(&c, 0);
	control_reset(&c);
	assert_int_equal(control_open_ports(&c), 0);
	hear_nothing(&c);
	say(&c, -1, VIRTIO_CONSOLE_DEVICE_READY, 1);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	hear_nothing(&c);
}

/* Linux after hibernation: no DEVICE_READY. */
static void a_driver_wakes_up(void **state)
{
	struct control c;

	fresh(&c);
	assert_true(say(&c, 1, VIRTIO_CONSOLE_PORT_READY, 1));
	assert_true(say(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_int_equal(control_open_ports(&c), 2);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_NAME, 1, NULL);
}

static void in_the_middle(void **state)
{
	struct control c;

	fresh(&c);
	control_resume(&c, 2);
	/* a console was open as long as it was there */
	assert_int_equal(control_open_ports(&c), 3);
	hear(&c, 0, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	hear(&c, 2, VIRTIO_CONSOLE_PORT_REMOVE, 1, NULL);
	hear(&c, 3, VIRTIO_CONSOLE_PORT_REMOVE, 1, NULL);
	hear_nothing(&c);
	fresh(&c);
	control_resume(&c, 0);
	assert_int_equal(control_open_ports(&c), 1);
}

/* One port after the other, lest one that changes all the time keeps the others from being heard of. */
static void turns(void **state)
{
	struct control c;

	introduced(&c);
	control_set_open(&c, 1, true);
	control_set_size(&c, 0, 1, 1);
	c.next = 0;
	hear(&c, 0, VIRTIO_CONSOLE_RESIZE, 0, NULL);
	control_set_size(&c, 0, 2, 2);
	hear(&c, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	hear(&c, 0, VIRTIO_CONSOLE_RESIZE, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake),
		cmocka_unit_test(failures),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(sizes),
		cmocka_unit_test(readers_come_and_go),
		cmocka_unit_test(ports_come_and_go),
		cmocka_unit_test(the_next_driver),
		cmocka_unit_test(a_driver_wakes_up),
		cmocka_unit_test(in_the_middle),
		cmocka_unit_test(turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
