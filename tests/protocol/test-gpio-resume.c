// SPDX-License-Identifier: MIT
/* test-gpio-resume DAEMON OPTION...: another vhost-user-gpio takes the place of one under a running driver. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/protocol/gpio-visit.h"

#define BASE   100 /* requests that the driver has made */
#define RISING VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING
#define HIGH   VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH
#define VALID  VIRTIO_GPIO_IRQ_STATUS_VALID

struct run {
	struct visit visit;
	struct server server;
	char **argv; /* from the daemon on */
	char state[160];
};

/* A front-end of the daemon's, whose driver's ring is at @base. */
static struct visit *connect_at(struct run *run, uint16_t base)
{
	struct visit *v = &run->visit;

	assert_int_equal(fe_connect(&v->fe, run->server.path), 0);
	assert_int_equal(fe_negotiate(&v->fe, UINT64_MAX, UINT64_MAX), 0);
	assert_int_equal(fe_share_memory(&v->fe), 0);
	assert_int_equal(fe_queue_start(&v->fe, REQUESTS, RING, base), 0);
	assert_int_equal(fe_queue_start(&v->fe, EVENTS, RING, 0), 0);
	visit_settle(v);
	return v;
}

static struct visit *arrive(struct run *run, uint16_t base)
{
	assert_int_equal(server_start(&run->server, run->argv), 0);
	return connect_at(run, base);
}

/* Without a word, as far as the kernel, which is not there, would clean up. */
static void crash(struct run *run)
{
	struct visit *v = &run->visit;

	kill(run->server.pid, SIGKILL);
	waitpid(run->server.pid, NULL, 0);
	fe_close(&v->fe);
	unlink(run->server.path);
	unlink(run->server.log);
	rmdir(run->server.dir);
	for (unsigned int i = 0; i < FAKE_LINES; i++) {
		v->chip->lines[i].requested = false;
		v->chip->lines[i].edges = 0;
		v->chip->lines[i].output = false;
		v->chip->lines[i].driven = false;
	}
}

/* The driver goes, and the front-end says so. */
static void leave(struct run *run)
{
	struct vhu_msg reset = { .request = VHU_RESET_DEVICE };

	assert_int_equal(fe_send(&run->visit.fe, &reset), 0);
	fe_close(&run->visit.fe);
	assert_int_equal(server_stop(&run->server, WAIT_MS), 0);
}

static void use_lines(struct visit *v)
{
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_VALUE, LAMP, 1), 0);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, LAMP, VIRTIO_GPIO_DIRECTION_OUT), 0);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, BUTTON, VIRTIO_GPIO_DIRECTION_IN), 0);
	assert_int_equal(visit_irq_type(v, BUTTON, RISING), 0);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, RESET, VIRTIO_GPIO_DIRECTION_IN), 0);
	assert_int_equal(visit_irq_type(v, RESET, HIGH), 0);
}

static void expect_lines(struct visit *v)
{
	assert_true(v->chip->lines[OFFSET_LAMP].requested && v->chip->lines[OFFSET_LAMP].first);
	assert_true(v->chip->lines[OFFSET_LAMP].driven);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_GET_VALUE, LAMP, 0), 1);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_GET_VALUE, BUTTON, 0), 0);
	visit_unmask(v, 0, BUTTON);
	visit_unmask(v, 1, RESET);
	visit_expect_none(v);
	visit_drive(v, OFFSET_BUTTON, false);
	visit_expect(v, 0, VALID);
	visit_drive(v, OFFSET_RESET, true);
	visit_expect(v, 1, VALID);
}

static void expect_nothing(const struct visit *v)
{
	for (unsigned int i = 0; i < FAKE_LINES; i++)
		assert_false(v->chip->lines[i].requested);
}

static int quiet(void **state)
{
	struct run *run = *state;

	unlink(run->state);
	for (unsigned int i = 0; i < FAKE_LINES; i++)
		run->visit.chip->lines[i].level = i == OFFSET_BUTTON;
	return 0;
}

static void after_a_crash(void **state)
{
	struct run *run = *state;

	use_lines(arrive(run, BASE));
	crash(run);
	expect_lines(arrive(run, BASE));
	/* And once more: the second one keeps it, too. */
	crash(run);
	run->visit.chip->lines[OFFSET_BUTTON].level = true;
	run->visit.chip->lines[OFFSET_RESET].level = false;
	expect_lines(arrive(run, BASE));
	leave(run);
}

static void after_an_orderly_restart(void **state)
{
	struct run *run = *state;

	use_lines(arrive(run, BASE));
	assert_int_equal(server_stop(&run->server, WAIT_MS), 0);
	fe_close(&run->visit.fe);
	expect_nothing(&run->visit);
	expect_lines(arrive(run, BASE));
	leave(run);
}

static void a_new_driver_gets_nothing(void **state)
{
	struct run *run = *state;

	use_lines(arrive(run, BASE));
	crash(run);
	expect_nothing(arrive(run, 0));
	crash(run);
	expect_nothing(arrive(run, BASE));
	leave(run);
}

static void nor_one_after_a_driver_that_left(void **state)
{
	struct run *run = *state;

	use_lines(arrive(run, BASE));
	leave(run);
	expect_nothing(arrive(run, BASE));
	leave(run);
}

