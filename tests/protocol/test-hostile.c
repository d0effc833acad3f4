// SPDX-License-Identifier: MIT
/*
 * test-hostile DAEMON [OPTION...]: misbehave towards a daemon in every way we
 * could think of. After each it must serve a polite front-end, own as many
 * descriptors as before and have no front-end's memory mapped; at the end it must exit with 0 at once (built with the
 * address sanitizer that also says that it leaked no memory).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/protocol/hostile.h"
#include "tests/protocol/server.h"

#define MAX_TESTS   128
#define ANY_TIMES   100
#define DEADLINE_MS 20000

struct attack {
	const struct hostile *hostile;
	struct server *server;
	int idle_fds;
	struct frontend fe;
	struct frontend second;
};

/* Here, so that a test that failed in the middle does not keep the daemon busy. */
static int hang_up(void **state)
{
	struct attack *a = *state;

	fe_close(&a->fe);
	fe_close(&a->second);
	return 0;
}

/* Connects, starts every queue, stops it where it began, and leaves. */
static void polite_visit(struct attack *a)
{
	struct frontend *fe = &a->fe;
	unsigned int i;
	uint16_t base;

	assert_int_equal(fe_connect(fe, a->server->path), 0);
	assert_int_equal(fe_start_all(fe, 16), 0);
	assert_true(fe->num_queues > 0);
	for (i = 0; i < fe->num_queues; i++) {
		fe_kick(fe, i);
		assert_int_equal(fe_queue_stop(fe, i, &base), 0);
		assert_int_equal(base, 0);
	}
	assert_true(fe_alive(fe));
	fe_close(fe);
}

/*
 * The daemon notices a disconnection a little later than we cause it, and has one more
 * descriptor for a moment when it tells the service manager.
 */
static void expect_fds(struct server *s, int expected)
{
	int left, num = server_num_fds(s);

	for (left = DEADLINE_MS; left > 0 && num != expected; left -= 10) {
		usleep(10000);
		num = server_num_fds(s);
	}
	if (num != expected)
		server_show_fds(s);
	assert_int_equal(num, expected);
	assert_int_equal(server_num_maps(s), 0);
}

static void attack_once(struct attack *a)
{
	assert_int_equal(fe_connect(&a->fe, a->server->path), 0);
	a->hostile->act(&a->fe);
	if (a->hostile->expect == EXPECT_CLOSED)
		assert_true(fe_wait_closed(&a->fe, DEADLINE_MS));
	else if (a->hostile->expect == EXPECT_ALIVE)
		assert_true(fe_alive(&a->fe));
	fe_close(&a->fe);
}

static void attack(void **state)
{
	struct attack *a = *state;
	int i, times = a->hostile->expect == EXPECT_ANY ? ANY_TIMES : 1;

	for (i = 0; i < times; i++)
		attack_once(a);
	assert_true(server_lives(a->server));
	polite_visit(a);
	expect_fds(a->server, a->idle_fds);
}

/* Who comes second waits, and is served when the first has gone. */
static void two_at_once(void **state)
{
	struct attack *a = *state;
	struct frontend *first = &a->fe, *second = &a->second;

	assert_int_equal(fe_connect(first, a->server->path), 0);
	assert_true(fe_alive(first));
	assert_int_equal(fe_connect(second, a->server->path), 0);
	assert_int_equal(fe_start_all(first, 16), 0);
	fe_close(first);
	assert_true(fe_alive(second));
	fe_close(second);
	expect_fds(a->server, a->idle_fds);
}

static void expect_idle(const struct server *s)
{
	int before = server_cpu_ms(s);

	assert_true(before >= 0);
	sleep(1);
	assert_in_range(server_cpu_ms(s) - before, 0, 200);
}

