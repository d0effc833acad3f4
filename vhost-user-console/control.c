// SPDX-License-Identifier: MIT
#include "control.h"

#include <endian.h>
#include <string.h>

/* In the order in which a driver has to hear of them. */
enum due {
	DUE_REMOVE,
	DUE_ADD,
	DUE_CONSOLE,
	DUE_NAME,
	DUE_RESIZE,
	DUE_OPEN,
	NUM_DUE,
};

#define BIT(n)		(1U << (n))
#define ABOUT_EXISTENCE (BIT(DUE_REMOVE) | BIT(DUE_ADD))

void control_init(struct control *c, unsigned int num, enum control_order order)
{
	memset(c, 0, sizeof(*c));
	c->num = num;
	c->order = order;
}

void control_add(struct control *c, unsigned int id, const char *name, bool console)
{
	struct control_port *port = &c->ports[id];
	unsigned int due = port->due & BIT(DUE_REMOVE);

	memset(port, 0, sizeof(*port));
	port->used = true;
	port->console = console;
	/* A console may speak whether somebody listens or not. */
	port->host_open = console;
	strncpy(port->name, name, sizeof(port->name) - 1);
	port->due = due | (c->ready ? BIT(DUE_ADD) : 0);
}

void control_remove(struct control *c, unsigned int id)
{
	struct control_port *port = &c->ports[id];
	bool heard = c->ready && !(port->due & BIT(DUE_ADD));
	unsigned int due = heard ? BIT(DUE_REMOVE) : port->due & BIT(DUE_REMOVE);

	memset(port, 0, sizeof(*port));
	port->due = due;
}

void control_set_open(struct control *c, unsigned int id, bool open)
{
	struct control_port *port = &c->ports[id];

	if (port->console || port->host_open == open)
		return;
	port->host_open = open;
	port->due |= BIT(DUE_OPEN);
}

bool control_set_size(struct control *c, unsigned int id, uint16_t cols, uint16_t rows)
{
	struct control_port *port = &c->ports[id];

	if (!port->console || (port->cols == cols && port->rows == rows))
		return false;
	port->cols = cols;
	port->rows = rows;
	port->due |= BIT(DUE_RESIZE);
	return true;
}

static void introduce(struct control_port *port)
{
	port->known = true;
	port->due &= ~BIT(DUE_ADD);
	port->due |= BIT(DUE_OPEN);
	if (port->console)
		port->due |= BIT(DUE_CONSOLE);
	if (port->name[0])
		port->due |= BIT(DUE_NAME);
	if (port->cols || port->rows)
		port->due |= BIT(DUE_RESIZE);
}

static void begin(struct control *c)
{
	c->ready = true;
	c->next = 0;
	for (unsigned int i = 0; i < c->num; i++) {
		struct control_port *port = &c->ports[i];

		port->known = false;
		port->guest_open = false;
		port->due = port->used ? BIT(DUE_ADD) : 0;
	}
}

bool control_receive(struct control *c, const void *data, size_t len)
{
	struct virtio_console_control msg;
	struct control_port *port;
	bool value;

	if (len < sizeof(msg))
		return false;
	memcpy(&msg, data, sizeof(msg));
	value = le16toh(msg.value);
	if (le16toh(msg.event) == VIRTIO_CONSOLE_DEVICE_READY) {
		if (value)
			begin(c);
		return value;
	}
	if (le32toh(msg.id) >= c->num || !c->ports[le32toh(msg.id)].used)
		return false;
	port = &c->ports[le32toh(msg.id)];
	switch (le16toh(msg.event)) {
	case VIRTIO_CONSOLE_PORT_READY:
		/* Linux wakes up from hibernation with this instead of DEVICE_READY */
		c->ready = true;
		if (value)
			introduce(port);
		return value;
	case VIRTIO_CONSOLE_PORT_OPEN:
		/* of a port that had this number before */
		if (!port->known)
			return false;
		port->guest_open = value;
		return true;
	default: return false;
	}
}

static unsigned int due_now(const struct control_port *port)
{
	return port->known ? port->due : port->due & ABOUT_EXISTENCE;
}

bool control_has_next(const struct control *c)
{
	for (unsigned int i = 0; c->ready && i < c->num; i++) {
		if (due_now(&c->ports[i]))
			return true;
	}
	return false;
}

static size_t put_header(uint8_t *buf, unsigned int id, uint16_t event, uint16_t value)
{
	const struct virtio_console_control msg = {
		.id = htole32(id), .event = htole16(event), .value = htole16(value)
	};

	memcpy(buf, &msg, sizeof(msg));
	return sizeof(msg);
}

static size_t put_resize(const struct control *c, unsigned int id, uint8_t *buf)
{
	const struct control_port *port = &c->ports[id];
	const uint16_t cols = htole16(port->cols), rows = htole16(port->rows);
	const uint16_t size[2] = {
		c->order == CONTROL_COLS_FIRST ? cols : rows,
		c->order == CONTROL_COLS_FIRST ? rows : cols,
	};
	size_t n = put_header(buf, id, VIRTIO_CONSOLE_RESIZE, 0);

	memcpy(buf + n, size, sizeof(size));
	return n + sizeof(size);
}

static size_t put_name(const struct control *c, unsigned int id, uint8_t *buf)
{
	const struct control_port *port = &c->ports[id];
	size_t n = put_header(buf, id, VIRTIO_CONSOLE_PORT_NAME, 1), len = strlen(port->name);

	memcpy(buf + n, port->name, len);
	return n + len;
}

static size_t put(const struct control *c, unsigned int id, unsigned int what, uint8_t *buf)
{
	switch (what) {
	case DUE_REMOVE: return put_header(buf, id, VIRTIO_CONSOLE_PORT_REMOVE, 1);
	case DUE_ADD: return put_header(buf, id, VIRTIO_CONSOLE_PORT_ADD, 1);
	case DUE_CONSOLE: return put_header(buf, id, VIRTIO_CONSOLE_CONSOLE_PORT, 1); /* 0 is ignored */
	case DUE_NAME: return put_name(c, id, buf);
	case DUE_RESIZE: return put_resize(c, id, buf);
	default: return put_header(buf, id, VIRTIO_CONSOLE_PORT_OPEN, c->ports[id].host_open);
	}
}

/* One port after the other, lest one that changes all the time keeps the driver from hearing of the others. */
size_t control_next(struct control *c, uint8_t *buf)
{
	for (unsigned int n = 0; c->ready && n < c->num; n++) {
		unsigned int id = c->next, due = due_now(&c->ports[id]);

		c->next = (id + 1) % c->num;
		for (unsigned int what = 0; due && what < NUM_DUE; what++) {
			if (!(due & BIT(what)))
				continue;
			c->ports[id].due &= ~BIT(what);
			return put(c, id, what, buf);
		}
	}
	return 0;
}

void control_reset(struct control *c)
{
	begin(c);
	c->ready = false;
}

void control_resume(struct control *c, uint32_t open)
{
	begin(c);
	for (unsigned int i = 0; i < c->num; i++) {
		struct control_port *port = &c->ports[i];

		/* It answers PORT_READY to a port that it has already, and ignores the end of one that it has not. */
		port->due = port->used ? BIT(DUE_ADD) : BIT(DUE_REMOVE);
		port->known = port->used;
		port->guest_open = port->used && (port->console || open & BIT(i));
	}
}

uint32_t control_open_ports(const struct control *c)
{
	uint32_t open = 0;

	for (unsigned int i = 0; i < c->num; i++)
		open |= c->ports[i].guest_open ? BIT(i) : 0;
	return open;
}
