// SPDX-License-Identifier: MIT
/*
 * A socket that several clients may connect to, Unix or TCP. Each reads at its own pace what
 * the driver writes, and what each of them sends goes to the driver.
 *
 * Who comes to a console late gets what is still in its buffer first. Who comes to a generic
 * port gets what is written from then on: half of a record would be worse than none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept.h"
#include "listen.h"
#include "log.h"
#include "peer.h"

#define MAX_CLIENTS 8
#define BACKLOG	    8

struct server {
	struct vhu_listener listener;
	sd_event *event;
	struct vhu_acceptor acceptor;
	struct peer clients[MAX_CLIENTS]; /* without a source: free */
};

static struct server *state(const struct port *port)
{
	return port->backend;
}

static struct peer *free_place(struct server *server)
{
	for (unsigned int i = 0; i < MAX_CLIENTS; i++) {
		if (!server->clients[i].source)
			return &server->clients[i];
	}
	return NULL;
}

static void stop(struct peer *peer)
{
	if (peer->writes)
		port_left(peer->port, peer->pos);
	peer_stop(peer);
}

static void on_gone(struct peer *peer, int error)
{
	struct port *port = peer->port;

	vhu_debug("port %s: a client has left", port_name(port));
	stop(peer);
	vhu_acceptor_want(&state(port)->acceptor, true);
	port->events->changed(port);
}

static int on_client(void *data, int fd)
{
	struct port *port = data;
	struct server *server = state(port);
	struct peer *peer = free_place(server);
	int one = 1, ret;

	if (port->spec.backend == PORT_TCP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*peer = (struct peer) { .reads = true, .writes = true, .gone = on_gone };
	peer->pos = port->console ? stream_start(&port->out) : port->out.end;
	ret = peer_start(peer, port, server->event, fd);
	if (ret < 0)
		vhu_log_limited(VHU_LOG_ERROR, "port %s: cannot serve a client: %s", port_name(port), strerror(-ret));
	vhu_acceptor_want(&server->acceptor, free_place(server));
	port->events->changed(port);
	return ret;
}

static int listen_tcp(const struct port_spec *spec, struct vhu_listener *listener)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo *addr;
	int fd, one = 1, ret = 0;

	if (getaddrinfo(spec->host, spec->service, &hints, &addr))
		return -EINVAL;
	fd = socket(addr->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		ret = -errno;
	else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(fd, addr->ai_addr, addr->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		ret = -errno;
	freeaddrinfo(addr);
	listener->fd = fd;
	if (ret < 0)
		vhu_err("cannot listen at %s, port %s: %s", spec->host, spec->service, strerror(-ret));
	return ret;
}

static int server_open(struct port *port, sd_event *event)
{
	struct server *server = calloc(1, sizeof(*server));
	int ret;

	if (!server)
		return -ENOMEM;
	port->backend = server;
	server->event = event;
	server->acceptor = (struct vhu_acceptor) { .who = "a client", .connected = on_client, .data = port };
	server->listener.fd = -1;
	for (unsigned int i = 0; i < MAX_CLIENTS; i++)
		server->clients[i].fd = -1;
	if (port->spec.backend == PORT_TCP)
		ret = listen_tcp(&port->spec, &server->listener);
	else
		ret = vhu_listen_path(&server->listener, port->spec.path);
	if (ret >= 0)
		ret = vhu_listen_open(&server->listener);
	if (ret >= 0)
		ret = vhu_acceptor_start(&server->acceptor, event, server->listener.fd);
	return ret;
}

static void server_close(struct port *port)
{
	struct server *server = state(port);

	if (!server)
		return;
	for (unsigned int i = 0; i < MAX_CLIENTS; i++)
		stop(&server->clients[i]);
	vhu_acceptor_stop(&server->acceptor);
	vhu_listen_close(&server->listener);
	free(server);
	port->backend = NULL;
}

static void server_output(struct port *port)
{
	for (unsigned int i = 0; i < MAX_CLIENTS; i++)
		peer_output(&state(port)->clients[i]);
}

static void server_input(struct port *port)
{
	for (unsigned int i = 0; i < MAX_CLIENTS; i++)
		peer_input(&state(port)->clients[i]);
}

static uint64_t server_slowest(const struct port *port)
{
	uint64_t slowest = PORT_NO_READER;

	for (unsigned int i = 0; i < MAX_CLIENTS; i++) {
		const struct peer *peer = &state(port)->clients[i];

		if (peer->writes && peer->pos < slowest)
			slowest = peer->pos;
	}
	return slowest;
}

const struct backend_ops backend_server = {
	.open = server_open,
	.close = server_close,
	.output = server_output,
	.input = server_input,
	.slowest = server_slowest,
};
