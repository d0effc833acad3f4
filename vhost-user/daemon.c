// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "accept.h"
#include "backend.h"
#include "guard.h"
#include "listen.h"
#include "log.h"

struct daemon {
	const struct vhu_device_type *type;
	const char *socket_path;
	int fd;
	bool exit_on_disconnect;

	sd_event *event;
	struct vhu_dev *dev;
	struct vhu_listener listener;
	struct vhu_acceptor acceptor;
	sd_event_source *fault;
	int fault_fd;
};

enum {
	OPT_SOCKET_PATH = 0x1000,
	OPT_FD,
	OPT_PRINT_CAPABILITIES,
	OPT_EXIT_ON_DISCONNECT,
	OPT_LOG_LEVEL,
	OPT_VERSION,
};

static const struct argp_option options[] = {
	{ "socket-path", OPT_SOCKET_PATH, "PATH", 0, "Listen for a front-end at PATH", 0 },
	{ "fd", OPT_FD, "FDNUM", 0, "Use this inherited socket, connected or listening", 0 },
	{ "print-capabilities", OPT_PRINT_CAPABILITIES, NULL, 0, "Print what this program can do as JSON and exit", 0 },
	{ "exit-on-disconnect", OPT_EXIT_ON_DISCONNECT, NULL, 0,
		"End with the first front-end instead of listening again", 0 },
	{ "log-level", OPT_LOG_LEVEL, "LEVEL", 0, "error, warn, info (the default) or debug", 0 },
	{ "version", OPT_VERSION, NULL, 0, "Print the version and exit", 0 },
	{ 0 },
};

static void parse_fd(struct argp_state *state, struct daemon *d, const char *arg)
{
	char *end;
	long fd;

	errno = 0;
	fd = strtol(arg, &end, 10);
	if (errno || end == arg || *end || fd < 0 || fd > INT_MAX)
		argp_error(state, "--fd=%s: not the number of a file descriptor", arg);
	d->fd = (int)fd;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct daemon *d = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		if (d->type->options)
			state->child_inputs[0] = d->dev->state;
		return 0;
	case OPT_SOCKET_PATH: d->socket_path = arg; return 0;
	case OPT_FD: parse_fd(state, d, arg); return 0;
	case OPT_EXIT_ON_DISCONNECT: d->exit_on_disconnect = true; return 0;
	case OPT_LOG_LEVEL:
		if (vhu_log_set_level(arg) < 0)
			argp_error(state, "--log-level=%s: choose error, warn, info or debug", arg);
		return 0;
	case OPT_VERSION: printf("%s %s\n", program_invocation_short_name, VERSION); exit(0);
	case ARGP_KEY_ARG: argp_error(state, "%s: this program takes options only", arg); return 0;
	case ARGP_KEY_END:
		if (d->socket_path && d->fd >= 0)
			argp_error(state, "--socket-path and --fd exclude each other; give one of them");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(struct daemon *d, int argc, char **argv)
{
	const struct argp_child children[] = {
		{ d->type->options, 0, d->type->options ? "Options of the device:" : NULL, 0 },
		{ 0 },
	};
	const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = d->type->description,
		.children = d->type->options ? children : NULL,
	};

	return argp_parse(&argp, argc, argv, 0, NULL, d) ? -EINVAL : 0;
}

/* QEMU's docs/interop/vhost-user.rst, back-end program conventions: all other options are ignored. */
static bool wants_capabilities(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--print-capabilities"))
			return true;
	return false;
}

/* The words are ours and need no escaping. */
static int print_capabilities(const struct vhu_device_type *type)
{
	const char *const *cap;
	const char *comma = "";

	printf("{\n  \"type\": \"%s\",\n  \"features\": [", type->type);
	for (cap = type->capabilities; cap && *cap; cap++) {
		printf("%s\n    \"%s\"", comma, *cap);
		comma = ",";
	}
	printf("%s]\n}\n", *comma ? "\n  " : "");
	return fflush(stdout) ? 1 : 0;
}

static void on_gone(void *data)
{
	struct daemon *d = data;

	if (d->exit_on_disconnect || d->listener.connected) {
		sd_event_exit(d->event, 0);
		return;
	}
	sd_notify(0, "STATUS=Waiting for a front-end");
	vhu_acceptor_want(&d->acceptor, true);
}

