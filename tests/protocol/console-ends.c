// SPDX-License-Identifier: MIT
/* Tests of test-console about our ends of the ports. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/protocol/console-tests.h"

#define SPIN_MS 1000
#define NOTE	3000
#define BEFORE	(BUFFER - NOTE / 2) /* what the port has got when the note comes */

void terminal(void **state)
{
	struct frontend *fe = start_ports(state);
	const struct winsize size = { .ws_col = 132, .ws_row = 43 };
	char path[128], got[CON_ROOM];
	int fd;

	con_path(path, sizeof(path), "tty");
	for (int round = 0; round < 3; round++) {
		con_write(fe, TTY, "before ", 7);
		assert_true(con_wait_written(fe, TTY, CON_WAIT_MS));
		fd = open(path, O_RDWR | O_NOCTTY);
		assert_true(fd >= 0);
		con_expect(fd, "before ");
		con_write(fe, TTY, "after\n", 6);
		con_expect(fd, "after\n");
		assert_true(con_send(fe, TTY, VIRTIO_CONSOLE_PORT_OPEN, 1));
		assert_int_equal(write(fd, "\003yes\r", 5), 5);
		assert_int_equal(con_read(fe, TTY, got, CON_WAIT_MS), 5);
		assert_memory_equal(got, "\003yes\r", 5);
		if (!round) {
			assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
			con_expect_size(fe, TTY, 132, 43);
		}
		close(fd);
		usleep(50000);
	}
}

/* echo >tty: it is closed again before the daemon has looked. */
static void write_note(pid_t daemon, const char *path, const char *note, size_t len)
{
	int fd;

	kill(daemon, SIGSTOP);
	fd = open(path, O_WRONLY | O_NOCTTY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, note, len), len);
	close(fd);
	kill(daemon, SIGCONT);
}

void note_to_a_terminal(void **state)
{
	struct frontend *fe = start_ports(state);
	struct visit *v = *state;
	char path[128], got[CON_ROOM];
	int fd;

	con_path(path, sizeof(path), "tty");
	assert_true(con_send(fe, TTY, VIRTIO_CONSOLE_PORT_OPEN, 1));
	con_write(fe, TTY, "waits", 5);
	assert_true(con_wait_written(fe, TTY, CON_WAIT_MS));
	for (int round = 0; round < 3; round++) {
		write_note(v->server->pid, path, "note\n", 5);
		assert_int_equal(con_read(fe, TTY, got, CON_WAIT_MS), 5);
		assert_memory_equal(got, "note\n", 5);
	}
	fd = open(path, O_RDWR | O_NOCTTY);
	con_expect(fd, "waits");
	close(fd);
}

/* A note that the port has no room for before the driver reads; meanwhile somebody comes to stay. */
void note_before_a_reader(void **state)
{
	static const char sent[BEFORE];
	struct frontend *fe = start_ports(state);
	struct visit *v = *state;
	char path[128], got[CON_ROOM];
	int fd, left = (int)BEFORE + NOTE, n;

	con_path(path, sizeof(path), "tty");
	fd = open(path, O_WRONLY | O_NOCTTY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, sent, BEFORE), BEFORE);
	close(fd);
	usleep(100000);
	write_note(v->server->pid, path, sent, NOTE);
	usleep(100000);
	fd = open(path, O_RDWR | O_NOCTTY);
	con_write(fe, TTY, "hello", 5);
	con_expect(fd, "hello");
	assert_true(con_send(fe, TTY, VIRTIO_CONSOLE_PORT_OPEN, 1));
	while (left > 0 && (n = con_read(fe, TTY, got, CON_WAIT_MS)) > 0)
		left -= n;
	assert_int_equal(left, 0);
	close(fd);
}

/* There is no descriptor for the next client: it waits, and the daemon does not spin meanwhile. */
void no_descriptor_for_a_client(void **state)
{
	struct frontend *fe = start_ports(state);
	struct visit *v = *state;
	struct rlimit all, few;
	int fd, before;

	assert_int_equal(prlimit(v->server->pid, RLIMIT_NOFILE, NULL, &all), 0);
	few = (struct rlimit) { .rlim_cur = 3, .rlim_max = all.rlim_max };
	assert_int_equal(prlimit(v->server->pid, RLIMIT_NOFILE, &few, NULL), 0);
	before = server_cpu_ms(v->server);
	fd = con_client("data");
	usleep(SPIN_MS * 1000);
	assert_in_range(server_cpu_ms(v->server) - before, 0, SPIN_MS / 10);
	assert_true(fe_alive(fe));
	assert_int_equal(prlimit(v->server->pid, RLIMIT_NOFILE, &all, NULL), 0);
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 1);
	con_write(fe, DATA, "at last", 7);
	con_expect(fd, "at last");
	close(fd);
}

