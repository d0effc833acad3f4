// SPDX-License-Identifier: MIT
/*
 * test-console DAEMON OPTION...: vhost-user-console with the ports of console-polite.t, and a driver that
 * talks to it. $WORK is the folder of their sockets and files.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/protocol/console-tests.h"

#define EMERG_WR offsetof(struct virtio_console_config, emerg_wr)

static void handshake(void **state)
{
	struct frontend *fe = start(state);

	con_expect_no_message(fe);
	assert_true(con_send(fe, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY, 1));
	for (uint32_t id = 0; id < NUM_PORTS; id++)
		con_expect_message(fe, id, VIRTIO_CONSOLE_PORT_ADD, 1);
	assert_true(con_send(fe, LOGIN, VIRTIO_CONSOLE_PORT_READY, 1));
	con_expect_message(fe, LOGIN, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
	con_expect_name(fe, LOGIN, "login");
	con_expect_size(fe, LOGIN, 80, 25);
	con_expect_message(fe, LOGIN, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_true(con_send(fe, DATA, VIRTIO_CONSOLE_PORT_READY, 1));
	con_expect_name(fe, DATA, "data");
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 0);
	assert_true(con_send(fe, LOG, VIRTIO_CONSOLE_PORT_READY, 1));
	con_expect_name(fe, LOG, "log");
	con_expect_message(fe, LOG, VIRTIO_CONSOLE_PORT_OPEN, 1);
	con_expect_no_message(fe);
}

/* A driver spins until a control message is taken, whether it has room for an answer or not. */
static void control_without_room(void **state)
{
	struct visit *v = *state;
	struct frontend *fe = &v->fe;

	assert_int_equal(fe_start_all(fe, CON_SIZE), 0);
	for (int i = 0; i < 100; i++) {
		assert_true(con_send(fe, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY, 1));
		assert_true(con_send(fe, LOGIN, VIRTIO_CONSOLE_PORT_READY, 1));
	}
	assert_true(fe_alive(fe));
}

