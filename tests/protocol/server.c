// SPDX-License-Identifier: MIT
#include "tests/protocol/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define MAX_ARGS 32
#define START_MS 20000

static int open_notify_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return fd;
}

static void run_child(char *const *argv, const struct server *s, const char *notify_path)
{
	char option[128], *args[MAX_ARGS + 2];
	int n = 0, log = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	for (; n < MAX_ARGS && argv[n]; n++)
		args[n] = argv[n];
	snprintf(option, sizeof(option), "--socket-path=%s", s->path);
	args[n++] = option;
	args[n] = NULL;
	setenv("NOTIFY_SOCKET", notify_path, 1);
	dup2(log, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(args[0], args);
	perror(args[0]);
	_exit(127);
}

/* READY=1, or the end of the process. */
static int wait_ready(struct server *s, int notify)
{
	struct pollfd pfd = { .fd = notify, .events = POLLIN };
	char buf[512];
	int left;

	for (left = START_MS; left > 0; left -= 50) {
		ssize_t n;
		int status;

		if (poll(&pfd, 1, 50) == 1) {
			n = recv(notify, buf, sizeof(buf) - 1, 0);
			buf[n > 0 ? n : 0] = '\0';
			if (strstr(buf, "READY=1"))
				return 0;
		}
		if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
			s->pid = 0;
			return -ECHILD;
		}
	}
	return -ETIMEDOUT;
}

int server_start(struct server *s, char *const *argv)
{
	char notify_path[64];
	int notify, r;

	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/vhu-test-XXXXXX");
	if (!mkdtemp(s->dir))
		return -errno;
	snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
	snprintf(s->log, sizeof(s->log), "%s/log", s->dir);
	snprintf(notify_path, sizeof(notify_path), "%s/notify", s->dir);
	notify = open_notify_socket(notify_path);
	if (notify < 0)
		return notify;
	s->pid = fork();
	if (s->pid == 0)
		run_child(argv, s, notify_path);
	r = s->pid < 0 ? -errno : wait_ready(s, notify);
	close(notify);
	unlink(notify_path);
	return r;
}

int server_stop(struct server *s, int timeout_ms)
{
	int status = 0, left, r = -ECHILD;

	if (s->pid > 0) {
		r = -ETIMEDOUT;
		kill(s->pid, SIGTERM);
		for (left = timeout_ms; left > 0 && r == -ETIMEDOUT; left -= 10) {
			if (waitpid(s->pid, &status, WNOHANG) == s->pid)
				r = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			else
				usleep(10000);
		}
		if (r == -ETIMEDOUT) {
			kill(s->pid, SIGKILL);
			waitpid(s->pid, &status, 0);
		}
	}
	s->pid = 0;
	if (r)
		server_show_log(s);
	unlink(s->log);
	if (rmdir(s->dir) < 0 && r == 0) /* the daemon left its socket behind */
		r = -ENOTEMPTY;
	return r;
}

void server_show_log(const struct server *s)
{
	FILE *f = fopen(s->log, "r");
	char line[1024];

	while (f && fgets(line, sizeof(line), f))
		fprintf(stderr, "# %s", line);
	if (f)
		fclose(f);
}

bool server_lives(const struct server *s)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

int server_cpu_ms(const struct server *s)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(s->pid, &clock) || clock_gettime(clock, &used) < 0)
		return -ESRCH;
	return (int)(used.tv_sec * 1000 + used.tv_nsec / 1000000);
}

void server_show_fds(const struct server *s)
{
	char path[128], target[256];
	int fd;

	for (fd = 0; fd < 1024; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->pid, fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n >= 0)
			fprintf(stderr, "# descriptor %d: %.*s\n", fd, (int)n, target);
	}
}

int server_num_maps(const struct server *s)
{
	char line[1024];
	FILE *f;
	int num = 0;

	snprintf(line, sizeof(line), "/proc/%d/maps", s->pid);
	f = fopen(line, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		num += strstr(line, "/memfd:") != NULL;
	fclose(f);
	return num;
}

int server_num_fds(const struct server *s)
{
	char path[64];
	DIR *dir;
	int num = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", s->pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (readdir(dir))
		num++;
	closedir(dir);
	return num - 2; /* "." and ".." */
}

/* What cmocka thinks of the tests, 0: all is well. */
static int run_all(const char *name, const struct CMUnitTest *tests, size_t count, void *state)
{
	struct CMUnitTest *mine = calloc(count, sizeof(*mine));
	int r;

	if (!mine)
		return 1;
	for (size_t i = 0; i < count; i++) {
		mine[i] = tests[i];
		mine[i].initial_state = state;
	}
	r = _cmocka_run_group_tests(name, mine, count, NULL, NULL);
	free(mine);
	return r;
}

int server_test(struct server *s, void *state, char **argv, const char *name, const struct CMUnitTest *tests,
	size_t count, int timeout_ms)
{
	int r, end;

	if (!argv[1]) {
		fprintf(stderr, "usage: %s DAEMON [OPTION...]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	r = server_start(s, argv + 1);
	if (r < 0) {
		fprintf(stderr, "%s: %s did not start (%d)\n", argv[0], argv[1], r);
		server_show_log(s);
		return 1;
	}
	r = run_all(name, tests, count, state);
	if (r)
		server_show_log(s);
	end = server_stop(s, timeout_ms);
	if (end)
		fprintf(stderr, "%s: the daemon ended with %d\n", argv[0], end);
	return r || end;
}
