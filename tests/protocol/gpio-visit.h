/* SPDX-License-Identifier: MIT */
/* A driver of virtio GPIO lines, polite unless it is told otherwise, and the outside of the lines. */
#ifndef GPIO_VISIT_H
#define GPIO_VISIT_H

#include <linux/virtio_gpio.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/protocol/fake-gpio-chip.h"
#include "tests/protocol/frontend.h"
#include "tests/protocol/server.h"

#define REQUESTS 0
#define EVENTS	 1
#define RING	 32 /* descriptors of a queue */
#define WAIT_MS	 20000
#define MARK	 0xa5 /* in what the device did not write */
#define CELL	 0x100u /* bytes for a buffer */

/**
 * struct visit - one connection
 * @chip: the fake one behind the daemon
 * @path: of its file
 */
struct visit {
	struct server *server;
	struct frontend fe;
	struct fake_chip *chip;
	const char *path;
};

/* Lines of the device in the order of --lines (gpio-options), and the offsets of the chip's */
enum {
	BUTTON,
	LAMP,
	RESET,
	SMALL,
	KEPT,
	NUM_LINES
};
#define OFFSET_BUTTON 3 /* active low */
#define OFFSET_LAMP   2 /* safe=1 */
#define OFFSET_RESET  1 /* read only */
#define OFFSET_SMALL  0
#define OFFSET_KEPT   5
#define NAMES	      "button\0lamp\0RESET\0\0kept"

/* Fixtures: a connection with running queues; the chip is quiet. */
int visit_begin(void **state);
int visit_end(void **state);

/* Descriptor @i of a queue: @len bytes of cell @cell from @offset on; chained to the next one unless @last. */
void visit_desc(
	struct visit *v, unsigned int queue, unsigned int i, unsigned int cell, uint32_t len, bool write, bool last);
uint8_t *visit_cell(struct visit *v, unsigned int queue, unsigned int cell);
/* Make chain @head of the request queue available, wait for it, check that it is the one; the used length. */
uint32_t visit_ask(struct visit *v, uint16_t head);

/* A request as drivers make them; the answer has its two bytes. Its value, or -1: the device said no. */
int visit_request(struct visit *v, uint16_t type, uint16_t line, uint32_t value);
int visit_irq_type(struct visit *v, uint16_t line, uint32_t type); /* 0 or -1 */
/* So that all that happened before has reached the daemon. */
void visit_settle(struct visit *v);

/* The buffer of chain @id of the event queue: unmask line @line. Its status will be in @id's cell. */
void visit_unmask(struct visit *v, unsigned int id, uint16_t line);
void visit_expect(struct visit *v, unsigned int id, uint8_t status); /* this buffer, nothing else, comes back */
void visit_expect_none(struct visit *v); /* after visit_settle() no buffer has come back */

/* The outside drives line @offset of the chip: a voltage. */
void visit_drive(struct visit *v, unsigned int offset, bool level);
void visit_plug(struct visit *v, bool plugged);

struct CMUnitTest;
#define VISIT(f) cmocka_unit_test_setup_teardown(f, visit_begin, visit_end)
/* The main() of a test program: the daemon of argv[1] with its options; the environment's GPIO_CHIP is its chip. */
int visit_test(char **argv, const char *name, const struct CMUnitTest *tests, size_t count);

#endif /* GPIO_VISIT_H */