/* Lines are taken all the time: an output keeps its level, an edge that comes meanwhile is latched. */
static void after_a_front_end_that_died(void **state)
{
	struct run *run = *state;
	struct visit *v = arrive(run, BASE);

	use_lines(v);
	visit_unmask(v, 0, BUTTON);
	visit_unmask(v, 1, RESET);
	visit_settle(v);
	fe_close(&v->fe);
	visit_drive(v, OFFSET_BUTTON, false);
	assert_true(v->chip->lines[OFFSET_LAMP].requested && v->chip->lines[OFFSET_LAMP].driven);
	connect_at(run, BASE);
	visit_unmask(v, 0, BUTTON);
	visit_expect(v, 0, VALID);
	visit_drive(v, OFFSET_BUTTON, true);
	expect_lines(v);
	leave(run);
}

static void a_new_driver_after_a_front_end_that_died(void **state)
{
	struct run *run = *state;

	use_lines(arrive(run, BASE));
	fe_close(&run->visit.fe);
	expect_nothing(connect_at(run, 0));
	leave(run);
}

static void nobody_comes_back(void **state)
{
	struct run *run = *state;
	struct visit *v = arrive(run, BASE);

	use_lines(v);
	fe_close(&v->fe);
	for (int i = 0; i < WAIT_MS / 10 && v->chip->lines[OFFSET_LAMP].requested; i++)
		usleep(10000);
	expect_nothing(v);
	assert_int_equal(server_stop(&run->server, WAIT_MS), 0);
	expect_nothing(arrive(run, BASE));
	leave(run);
}

/* A guest that boots anew: QEMU stops the rings, and says no more than that they begin at their first entry again. */
static void a_driver_that_begins_anew(void **state)
{
	struct run *run = *state;
	struct visit *v = arrive(run, BASE);
	uint16_t base;

	use_lines(v);
	assert_int_equal(fe_queue_stop(&v->fe, REQUESTS, &base), 0);
	assert_int_equal(fe_queue_stop(&v->fe, EVENTS, &base), 0);
	assert_true(v->chip->lines[OFFSET_LAMP].requested);
	assert_int_equal(fe_queue_start(&v->fe, REQUESTS, RING, 0), 0);
	assert_int_equal(fe_queue_start(&v->fe, EVENTS, RING, 0), 0);
	visit_settle(v);
	expect_nothing(v);
	leave(run);
}

/* The ring could not be gone on with while the oldest of two buffers is still out. */
static void a_pause(void **state)
{
	struct run *run = *state;
	struct visit *v = arrive(run, BASE);
	uint16_t base, events;

	use_lines(v);
	visit_unmask(v, 1, RESET);
	visit_unmask(v, 0, BUTTON);
	visit_settle(v);
	visit_drive(v, OFFSET_BUTTON, false);
	visit_expect(v, 0, VALID);
	assert_int_equal(fe_queue_stop(&v->fe, REQUESTS, &base), 0);
	assert_int_equal(fe_queue_stop(&v->fe, EVENTS, &events), 0);
	visit_expect(v, 1, VIRTIO_GPIO_IRQ_STATUS_INVALID);
	assert_int_equal(events, 2);
	assert_int_equal(fe_queue_start(&v->fe, REQUESTS, RING, base), 0);
	assert_int_equal(fe_queue_start(&v->fe, EVENTS, RING, events), 0);
	visit_unmask(v, 1, RESET);
	visit_settle(v);
	visit_drive(v, OFFSET_RESET, true);
	visit_expect(v, 1, VALID);
	leave(run);
}

/* Whoever writes there owns the daemon anyway, but it must not fall over old or torn files. */
static void a_file_of_nonsense(void **state)
{
	struct run *run = *state;
	FILE *file;

	for (int kind = 0; kind < 3; kind++) {
		use_lines(arrive(run, BASE));
		crash(run);
		file = fopen(run->state, "r+");
		assert_non_null(file);
		if (kind)
			fseek(file, kind == 1 ? 8 : 4, SEEK_SET);
		for (int i = 0; i < 4 * NUM_LINES; i++)
			fputc(0xff, file);
		fclose(file);
		arrive(run, BASE);
		assert_false(run->visit.chip->lines[OFFSET_RESET].output);
		if (kind != 1)
			expect_nothing(&run->visit);
		crash(run);
		unlink(run->state);
	}
}

#define RUN(f) cmocka_unit_test_prestate_setup_teardown(f, quiet, NULL, &run)

int main(int argc, char **argv)
{
	struct run run = { .argv = argv + 1 };
	const struct CMUnitTest tests[] = {
		RUN(after_a_crash),
		RUN(after_an_orderly_restart),
		RUN(a_new_driver_gets_nothing),
		RUN(nor_one_after_a_driver_that_left),
		RUN(after_a_front_end_that_died),
		RUN(a_new_driver_after_a_front_end_that_died),
		RUN(nobody_comes_back),
		RUN(a_driver_that_begins_anew),
		RUN(a_pause),
		RUN(a_file_of_nonsense),
	};

	run.visit = (struct visit) { .server = &run.server, .path = getenv("GPIO_CHIP") };
	run.visit.chip = run.visit.path ? fake_chip_map(run.visit.path) : NULL;
	if (argc < 2 || !run.visit.chip) {
		fprintf(stderr, "usage: GPIO_CHIP=FILE %s DAEMON --state=FILE.state OPTION...\n", argv[0]);
		return 2;
	}
	snprintf(run.state, sizeof(run.state), "%s.state", run.visit.path);
	snprintf(run.visit.chip->lines[OFFSET_RESET].name, sizeof(run.visit.chip->lines[0].name), "RESET");
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("gpio-resume", tests, NULL, NULL);
}