void log_with_stamps(void **state)
{
	struct frontend *fe = start_ports(state);
	char path[128], old[128], text[256];
	struct visit *v = *state;
	FILE *file;

	con_write(fe, LOG, "one line\nand", 12);
	con_write(fe, LOG, " another\n", 9);
	assert_true(con_wait_written(fe, LOG, CON_WAIT_MS));
	con_path(path, sizeof(path), "log");
	con_path(old, sizeof(old), "log.1");
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	assert_int_equal(text[strlen("2026-11-21T17:30:00.123")], 'Z');
	assert_string_equal(text + strlen("2026-11-21T17:30:00.123Z "), "one line\n");
	assert_non_null(fgets(text, sizeof(text), file));
	assert_string_equal(text + strlen("2026-11-21T17:30:00.123Z "), "and another\n");
	fclose(file);
	/* logrotate */
	assert_int_equal(rename(path, old), 0);
	kill(v->server->pid, SIGHUP);
	for (int left = CON_WAIT_MS; access(path, F_OK) < 0 && left > 0; left -= 10)
		usleep(10000);
	con_write(fe, LOG, "new\n", 4);
	assert_true(con_wait_written(fe, LOG, CON_WAIT_MS));
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	assert_string_equal(text + strlen("2026-11-21T17:30:00.123Z "), "new\n");
	fclose(file);
}

static void write_config(const struct visit *v, const char *format)
{
	char path[128];
	FILE *file;

	con_path(path, sizeof(path), "config");
	file = fopen(path, "w");
	assert_non_null(file);
	if (format)
		fprintf(file, "# ports that come and go\nname=%s,backend=unix,path=%s/%s\n", format, getenv("WORK"),
			format);
	fclose(file);
	kill(v->server->pid, SIGHUP);
}

void ports_come_and_go(void **state)
{
	struct frontend *fe = start_ports(state);
	struct visit *v = *state;
	int fd;

	write_config(v, NULL);
	con_expect_message(fe, EXTRA, VIRTIO_CONSOLE_PORT_REMOVE, 1);
	/* what the driver does until it has heard of it */
	con_write(fe, EXTRA, "lost", 4);
	assert_true(con_wait_written(fe, EXTRA, CON_WAIT_MS));
	assert_true(con_send(fe, EXTRA, VIRTIO_CONSOLE_PORT_OPEN, 0));
	write_config(v, "other");
	/* a number is not used again at once */
	con_expect_message(fe, MAX_PORTS - 1, VIRTIO_CONSOLE_PORT_ADD, 1);
	assert_true(con_send(fe, MAX_PORTS - 1, VIRTIO_CONSOLE_PORT_READY, 1));
	con_expect_name(fe, MAX_PORTS - 1, "other");
	con_expect_message(fe, MAX_PORTS - 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	fd = con_client("other");
	con_expect_message(fe, MAX_PORTS - 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	con_write(fe, MAX_PORTS - 1, "found", 5);
	con_expect(fd, "found");
	close(fd);
	con_expect_message(fe, MAX_PORTS - 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	write_config(v, "extra");
	con_expect_message(fe, MAX_PORTS - 1, VIRTIO_CONSOLE_PORT_REMOVE, 1);
	con_expect_message(fe, EXTRA, VIRTIO_CONSOLE_PORT_ADD, 1);
}

/* What the daemon says that it lost in all of the port "extra", when that is removed. */
static unsigned int lost_in_all(const struct server *server)
{
	FILE *file = fopen(server->log, "r");
	unsigned int lost = 0, n;
	char line[1024];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, "lost in all") && sscanf(line, "%*s port extra: %u bytes", &n) == 1)
			lost = n;
	}
	fclose(file);
	return lost;
}

/* A client goes whose socket and whose port's buffer are full: what is in the latter nobody gets. */
void left_behind(void **state)
{
	static const char line[1024];
	struct frontend *fe = start_ports(state);
	struct visit *v = *state;
	char got[CON_ROOM];
	int fd;

	/* of the test before that wrote there */
	assert_true(con_send(fe, EXTRA, VIRTIO_CONSOLE_PORT_OPEN, 1));
	assert_int_equal(con_read(fe, EXTRA, got, CON_WAIT_MS), 2);
	con_expect_message(fe, EXTRA, VIRTIO_CONSOLE_PORT_OPEN, 0);
	fd = con_client("extra");
	con_expect_message(fe, EXTRA, VIRTIO_CONSOLE_PORT_OPEN, 1);
	do
		con_write(fe, EXTRA, line, sizeof(line));
	while (con_wait_written(fe, EXTRA, CON_SILENCE_MS));
	close(fd);
	con_expect_message(fe, EXTRA, VIRTIO_CONSOLE_PORT_OPEN, 0);
	write_config(v, NULL);
	con_expect_message(fe, EXTRA, VIRTIO_CONSOLE_PORT_REMOVE, 1);
	usleep(50000);
	assert_in_range(lost_in_all(v->server), BUFFER - sizeof(line), BUFFER);
}
