/* SPDX-License-Identifier: MIT */
/*
 * The control queues of a virtio console (virtio 1.4, 5.3.6.2): which ports the driver
 * knows, and what it still has to be told. No I/O.
 *
 * Nothing is queued: each port has a set of messages that are due, made up when the
 * driver has a buffer for them. So a driver that asks much and listens little costs
 * nothing, and of two changes of a window's size it hears of the last one.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <linux/virtio_console.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_MAX_PORTS   32
#define CONTROL_NAME_SIZE   64 /* with its NUL, which never travels */
#define CONTROL_MAX_MESSAGE (sizeof(struct virtio_console_control) + CONTROL_NAME_SIZE)

/* In which order the driver reads the two numbers of a size. */
enum control_order {
	CONTROL_COLS_FIRST, /* the specification's */
	CONTROL_ROWS_FIRST, /* Linux', in most versions */
};

/**
 * struct control_port
 * @used: there is such a port
 * @due: a bit for each message that the driver has to be told
 * @known: the driver has it
 * @host_open: somebody is at our end
 * @guest_open: somebody is at the driver's end: it takes data
 */
struct control_port {
	bool used;
	bool console;
	bool known;
	bool host_open;
	bool guest_open;
	unsigned int due;
	uint16_t cols;
	uint16_t rows;
	char name[CONTROL_NAME_SIZE];
};

/**
 * struct control
 * @ready: the driver said so; before that it is told nothing
 * @next: port whose turn it is
 */
struct control {
	struct control_port ports[CONTROL_MAX_PORTS];
	unsigned int num;
	enum control_order order;
	bool ready;
	unsigned int next;
};

void control_init(struct control *c, unsigned int num, enum control_order order);
void control_add(struct control *c, unsigned int id, const char *name, bool console);
void control_remove(struct control *c, unsigned int id);
void control_set_open(struct control *c, unsigned int id, bool open);
/* True: that is news. */
bool control_set_size(struct control *c, unsigned int id, uint16_t cols, uint16_t rows);

/* A message of the driver's, @len bytes. False: it makes no sense, and changed nothing. */
bool control_receive(struct control *c, const void *data, size_t len);
/* The next message for the driver; its length, at most CONTROL_MAX_MESSAGE, or 0. */
size_t control_next(struct control *c, uint8_t *buf);
bool control_has_next(const struct control *c);

/* The driver is gone: the next one begins at the beginning. */
void control_reset(struct control *c);
/*
 * A driver is there that was set up by a daemon before us, and will not say again what it
 * told that one; @open has a bit for each port that is open at its end. What it does not
 * know yet, or should know no longer, it is told.
 */
void control_resume(struct control *c, uint32_t open);
uint32_t control_open_ports(const struct control *c); /* such a set */

#endif /* CONTROL_H */