static int serve_front_end(void *data, int fd)
{
	struct daemon *d = data;
	int r = vhu_backend_connect(d->dev, fd, on_gone, d);

	if (r < 0) {
		vhu_err("cannot serve a front-end: %s", strerror(-r));
		return r;
	}
	vhu_log_limited(VHU_LOG_INFO, "a front-end has connected");
	sd_notify(0, "STATUS=Serving a front-end");
	vhu_acceptor_want(&d->acceptor, false);
	return 0;
}

static int on_fault(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct daemon *d = data;
	uint64_t count;

	if (read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		vhu_dev_fail(d->dev, "memory that it shared has vanished");
	return 0;
}

static int set_up_process(struct daemon *d)
{
	sigset_t set;
	int r;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
	if (r < 0)
		return r;
	d->fault_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->fault_fd < 0)
		return -errno;
	r = sd_event_add_io(d->event, &d->fault, d->fault_fd, EPOLLIN, on_fault, d);
	if (r < 0)
		return r;
	/* before any other source: what a handler read from vanished memory was nothing */
	sd_event_source_set_priority(d->fault, SD_EVENT_PRIORITY_IMPORTANT);
	sd_event_set_watchdog(d->event, 1);
	return vhu_guard_install(d->fault_fd);
}

static int open_socket(struct daemon *d)
{
	int r;

	if (d->socket_path)
		return vhu_listen_path(&d->listener, d->socket_path);
	if (d->fd >= 0)
		return vhu_listen_fd(&d->listener, d->fd);
	r = vhu_listen_systemd(&d->listener);
	if (r == -ENOENT)
		vhu_err("where is the front-end? Give --socket-path=PATH or --fd=FDNUM, or start it through a socket unit");
	return r;
}

static int start_serving(struct daemon *d)
{
	int r;

	if (d->listener.connected) {
		r = serve_front_end(d, d->listener.fd);
		d->listener.fd = -1; /* the connection's now */
	} else {
		d->acceptor = (struct vhu_acceptor) { .who = "a front-end", .connected = serve_front_end, .data = d };
		r = vhu_acceptor_start(&d->acceptor, d->event, d->listener.fd);
		if (r < 0)
			vhu_err("cannot wait for a front-end: %s", strerror(-r));
	}
	if (r < 0)
		return r;
	sd_notify(0, d->listener.connected ? "READY=1" : "READY=1\nSTATUS=Waiting for a front-end");
	if (d->socket_path)
		vhu_info("listening at %s", d->socket_path);
	return 0;
}

static int run(struct daemon *d, int argc, char **argv)
{
	int r;

	r = sd_event_new(&d->event);
	if (r >= 0)
		r = vhu_dev_new(d->type, d->event, &d->dev);
	if (r >= 0)
		r = parse_options(d, argc, argv);
	if (r >= 0)
		r = set_up_process(d);
	if (r < 0) {
		vhu_err("cannot start: %s", strerror(-r));
		return r;
	}
	/* these have said what is wrong themselves; a wrong path comes out before the hardware is touched */
	r = open_socket(d);
	if (r >= 0)
		r = vhu_dev_init(d->dev);
	if (r >= 0)
		r = vhu_listen_open(&d->listener);
	if (r >= 0)
		r = start_serving(d);
	return r < 0 ? r : sd_event_loop(d->event);
}

int vhu_daemon_main(const struct vhu_device_type *type, int argc, char **argv)
{
	struct daemon d = { .type = type, .fd = -1, .fault_fd = -1, .listener.fd = -1 };
	int r;

	if (wants_capabilities(argc, argv))
		return print_capabilities(type);

	r = run(&d, argc, argv);
	sd_notify(0, "STOPPING=1");
	/* first, so that the end of a connection does not begin to wait for the next one */
	vhu_acceptor_stop(&d.acceptor);
	vhu_dev_free(d.dev);
	sd_event_source_unref(d.fault);
	vhu_listen_close(&d.listener);
	if (d.fault_fd >= 0)
		close(d.fault_fd);
	sd_event_unref(d.event);
	return r < 0 ? 1 : r;
}
