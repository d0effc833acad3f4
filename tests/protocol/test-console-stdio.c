// SPDX-License-Identifier: MIT
/*
 * test-console-stdio COMMAND...: vhost-user-console with one port, backend=stdio, on a terminal whose other end is ours.
 * The command makes that its controlling terminal (setsid --ctty DAEMON OPTION...), so that it is told of its window.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/protocol/console-expect.h"
#include "tests/protocol/visit.h"

#define PORT 0

/**
 * struct terminal_visit
 * @visit: first, for the setup of a visit
 * @terminal: our end of the daemon's terminal
 */
struct terminal_visit {
	struct visit visit;
	int terminal;
};

static void set_window(int terminal, unsigned short cols, unsigned short rows)
{
	const struct winsize size = { .ws_col = cols, .ws_row = rows };

	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
}

/* What the driver is told of the port until it is open at both ends. */
static struct frontend *start_port(struct terminal_visit *v, uint16_t cols, uint16_t rows)
{
	struct frontend *fe = &v->visit.fe;

	assert_int_equal(con_start(fe, UINT64_MAX, 1), 0);
	assert_true(con_send(fe, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY, 1));
	con_expect_message(fe, PORT, VIRTIO_CONSOLE_PORT_ADD, 1);
	assert_true(con_send(fe, PORT, VIRTIO_CONSOLE_PORT_READY, 1));
	con_expect_message(fe, PORT, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
	con_expect_size(fe, PORT, cols, rows);
	con_expect_message(fe, PORT, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_true(con_send(fe, PORT, VIRTIO_CONSOLE_PORT_OPEN, 1));
	return fe;
}

/* The terminal is raw: nothing is echoed, ^C and ^M are characters; twice the escape key is the key. */
static void both_ways(void **state)
{
	struct terminal_visit *v = *state;
	struct frontend *fe = start_port(v, 100, 30);
	char got[CON_ROOM];

	con_write(fe, PORT, "login:\n", 7);
	assert_true(con_wait_written(fe, PORT, CON_WAIT_MS));
	con_expect(v->terminal, "login:\n");
	assert_int_equal(write(v->terminal, "\003root\r\x1d\x1d", 8), 8);
	assert_int_equal(con_read(fe, PORT, got, CON_WAIT_MS), 7);
	assert_memory_equal(got, "\003root\r\x1d", 7);
	con_expect_silence(v->terminal);
}

static void window(void **state)
{
	struct terminal_visit *v = *state;
	struct frontend *fe = start_port(v, 100, 30);
	struct virtio_console_config config;

	set_window(v->terminal, 132, 43);
	con_expect_size(fe, PORT, 132, 43);
	assert_int_equal(fe_get_config(fe, 0, &config, sizeof(config)), 0);
	assert_int_equal(config.cols, 132);
	assert_int_equal(config.rows, 43);
	/* the same once more is no news */
	set_window(v->terminal, 132, 43);
	con_expect_no_message(fe);
}

static void window_without_multiport(void **state)
{
	struct terminal_visit *v = *state;
	struct frontend *fe = &v->visit.fe;
	struct virtio_console_config config;
	struct vhu_msg msg;

	assert_int_equal(con_start(fe, ~(1ull << VIRTIO_CONSOLE_F_MULTIPORT), 1), 0);
	assert_int_equal(fe_open_channel(fe), 0);
	set_window(v->terminal, 90, 20);
	assert_int_equal(vhu_channel_recv(fe->channel, &msg, CON_WAIT_MS), 0);
	assert_int_equal(msg.request, VHU_BACKEND_CONFIG_CHANGE_MSG);
	assert_int_equal(fe_get_config(fe, 0, &config, sizeof(config)), 0);
	assert_int_equal(config.cols, 90);
	assert_int_equal(config.rows, 20);
	con_expect_silence(fe->channel);
}

/* Our end of a terminal, the other one in @end; or -1. */
static int open_terminal(int *end)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
		return -1;
	*end = open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *end < 0 ? -1 : fd;
}

/* 0 or -errno, -1 */
static int start_on_terminal(struct server *server, int end, char *const *argv)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), ret;

	if (in < 0 || out < 0 || dup2(end, STDIN_FILENO) < 0 || dup2(end, STDOUT_FILENO) < 0)
		return -1;
	ret = server_start(server, argv);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	close(in);
	close(out);
	close(end);
	return ret;
}

#define TEST(f) cmocka_unit_test_prestate_setup_teardown(f, visit_connect, visit_hang_up, &v)

int main(int argc, char **argv)
{
	struct server server;
	struct terminal_visit v = { .visit.server = &server };
	const struct CMUnitTest tests[] = {
		TEST(both_ways),
		TEST(window),
		TEST(window_without_multiport),
	};
	int end, ret, status;

	signal(SIGPIPE, SIG_IGN);
	v.terminal = open_terminal(&end);
	if (argc < 2 || v.terminal < 0)
		return 2;
	set_window(v.terminal, 100, 30);
	ret = start_on_terminal(&server, end, argv + 1);
	if (ret < 0) {
		fprintf(stderr, "%s: %s did not start (%d)\n", argv[0], argv[1], ret);
		return 1;
	}
	ret = cmocka_run_group_tests_name("console-stdio", tests, NULL, NULL);
	if (ret)
		server_show_log(&server);
	status = server_stop(&server, CON_WAIT_MS);
	if (status)
		fprintf(stderr, "%s: the daemon ended with %d\n", argv[0], status);
	close(v.terminal);
	return ret || status;
}
