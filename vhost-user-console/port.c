// SPDX-License-Identifier: MIT
#include "port.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static const struct backend_ops *const kinds[] = {
	[PORT_PTY] = &backend_pty,
	[PORT_UNIX] = &backend_server,
	[PORT_TCP] = &backend_server,
	[PORT_FILE] = &backend_file,
	[PORT_STDIO] = &backend_stdio,
};

int port_open(struct port **result, const struct port_spec *spec, unsigned int id, bool console, sd_event *event,
	const struct port_events *events, void *owner)
{
	struct port *port = calloc(1, sizeof(*port));
	int ret;

	*result = NULL;
	if (!port)
		return -ENOMEM;
	memcpy(&port->spec, spec, sizeof(*spec));
	port->id = id;
	port->console = console;
	port->cols = spec->cols;
	port->rows = spec->rows;
	port->events = events;
	port->owner = owner;
	port->ops = kinds[spec->backend];
	ret = stream_init(&port->out, spec->buffer);
	if (!ret)
		ret = stream_init(&port->in, spec->buffer);
	if (!ret)
		ret = port->ops->open(port, event);
	if (ret < 0) {
		port_close(port);
		return ret;
	}
	*result = port;
	return 0;
}

void port_close(struct port *port)
{
	if (!port)
		return;
	port->ops->close(port);
	vhu_debug("port %s: %" PRIu64 " bytes from the driver, %" PRIu64 " to it", port_name(port), port->out.end,
		port->in_pos);
	if (port->lost)
		vhu_info("port %s: %" PRIu64 " bytes were lost in all, as nobody read them in time", port_name(port),
			port->lost);
	stream_free(&port->out);
	stream_free(&port->in);
	free(port);
}

const char *port_name(const struct port *port)
{
	return port->spec.name[0] ? port->spec.name : "(no name)";
}

bool port_has_reader(const struct port *port)
{
	return port->ops->slowest(port) != PORT_NO_READER;
}

size_t port_room(const struct port *port)
{
	uint64_t slowest;

	if (port->console)
		return SIZE_MAX;
	slowest = port->ops->slowest(port);
	if (slowest == PORT_NO_READER || slowest < stream_start(&port->out))
		return 0;
	return port->out.size - (size_t)(port->out.end - slowest);
}

void port_write(struct port *port, const void *data, size_t len)
{
	stream_append(&port->out, data, len);
}

void port_flush(struct port *port)
{
	port->ops->output(port);
}

size_t port_peek(const struct port *port, const uint8_t **data)
{
	return stream_peek(&port->in, port->in_pos, data);
}

void port_taken(struct port *port, size_t len)
{
	port->in_pos += len;
}

size_t port_input_room(const struct port *port)
{
	return port->in.size - (size_t)(port->in.end - port->in_pos);
}

void port_input(struct port *port, const void *data, size_t len)
{
	stream_append(&port->in, data, len);
	port->events->input(port);
}

void port_lose(struct port *port, uint64_t bytes)
{
	if (!bytes)
		return;
	port->lost += bytes;
	vhu_log_limited(VHU_LOG_WARN, "port %s: a reader is too slow, %" PRIu64 " bytes lost; buffer= may be larger",
		port_name(port), bytes);
}

void port_left(struct port *port, uint64_t pos)
{
	uint64_t unread = port->out.end - pos;

	if (port->console || !unread)
		return;
	port->lost += unread;
	vhu_log_limited(VHU_LOG_WARN, "port %s: a reader has gone with %" PRIu64 " bytes unread, which are lost",
		port_name(port), unread);
}

void port_resize(struct port *port, uint16_t cols, uint16_t rows)
{
	if (port->cols == cols && port->rows == rows)
		return;
	port->cols = cols;
	port->rows = rows;
	port->events->changed(port);
}