/* Neither a kick that was served nor a kick descriptor that hung up costs processor time later. */
static void no_spinning(void **state)
{
	struct attack *a = *state;
	struct frontend *fe = &a->fe;
	unsigned int i;
	int fds[2];

	assert_int_equal(fe_connect(fe, a->server->path), 0);
	assert_int_equal(fe_start_all(fe, 16), 0);
	for (i = 0; i < fe->num_queues; i++)
		fe_kick(fe, i);
	expect_idle(a->server);
	for (i = 0; i < fe->num_queues; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		assert_int_equal(write(fds[1], "12345678", 8), 8);
		assert_int_equal(fe_set_fd(fe, VHU_SET_VRING_KICK, i, fds[0]), 0);
		close(fds[0]);
		close(fds[1]);
	}
	assert_true(fe_alive(fe));
	expect_idle(a->server);
	fe_close(fe);
	expect_fds(a->server, a->idle_fds);
}

static void quick_and_clean_end(void **state)
{
	struct attack *a = *state;
	struct frontend *fe = &a->fe;

	/* even with a front-end at work */
	assert_int_equal(fe_connect(fe, a->server->path), 0);
	assert_int_equal(fe_start_all(fe, 16), 0);
	assert_int_equal(server_stop(a->server, DEADLINE_MS), 0);
	fe_close(fe);
}

static unsigned int add_attacks(
	struct CMUnitTest *tests, struct attack *attacks, unsigned int n, const struct hostile *table, unsigned int num)
{
	unsigned int i;

	for (i = 0; i < num; i++, n++) {
		attacks[n].hostile = &table[i];
		tests[n] = (struct CMUnitTest) { table[i].name, attack, NULL, hang_up, &attacks[n] };
	}
	return n;
}

/*
 * What the daemon has open when nobody is connected: after a first visit, since a device
 * may open things then that it keeps, a timer for instance. As long as it has that visitor's memory
 * mapped it is not done with it.
 */
static int count_idle_fds(const struct server *s)
{
	struct frontend fe;
	int last = -1, now = server_num_fds(s), tries;

	if (fe_connect(&fe, s->path) == 0)
		fe_start_all(&fe, 16);
	fe_close(&fe);
	for (tries = 0; tries < 200 && (now != last || server_num_maps(s)); tries++) {
		last = now;
		usleep(100000);
		now = server_num_fds(s);
	}
	return now;
}

int main(int argc, char **argv)
{
	struct attack attacks[MAX_TESTS];
	struct CMUnitTest tests[MAX_TESTS];
	struct server server;
	unsigned int n = 0, i;
	int r, idle_fds;

	if (argc < 2) {
		fprintf(stderr, "usage: %s DAEMON [OPTION...]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	srandom(20260101);
	r = server_start(&server, argv + 1);
	if (r < 0) {
		fprintf(stderr, "%s: %s did not start (%d)\n", argv[0], argv[1], r);
		server_show_log(&server);
		return 1;
	}
	idle_fds = count_idle_fds(&server);
	n = add_attacks(tests, attacks, n, hostile_messages, num_hostile_messages);
	n = add_attacks(tests, attacks, n, hostile_queues, num_hostile_queues);
	n = add_attacks(tests, attacks, n, hostile_rings, num_hostile_rings);
	tests[n] = (struct CMUnitTest) { "two_at_once", two_at_once, NULL, hang_up, &attacks[n] };
	n++;
	tests[n] = (struct CMUnitTest) { "no_spinning", no_spinning, NULL, hang_up, &attacks[n] };
	n++;
	tests[n] = (struct CMUnitTest) { "quick_and_clean_end", quick_and_clean_end, NULL, hang_up, &attacks[n] };
	n++;
	for (i = 0; i < n; i++) {
		attacks[i].server = &server;
		attacks[i].idle_fds = idle_fds;
		fe_init(&attacks[i].fe);
		fe_init(&attacks[i].second);
	}
	r = _cmocka_run_group_tests("hostile", tests, n, NULL, NULL);
	if (r)
		server_show_log(&server);
	server_stop(&server, DEADLINE_MS);
	return r ? 1 : 0;
}
