// SPDX-License-Identifier: MIT
/*
 * A pseudo terminal. Whoever opens it is the reader. While nobody has it open, output waits in the
 * port, and what nobody has read yet is what the next one gets. Who has closed it before we look
 * was no reader, but may have written.
 *
 * A terminal does not tell our side that it is opened again, hence inotify; nor that its window
 * changed, hence a clock, which runs while it is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "log.h"
#include "peer.h"

#define LOOK_US 500000

struct pty {
	struct port *port;
	sd_event *event;
	struct peer peer;
	int fd;
	char name[64];
	bool linked;
	uint64_t pos; /* of the reader before */
	sd_event_source *opened;
	sd_event_source *clock;
};

static struct pty *state(const struct port *port)
{
	return port->backend;
}

/* The terminal is a wire: the driver's end of it has the line discipline. */
static int make_raw(int fd)
{
	struct termios termios;

	if (tcgetattr(fd, &termios) < 0)
		return -errno;
	cfmakeraw(&termios);
	return tcsetattr(fd, TCSANOW, &termios) < 0 ? -errno : 0;
}

static void follow_window(struct pty *pty)
{
	struct winsize size;

	if (ioctl(pty->fd, TIOCGWINSZ, &size) == 0 && (size.ws_col || size.ws_row))
		port_resize(pty->port, size.ws_col, size.ws_row);
}

static int on_clock(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct pty *pty = userdata;

	follow_window(pty);
	if (sd_event_source_set_time(source, usec + LOOK_US) < 0 ||
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) < 0)
		vhu_err("port %s: its window is no longer followed", port_name(pty->port));
	return 0;
}

static void on_hang_up(struct peer *peer, int error)
{
	struct port *port = peer->port;
	struct pty *pty = state(port);

	pty->pos = peer->pos;
	peer_stop(peer);
	pty->clock = sd_event_source_disable_unref(pty->clock);
	make_raw(pty->fd);
	vhu_debug("port %s: %s was closed", port_name(port), pty->name);
	port->events->changed(port);
}

static int begin(struct pty *pty, bool is_open)
{
	int fd = fcntl(pty->fd, F_DUPFD_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	pty->peer = (struct peer) { .reads = true, .writes = is_open, .pos = pty->pos, .gone = on_hang_up };
	ret = peer_start(&pty->peer, pty->port, pty->event, fd);
	if (ret >= 0 && is_open)
		ret = sd_event_add_time_relative(pty->event, &pty->clock, CLOCK_MONOTONIC, 0, 0, on_clock, pty);
	return ret;
}

static int on_opened(sd_event_source *source, const struct inotify_event *inotify, void *userdata)
{
	struct pty *pty = userdata;
	struct pollfd pfd = { .fd = pty->fd, .events = POLLIN };
	bool is_open;
	int ret;

	if (poll(&pfd, 1, 0) < 0)
		return 0;
	is_open = !(pfd.revents & POLLHUP);
	/* a reader takes the place of what somebody left behind who had gone */
	if (is_open ? pty->peer.writes : pty->peer.source || !(pfd.revents & POLLIN))
		return 0;
	peer_stop(&pty->peer);
	pty->clock = sd_event_source_disable_unref(pty->clock);
	ret = begin(pty, is_open);
	if (ret < 0)
		vhu_err("port %s: cannot serve %s: %s", port_name(pty->port), pty->name, strerror(-ret));
	else
		pty->port->events->changed(pty->port);
	return 0;
}

static int open_terminal(struct pty *pty)
{
	const struct winsize size = { .ws_col = pty->port->cols, .ws_row = pty->port->rows };
	int other, ret;

	pty->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (pty->fd < 0 || grantpt(pty->fd) < 0 || unlockpt(pty->fd) < 0)
		return -errno;
	ret = ptsname_r(pty->fd, pty->name, sizeof(pty->name));
	if (ret)
		return -ret;
	ret = make_raw(pty->fd);
	if (ret < 0)
		return ret;
	if (ioctl(pty->fd, TIOCSWINSZ, &size) < 0)
		return -errno;
	/* One that was never open does not count as closed. */
	other = open(pty->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (other < 0)
		return -errno;
	close(other);
	return 0;
}

/* A link that a killed daemon left behind is replaced, anything else stays. */
static int make_link(struct pty *pty)
{
	const char *path = pty->port->spec.path;
	char temporary[PORT_PATH_SIZE + 16];
	struct stat st;

	if (!path[0])
		return 0;
	if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode))
		return -EEXIST;
	snprintf(temporary, sizeof(temporary), "%s.%d", path, getpid());
	if (symlink(pty->name, temporary) < 0)
		return -errno;
	if (rename(temporary, path) < 0) {
		int ret = -errno;

		unlink(temporary);
		return ret;
	}
	pty->linked = true;
	return 0;
}

static int pty_open(struct port *port, sd_event *event)
{
	struct pty *pty = calloc(1, sizeof(*pty));
	int ret;

	if (!pty)
		return -ENOMEM;
	port->backend = pty;
	pty->port = port;
	pty->event = event;
	pty->peer.fd = -1;
	ret = open_terminal(pty);
	if (ret >= 0)
		ret = sd_event_add_inotify(event, &pty->opened, pty->name, IN_OPEN, on_opened, pty);
	if (ret < 0) {
		vhu_err("port %s: cannot make a pseudo terminal: %s", port_name(port), strerror(-ret));
		return ret;
	}
	ret = make_link(pty);
	if (ret < 0) {
		vhu_err("port %s: cannot make the link %s: %s; choose another path", port_name(port), port->spec.path,
			strerror(-ret));
		return ret;
	}
	vhu_info("port %s is at %s", port_name(port), pty->linked ? port->spec.path : pty->name);
	return 0;
}

static void pty_close(struct port *port)
{
	struct pty *pty = state(port);
	char target[64];
	ssize_t n;

	if (!pty)
		return;
	/* another daemon may have taken it over */
	n = pty->linked ? readlink(port->spec.path, target, sizeof(target)) : -1;
	if (n > 0 && (size_t)n == strlen(pty->name) && !memcmp(target, pty->name, (size_t)n))
		unlink(port->spec.path);
	peer_stop(&pty->peer);
	sd_event_source_disable_unref(pty->clock);
	sd_event_source_disable_unref(pty->opened);
	if (pty->fd >= 0)
		close(pty->fd);
	free(pty);
	port->backend = NULL;
}

static void pty_output(struct port *port)
{
	peer_output(&state(port)->peer);
}

static void pty_input(struct port *port)
{
	peer_input(&state(port)->peer);
}

static uint64_t pty_slowest(const struct port *port)
{
	const struct peer *peer = &state(port)->peer;

	return peer->writes ? peer->pos : PORT_NO_READER;
}

const struct backend_ops backend_pty = {
	.open = pty_open,
	.close = pty_close,
	.output = pty_output,
	.input = pty_input,
	.slowest = pty_slowest,
};
