// SPDX-License-Identifier: MIT
/* When a port's owner is told that a reader has caught up. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "vhost-user-console/peer.h"

#define BUFFER (1 << 20) /* more than a socket takes */

struct bench {
	struct port port;
	struct peer peer;
	sd_event *event;
	int reader;
	unsigned int changes;
};

/* The parts of port.c that a peer needs, without its back-ends. */
const char *port_name(const struct port *port)
{
	return "test";
}

size_t port_input_room(const struct port *port)
{
	return 0;
}

void port_input(struct port *port, const void *data, size_t len)
{
}

void port_lose(struct port *port, uint64_t bytes)
{
	assert_int_equal(bytes, 0);
}

void port_left(struct port *port, uint64_t pos)
{
	port->lost += port->out.end - pos;
}

static void on_changed(struct port *port)
{
	struct bench *bench = port->owner;

	bench->changes++;
}

static const struct port_events events = { .changed = on_changed };

static void on_gone(struct peer *peer, int error)
{
	fail_msg("the peer is gone: %d", error);
}

static int setup(void **state)
{
	static struct bench bench;
	int ends[2];

	memset(&bench, 0, sizeof(bench));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(sd_event_new(&bench.event), 0);
	assert_int_equal(stream_init(&bench.port.out, BUFFER), 0);
	bench.port.events = &events;
	bench.port.owner = &bench;
	bench.peer.writes = true;
	bench.peer.gone = on_gone;
	bench.reader = ends[1];
	assert_int_equal(peer_start(&bench.peer, &bench.port, bench.event, ends[0]), 0);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	peer_stop(&bench->peer);
	stream_free(&bench->port.out);
	sd_event_unref(bench->event);
	close(bench->reader);
	return 0;
}

/* The port's buffer is full, and the reader has not got all of it. */
static void fall_behind(struct bench *bench)
{
	static const char data[BUFFER];

	stream_append(&bench->port.out, data, sizeof(data));
	peer_output(&bench->peer);
	assert_true(bench->peer.pos < bench->port.out.end);
	assert_int_equal(bench->changes, 0);
}

static void read_all(struct bench *bench)
{
	static char data[BUFFER];

	while (read(bench->reader, data, sizeof(data)) > 0)
		;
}

static void reader_at_its_own_time(void **state)
{
	struct bench *bench = *state;

	fall_behind(bench);
	assert_int_equal(sd_event_run(bench->event, 0), 0);
	read_all(bench);
	assert_true(sd_event_run(bench->event, 0) > 0);
	assert_int_equal(bench->changes, 1);
}

/* It reads while the port is busy with the next output: then no event tells of it. */
static void reader_just_before_more(void **state)
{
	struct bench *bench = *state;

	fall_behind(bench);
	while (bench->peer.pos < bench->port.out.end) {
		assert_int_equal(bench->changes, 0);
		read_all(bench);
		peer_output(&bench->peer);
	}
	assert_int_equal(bench->changes, 1);
	assert_int_equal(sd_event_run(bench->event, 0), 0);
}

static void nobody_waited(void **state)
{
	struct bench *bench = *state;

	stream_append(&bench->port.out, "x", 1);
	peer_output(&bench->peer);
	assert_int_equal(bench->peer.pos, bench->port.out.end);
	assert_int_equal(bench->changes, 0);
}

/* It may go on sending, so that the connection does not hang up. */
static void reader_that_reads_no_more(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(shutdown(bench->reader, SHUT_RD), 0);
	assert_int_equal(bench->changes, 0);
	stream_append(&bench->port.out, "x", 1);
	peer_output(&bench->peer);
	assert_false(bench->peer.writes);
	assert_int_equal(bench->changes, 1);
	assert_int_equal(bench->port.lost, 1);
	/* once it has gone nothing more is meant for it */
	stream_append(&bench->port.out, "y", 1);
	peer_output(&bench->peer);
	assert_int_equal(bench->port.lost, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reader_at_its_own_time, setup, teardown),
		cmocka_unit_test_setup_teardown(reader_just_before_more, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_waited, setup, teardown),
		cmocka_unit_test_setup_teardown(reader_that_reads_no_more, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