static void nonsense_is_ignored(void **state)
{
	struct frontend *fe = start_ports(state);

	assert_true(con_send(fe, 77, VIRTIO_CONSOLE_PORT_READY, 1));
	assert_true(con_send(fe, MAX_PORTS - 1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_true(con_send(fe, CON_ALL, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_true(con_send(fe, DATA, 4711, 1));
	assert_true(con_send(fe, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY, 0));
	assert_true(con_send(fe, DATA, VIRTIO_CONSOLE_PORT_READY, 0));
	fe->queues[3].ring.desc[0].len = 3;
	drv_make_avail(&fe->queues[3].ring, 0);
	fe_kick(fe, 3);
	con_expect_no_message(fe);
	assert_true(fe_alive(fe));
}

static void console_both_ways(void **state)
{
	struct frontend *fe = start_ports(state);
	char got[CON_ROOM];
	int fd = con_client("login");

	con_write(fe, LOGIN, "login: ", 7);
	assert_true(con_wait_written(fe, LOGIN, CON_WAIT_MS));
	con_expect(fd, "login: ");
	assert_int_equal(write(fd, "root\n", 5), 5);
	assert_int_equal(con_read(fe, LOGIN, got, CON_WAIT_MS), 5);
	assert_memory_equal(got, "root\n", 5);
	close(fd);
}

/* Several clients see the same; who comes later gets first what was there before, in its order. */
static void clients_and_scroll_back(void **state)
{
	struct frontend *fe = start_ports(state);
	int one = con_client("login"), two;

	/* of the test before */
	con_expect(one, "login: ");
	con_write(fe, LOGIN, "first ", 6);
	con_write(fe, LOGIN, "second ", 7);
	con_expect(one, "first second ");
	two = con_client("login");
	con_expect(two, "login: first second ");
	con_write(fe, LOGIN, "third", 5);
	con_expect(one, "third");
	con_expect(two, "third");
	close(one);
	close(two);
}

/* Nobody reads: the driver is not held up, and the last 64 KiB are what a reader finds. */
static void absent_reader_of_a_console(void **state)
{
	struct frontend *fe = start_ports(state);
	char line[1025], *all = calloc(1, BUFFER + 1);
	int fd;

	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%01024d", i);
		if (i >= 200 - (int)(BUFFER / 1024))
			memcpy(all + 1024ul * (size_t)(i - (200 - (int)(BUFFER / 1024))), line, 1024);
		con_write(fe, LOGIN, line, 1024);
		assert_true(con_wait_written(fe, LOGIN, CON_WAIT_MS));
	}
	fd = con_client("login");
	con_expect(fd, all);
	con_expect_silence(fd);
	close(fd);
	free(all);
}

/* A reader that is slow loses the oldest; one that is not gets all. */
static void slow_reader_of_a_console(void **state)
{
	struct frontend *fe = start_ports(state);
	int slow = con_client("login"), quick;
	char line[1025], got[1024];
	size_t total = 0;

	usleep(100000);
	quick = con_client("login");
	for (int i = 0; i < 64; i++)
		con_expect(quick, (snprintf(line, sizeof(line), "%01024d", 200 - 64 + i), line));
	for (int i = 0; i < 2000; i++) {
		snprintf(line, sizeof(line), "%01024d", i);
		con_write(fe, LOGIN, line, 1024);
		assert_true(con_wait_written(fe, LOGIN, CON_WAIT_MS));
		con_expect(quick, line);
	}
	con_write(fe, LOGIN, "the end", 7);
	con_expect(quick, "the end");
	while (!memmem(got, total ? sizeof(got) : 0, "the end", 7)) {
		ssize_t n = read(slow, got, sizeof(got));

		assert_true(n > 0);
		total += (size_t)n;
	}
	assert_in_range(total, BUFFER, 2000 * 1024 - 1);
	close(slow);
	close(quick);
}

static void generic_waits_for_its_reader(void **state)
{
	struct frontend *fe = start_ports(state);
	char line[1025], got[CON_ROOM];
	int fd, written = 0;

	/* a polite driver would not: nobody is there */
	con_write(fe, DATA, "early ", 6);
	assert_false(con_wait_written(fe, DATA, CON_SILENCE_MS));
	fd = con_client("data");
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_true(con_wait_written(fe, DATA, CON_WAIT_MS));
	con_expect(fd, "early ");
	/* a reader that does not read: the driver has to wait, and nothing is lost */
	for (; written < 4000; written++) {
		snprintf(line, sizeof(line), "%01024d", written);
		con_write(fe, DATA, line, 1024);
		if (!con_wait_written(fe, DATA, CON_SILENCE_MS))
			break;
	}
	assert_in_range(written, BUFFER / 1024, 3999);
	for (int i = 0; i <= written; i++)
		con_expect(fd, (snprintf(line, sizeof(line), "%01024d", i), line));
	assert_true(con_wait_written(fe, DATA, CON_WAIT_MS));
	/* and data for a driver that does not listen waits, too */
	assert_int_equal(write(fd, "hello", 5), 5);
	assert_int_equal(con_read(fe, DATA, got, CON_SILENCE_MS), -1);
	assert_true(con_send(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_int_equal(con_read(fe, DATA, got, CON_WAIT_MS), 5);
	assert_memory_equal(got, "hello", 5);
	close(fd);
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 0);
}

/* What a client sends before it hangs up arrives, even if the driver takes its time. */
static void last_words(void **state)
{
	struct frontend *fe = start_ports(state);
	char *sent = malloc(BUFFER), got[CON_ROOM];
	int fd = con_client("data"), total = 0, n;

	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1);
	memset(sent, 'x', BUFFER);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 10; i++) {
		ssize_t more = write(fd, sent, BUFFER);

		total += more > 0 ? (int)more : 0;
		usleep(10000);
	}
	close(fd);
	assert_true(total > (int)BUFFER);
	assert_true(con_send(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1));
	while (total > 0 && (n = con_read(fe, DATA, got, CON_WAIT_MS)) > 0)
		total -= n;
	assert_int_equal(total, 0);
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 0);
	assert_true(con_send(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 0));
	fd = con_client("data");
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(write(fd, "bye", 3), 3);
	close(fd);
	/* a driver that is told of the end reads no further */
	con_expect_no_message(fe);
	assert_true(con_send(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_int_equal(con_read(fe, DATA, got, CON_WAIT_MS), 3);
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 0);
	free(sent);
}

/* More than fits in a single kick, for a reader that takes it all: nobody comes back to tell that there is room. */
static void more_than_fits(void **state)
{
	struct frontend *fe = start_ports(state);
	struct drv_ring *ring = &fe->queues[con_transmit(DATA)].ring;
	int fd = con_client("data");
	char *all = malloc(2 * BUFFER + 1);

	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1);
	memset(all, 'y', 2 * BUFFER);
	all[2 * BUFFER] = '\0';
	memset(fe->mem + FE_BUFFERS, 'y', BUFFER / 4);
	for (uint16_t i = 0; i < 8; i++) {
		drv_desc(ring, i, FE_GUEST + FE_BUFFERS, (uint32_t)(BUFFER / 4), 0, 0);
		drv_make_avail(ring, i);
	}
	fe_kick(fe, con_transmit(DATA));
	con_expect(fd, all);
	assert_true(con_wait_written(fe, DATA, CON_WAIT_MS));
	close(fd);
	free(all);
}

/* The driver goes on with the next daemon, or front-end, and says nothing again. */
static void session_goes_on(void **state)
{
	struct visit *v = *state;
	struct frontend *fe = start_ports(state);
	char got[CON_ROOM];
	int fd;

	assert_true(con_send(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1));
	fe_close(fe);
	assert_int_equal(fe_connect(fe, v->server->path), 0);
	assert_int_equal(fe_negotiate(fe, UINT64_MAX, UINT64_MAX), 0);
	assert_int_equal(fe_share_memory(fe), 0);
	for (unsigned int i = 0; i < fe->num_queues; i++)
		assert_int_equal(fe_queue_start(fe, i, CON_SIZE, i == 3 ? 9 : 0), 0);
	con_fill(fe, NUM_PORTS);
	for (uint32_t id = 0; id < NUM_PORTS; id++)
		con_expect_message(fe, id, VIRTIO_CONSOLE_PORT_ADD, 1);
	con_expect_message(fe, MAX_PORTS - 1, VIRTIO_CONSOLE_PORT_REMOVE, 1);
	fd = con_client("data");
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(write(fd, "on", 2), 2);
	assert_int_equal(con_read(fe, DATA, got, CON_WAIT_MS), 2);
	close(fd);
	/* it was closed before, and still is */
	fd = con_client("extra");
	assert_int_equal(write(fd, "on", 2), 2);
	assert_int_equal(con_read(fe, EXTRA, got, CON_SILENCE_MS), -1);
	close(fd);
}

static void without_multiport(void **state)
{
	struct visit *v = *state;
	struct virtio_console_config config;
	char got[CON_ROOM];
	int fd;

	assert_int_equal(con_start(&v->fe, ~(1ull << VIRTIO_CONSOLE_F_MULTIPORT), 1), 0);
	assert_int_equal(fe_get_config(&v->fe, 0, &config, sizeof(config)), 0);
	assert_int_equal(config.cols, 80);
	assert_int_equal(config.rows, 25);
	assert_int_equal(config.max_nr_ports, MAX_PORTS);
	assert_int_equal(fe_open_channel(&v->fe), 0);
	fd = con_client("login");
	con_write(&v->fe, LOGIN, "plain", 5);
	assert_true(con_wait_written(&v->fe, LOGIN, CON_WAIT_MS));
	assert_int_equal(write(fd, "yes", 3), 3);
	assert_int_equal(con_read(&v->fe, LOGIN, got, CON_WAIT_MS), 3);
	con_expect_no_message(&v->fe);
	close(fd);
	/* a client that came, read and went changed no configuration */
	con_expect_silence(v->fe.channel);
}

/* Exactly this comes last. */
static void expect_at_last(int fd, const char *text)
{
	char got[2 * BUFFER];
	size_t len = strlen(text);
	ssize_t n;

	usleep(100000);
	n = read(fd, got, sizeof(got));
	assert_true(n >= (ssize_t)len);
	assert_memory_equal(got + n - len, text, len);
}

/* Before anything else was set up. */
static void emergency_write(void **state)
{
	struct visit *v = *state;
	const struct virtio_console_config config = { 1, 2, htole32(3), htole32(0x11223300 | '?') };
	const uint32_t word = htole32(0x11223300 | '!');
	int fd = con_client("login");

	assert_int_equal(fe_negotiate(&v->fe, UINT64_MAX, UINT64_MAX), 0);
	assert_int_equal(fe_set_config(&v->fe, EMERG_WR, &word, sizeof(word)), 0);
	expect_at_last(fd, "!");
	/* QEMU writes all of it, whatever the driver wrote to */
	assert_int_equal(fe_set_config(&v->fe, 0, &config, sizeof(config)), 0);
	assert_int_equal(fe_set_config(&v->fe, 4, (const char *)&config + 4, 8), 0);
	expect_at_last(fd, "??");
	/* part of the word, or none */
	assert_int_not_equal(fe_set_config(&v->fe, 0, &config, EMERG_WR), 0);
	assert_int_not_equal(fe_set_config(&v->fe, 0, &config, sizeof(config) - 1), 0);
	assert_int_not_equal(fe_set_config(&v->fe, EMERG_WR, &word, 1), 0);
	assert_int_not_equal(fe_set_config(&v->fe, EMERG_WR + 1, &word, 3), 0);
	con_expect_silence(fd);
	close(fd);
}

static void no_room_to_receive(void **state)
{
	struct visit *v = *state;
	struct frontend *fe = &v->fe;
	int fd;

	assert_int_equal(con_start(fe, ~(1ull << VIRTIO_CONSOLE_F_MULTIPORT), 0), 0);
	drv_desc(&fe->queues[0].ring, 0, FE_GUEST + FE_BUFFERS, 0, VRING_DESC_F_WRITE, 0);
	drv_make_avail(&fe->queues[0].ring, 0);
	fe_kick(fe, 0);
	fd = con_client("login");
	assert_int_equal(write(fd, "x", 1), 1);
	assert_true(fe_wait_closed(fe, CON_WAIT_MS));
	assert_true(server_lives(v->server));
	close(fd);
}

int main(int argc, char **argv)
{
	struct server server;
	struct visit visit = { .server = &server };
	const struct CMUnitTest tests[] = {
		VISIT(handshake),
		VISIT(control_without_room),
		VISIT(nonsense_is_ignored),
		VISIT(console_both_ways),
		VISIT(clients_and_scroll_back),
		VISIT(absent_reader_of_a_console),
		VISIT(slow_reader_of_a_console),
		VISIT(generic_waits_for_its_reader),
		VISIT(last_words),
		VISIT(more_than_fits),
		VISIT(reader_in_between),
		VISIT(terminal),
		VISIT(note_to_a_terminal),
		VISIT(note_before_a_reader),
		VISIT(no_descriptor_for_a_client),
		VISIT(log_with_stamps),
		VISIT(ports_come_and_go),
		VISIT(session_goes_on),
		VISIT(without_multiport),
		VISIT(emergency_write),
		VISIT(no_room_to_receive),
		VISIT(left_behind),
	};

	return server_test(&server, &visit, argv, "console", tests, sizeof(tests) / sizeof(tests[0]), CON_WAIT_MS);
}
