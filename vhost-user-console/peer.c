// SPDX-License-Identifier: MIT
#include "peer.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"

#define CHUNK	 16384
#define MIN_ROOM 2 /* the escape key may make two characters of one */

/* What is to be waited for. A peer that hung up is told again and again: nothing may be waited for until there is room. */
static void wait_for(struct peer *peer, uint32_t events, bool hung_up)
{
	bool on = events || !hung_up;
	int ret = 0;

	if (!peer->source)
		return;
	if (peer->is_file)
		on = events & EPOLLIN;
	else
		ret = sd_event_source_set_io_events(peer->source, events);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(peer->source, on ? SD_EVENT_ON : SD_EVENT_OFF);
	if (ret < 0)
		vhu_err("port %s: its back-end cannot be waited for", port_name(peer->port));
}

static bool output_waits(const struct peer *peer)
{
	return peer->writes && peer->pos < peer->port->out.end;
}

static void update(struct peer *peer, bool hung_up)
{
	uint32_t events = 0;

	if (peer->reads && port_input_room(peer->port) >= MIN_ROOM)
		events |= EPOLLIN;
	if (output_waits(peer) && !hung_up)
		events |= EPOLLOUT;
	peer->behind = events & EPOLLOUT;
	wait_for(peer, events, hung_up);
}

/* 0, or why nothing more can be written. */
static int flush(struct peer *peer)
{
	const struct stream *out = &peer->port->out;
	const uint8_t *data;
	size_t len;

	port_lose(peer->port, stream_catch_up(out, &peer->pos));
	while ((len = stream_peek(out, peer->pos, &data))) {
		ssize_t n = write(peer->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		peer->pos += (size_t)n;
	}
	return 0;
}

/* What was read, 0 at the end, or -errno; -EAGAIN as well when the port has no room. */
static ssize_t take(struct peer *peer)
{
	uint8_t raw[CHUNK], plain[CHUNK + 1];
	size_t room = port_input_room(peer->port);
	bool quit = false;
	ssize_t n;

	if (room < MIN_ROOM)
		return -EAGAIN;
	n = read(peer->fd, raw, room - 1 < sizeof(raw) ? room - 1 : sizeof(raw));
	if (n < 0)
		return -errno;
	if (n > 0 && peer->escape)
		port_input(peer->port, plain, escape_filter(peer->escape, raw, (size_t)n, plain, &quit));
	else if (n > 0)
		port_input(peer->port, raw, (size_t)n);
	return quit ? -ECANCELED : n;
}

static void end_output(struct peer *peer)
{
	peer->writes = false;
	port_left(peer->port, peer->pos);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct peer *peer = userdata;
	bool hung_up = revents & (EPOLLHUP | EPOLLERR);
	bool had_output = output_waits(peer);
	ssize_t got = -EAGAIN;

	if (had_output && flush(peer) < 0) {
		end_output(peer);
		peer->port->events->changed(peer->port);
	}
	if (peer->reads && (hung_up || revents & EPOLLIN))
		got = take(peer);
	if (got == 0 || (got < 0 && got != -EAGAIN && got != -EINTR))
		peer->reads = false;
	/* what it sent before it hung up comes first */
	if (got == -ECANCELED || (!peer->reads && (hung_up || !peer->writes))) {
		peer->gone(peer, got < 0 && got != -EAGAIN ? (int)got : 0);
		return 0;
	}
	update(peer, hung_up);
	if (had_output)
		peer->port->events->changed(peer->port);
	return 0;
}

static int on_turn(sd_event_source *source, void *userdata)
{
	const struct peer *peer = userdata;

	return on_io(source, peer->fd, EPOLLIN, userdata);
}

int peer_start(struct peer *peer, struct port *port, sd_event *event, int fd)
{
	int ret;

	peer->port = port;
	peer->fd = fd;
	ret = sd_event_add_io(event, &peer->source, fd, 0, on_io, peer);
	peer->is_file = ret == -EPERM;
	if (peer->is_file)
		ret = peer->reads ? sd_event_add_defer(event, &peer->source, on_turn, peer) : 0;
	if (ret < 0) {
		peer_stop(peer);
		return ret;
	}
	update(peer, false);
	return 0;
}

void peer_stop(struct peer *peer)
{
	peer->source = sd_event_source_disable_unref(peer->source);
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	peer->reads = peer->writes = false;
}

void peer_output(struct peer *peer)
{
	bool was_behind = peer->behind;

	if (!peer->writes)
		return;
	if (flush(peer) < 0)
		end_output(peer);
	update(peer, false);
	/* It has caught up, or reads no more, without an event: whoever waits for one would wait for ever. */
	if (!peer->writes || (was_behind && !peer->behind))
		peer->port->events->changed(peer->port);
}

void peer_input(struct peer *peer)
{
	if (peer->reads)
		update(peer, false);
}
