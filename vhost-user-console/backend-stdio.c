// SPDX-License-Identifier: MIT
/*
 * The program's own terminal, or whatever its standard input and output are. The two are opened
 * anew rather than switched to non-blocking, as that would hit everybody who has them open.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"
#include "peer.h"
#include "terminal.h"

/**
 * struct stdio
 * @from_terminal: standard input is one, not a file or a pipe
 */
struct stdio {
	struct port *port;
	sd_event *event;
	bool from_terminal;
	struct terminal terminal;
	struct escape escape;
	struct peer in;
	struct peer out;
	sd_event_source *window;
};

static struct stdio *state(const struct port *port)
{
	return port->backend;
}

static int open_anew(int fd, int flags)
{
	char path[32];
	int anew;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	anew = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (anew >= 0)
		return anew;
	/* sockets cannot be opened, and the terminal may be another user's */
	anew = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (anew >= 0)
		fcntl(anew, F_SETFL, fcntl(anew, F_GETFL) | O_NONBLOCK);
	return anew < 0 ? -errno : anew;
}

static void on_in_gone(struct peer *peer, int error)
{
	struct stdio *stdio = state(peer->port);

	peer_stop(peer);
	/* the end of a file is no reason to end; the end of a terminal is, though reading there looks the same */
	if (!error && !stdio->from_terminal)
		return;
	vhu_info(error == -ECANCELED ? "ended by the escape key" : "ended, as standard input is gone");
	sd_event_exit(stdio->event, 0);
}

static void on_out_gone(struct peer *peer, int error)
{
	struct port *port = peer->port;

	vhu_warn("port %s: nobody reads our standard output any more", port_name(port));
	peer_stop(peer);
	port->events->changed(port);
}

static int on_window(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct stdio *stdio = userdata;
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && (size.ws_col || size.ws_row))
		port_resize(stdio->port, size.ws_col, size.ws_row);
	return 0;
}

static int watch_window(struct stdio *stdio)
{
	struct winsize size;
	sigset_t set;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && (size.ws_col || size.ws_row)) {
		stdio->port->cols = size.ws_col;
		stdio->port->rows = size.ws_row;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return sd_event_add_signal(stdio->event, &stdio->window, SIGWINCH, on_window, stdio);
}

static int start(struct stdio *stdio)
{
	int in = open_anew(STDIN_FILENO, O_RDONLY), out = open_anew(STDOUT_FILENO, O_WRONLY), ret;

	if (in < 0 || out < 0) {
		if (in >= 0)
			close(in);
		if (out >= 0)
			close(out);
		return in < 0 ? in : out;
	}
	stdio->in = (struct peer) { .reads = true, .escape = &stdio->escape, .gone = on_in_gone };
	stdio->out = (struct peer) { .writes = true, .gone = on_out_gone };
	ret = peer_start(&stdio->in, stdio->port, stdio->event, in);
	if (ret < 0) {
		close(out);
		return ret;
	}
	ret = peer_start(&stdio->out, stdio->port, stdio->event, out);
	return ret < 0 ? ret : watch_window(stdio);
}

static int stdio_open(struct port *port, sd_event *event)
{
	struct stdio *stdio = calloc(1, sizeof(*stdio));
	int ret;

	if (!stdio)
		return -ENOMEM;
	port->backend = stdio;
	stdio->port = port;
	stdio->event = event;
	stdio->in.fd = stdio->out.fd = -1;
	stdio->from_terminal = isatty(STDIN_FILENO);
	/* a key to press makes sense where there are keys */
	stdio->escape.key = stdio->from_terminal ? port->spec.escape : ESCAPE_NONE;
	stdio->terminal.keeper = -1;
	ret = start(stdio);
	if (ret >= 0)
		ret = terminal_take(&stdio->terminal, STDIN_FILENO);
	if (ret < 0)
		vhu_err("port %s: cannot use standard input and output: %s", port_name(port), strerror(-ret));
	return ret < 0 ? ret : 0;
}

static void stdio_close(struct port *port)
{
	struct stdio *stdio = state(port);

	if (!stdio)
		return;
	peer_stop(&stdio->in);
	peer_stop(&stdio->out);
	sd_event_source_disable_unref(stdio->window);
	terminal_give_back(&stdio->terminal);
	free(stdio);
	port->backend = NULL;
}

static void stdio_output(struct port *port)
{
	peer_output(&state(port)->out);
}

static void stdio_input(struct port *port)
{
	peer_input(&state(port)->in);
}

static uint64_t stdio_slowest(const struct port *port)
{
	const struct peer *out = &state(port)->out;

	return out->writes ? out->pos : PORT_NO_READER;
}

const struct backend_ops backend_stdio = {
	.open = stdio_open,
	.close = stdio_close,
	.output = stdio_output,
	.input = stdio_input,
	.slowest = stdio_slowest,
};
