// SPDX-License-Identifier: MIT
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * It is forked twice, so that it is nobody's child. Reads "done", or the end of the pipe, which
 * means that the program died. A process in the background may set a terminal only if it ignores SIGTTOU.
 */
static void keep(const struct terminal *terminal, int pipe)
{
	char done;
	int fd;

	if (fork() != 0)
		_exit(0);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	/* what the program holds must not live on with us: its sockets would not look closed */
	fd = dup2(terminal->fd, STDIN_FILENO);
	dup2(pipe, STDOUT_FILENO);
	close_range(STDERR_FILENO, ~0U, 0);
	if (read(STDOUT_FILENO, &done, 1) <= 0)
		tcsetattr(fd, TCSANOW, &terminal->saved);
	_exit(0);
}

static int start_keeper(struct terminal *terminal)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		keep(terminal, ends[0]);
	close(ends[0]);
	if (pid < 0) {
		int ret = -errno;

		close(ends[1]);
		return ret;
	}
	waitpid(pid, NULL, 0);
	terminal->keeper = ends[1];
	return 0;
}

int terminal_take(struct terminal *terminal, int fd)
{
	struct termios raw;
	int ret;

	terminal->fd = fd;
	terminal->keeper = -1;
	if (tcgetattr(fd, &terminal->saved) < 0)
		return errno == ENOTTY ? 0 : -errno;
	ret = start_keeper(terminal);
	if (ret < 0)
		return ret;
	raw = terminal->saved;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSANOW, &raw) < 0) {
		ret = -errno;
		terminal_give_back(terminal);
	}
	return ret;
}

void terminal_give_back(struct terminal *terminal)
{
	if (terminal->keeper < 0)
		return;
	tcsetattr(terminal->fd, TCSANOW, &terminal->saved);
	if (write(terminal->keeper, "d", 1) < 0)
		errno = 0; /* it was killed; nothing is left for it to do */
	close(terminal->keeper);
	terminal->keeper = -1;
}
