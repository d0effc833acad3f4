/* SPDX-License-Identifier: MIT */
/*
 * A port: a buffer for each direction, and a back-end at our end of it. What the driver
 * wrote stays in @out for readers at their own pace; what it is to get waits in @in.
 */
#ifndef PORT_H
#define PORT_H

#include <systemd/sd-event.h>

#include "port-spec.h"
#include "stream.h"

struct port;

/* What its owner is told. Both may come from any handler of the event loop, but not from port_close(). */
struct port_events {
	void (*input)(struct port *port); /* there is something in @in */
	void (*changed)(struct port *port); /* readers came, went or took something; or the window's size */
};

/**
 * struct backend_ops - one kind of back-end
 * @open: 0, or -errno after the reason was logged; @close is due either way
 * @output: there is more in @out
 * @input: there is room in @in again
 * @slowest: position in @out of the reader that is furthest behind; PORT_NO_READER
 * @reopen: files are to be opened anew; may be NULL
 */
struct backend_ops {
	int (*open)(struct port *port, sd_event *event);
	void (*close)(struct port *port);
	void (*output)(struct port *port);
	void (*input)(struct port *port);
	uint64_t (*slowest)(const struct port *port);
	void (*reopen)(struct port *port);
};

#define PORT_NO_READER UINT64_MAX

extern const struct backend_ops backend_pty, backend_server, backend_file, backend_stdio;

/**
 * struct port
 * @id: its number for the driver
 * @console: data that nobody reads in time is lost; else the driver waits
 * @from_file: of --config, which may take it away again
 * @in_pos: what the driver has of @in
 * @lost: bytes that a reader did not get in time, or was no longer there to get
 * @backend: belongs to the back-end
 */
struct port {
	struct port_spec spec;
	unsigned int id;
	bool console;
	bool from_file;
	struct stream out;
	struct stream in;
	uint64_t in_pos;
	uint16_t cols;
	uint16_t rows;
	uint64_t lost;
	const struct backend_ops *ops;
	void *backend;
	const struct port_events *events;
	void *owner;
};

/* 0, or -errno after the reason was logged. */
int port_open(struct port **port, const struct port_spec *spec, unsigned int id, bool console, sd_event *event,
	const struct port_events *events, void *owner);
void port_close(struct port *port); /* NULL is fine */

const char *port_name(const struct port *port); /* for people */
bool port_has_reader(const struct port *port);
/* How much the driver may write now without a loss: any amount to a console. */
size_t port_room(const struct port *port);
void port_write(struct port *port, const void *data, size_t len); /* from the driver; see port_flush() */
void port_flush(struct port *port); /* lets readers have it */
/* For the driver: the next bytes that lie together, and that it has got @len of them. */
size_t port_peek(const struct port *port, const uint8_t **data);
void port_taken(struct port *port, size_t len);

/* For back-ends. */
size_t port_input_room(const struct port *port);
void port_input(struct port *port, const void *data, size_t len); /* at most that many */
void port_lose(struct port *port, uint64_t bytes);
/* A reader that stood at @pos reads no more. In a console what is behind that is there for the next one. */
void port_left(struct port *port, uint64_t pos);
void port_resize(struct port *port, uint16_t cols, uint16_t rows);

#endif /* PORT_H */
