/* SPDX-License-Identifier: MIT */
/* The device's lines: found on their chips, requested when the driver wants them. */
#ifndef GPIO_LINES_H
#define GPIO_LINES_H

#include "gpio-chip.h"
#include "gpio-irq.h"
#include "gpio-spec.h"

#define GPIO_MAX_CHIPS 16

/**
 * struct gpio_board - a chip, as one --chip option names it
 * @which: the option's text
 * @chip: NULL while it is unplugged
 * @gone: it was unplugged just now; @chip and the requests of its lines are still to be closed
 * @label: of the chip; with @num_lines it tells whether what was plugged in is the same again
 */
struct gpio_board {
	const char *which;
	struct gpio_chip *chip;
	bool gone;
	char label[GPIO_LABEL_SIZE];
	unsigned int num_lines;
};

/**
 * struct gpio_slot - one line as the driver knows it
 * @in_use: the driver has it
 * @request: NULL while nobody uses it, or its chip is unplugged
 * @use: what it is requested for
 * @value: what the driver wants it to drive, perhaps before it is an output
 */
struct gpio_slot {
	struct gpio_board *board;
	unsigned int offset;
	char name[GPIO_NAME_SIZE];
	bool read_only;
	enum gpio_on_release on_release;
	struct gpio_wiring wiring;
	bool in_use;
	struct gpio_line *request;
	struct gpio_use use;
	bool value;
	struct gpio_irq irq;
};

struct gpio_lines {
	struct gpio_board boards[GPIO_MAX_CHIPS];
	unsigned int num_boards;
	struct gpio_slot *slots;
	unsigned int count;
	const char *consumer;
};

/**
 * gpio_lines_open - open the chips and find the lines on them
 * @chips: --chip options, @num_chips of them
 * @text: of --lines; NULL: all lines of all chips in their order
 * @consumer: as whose the lines are requested; must outlive @lines
 *
 * Nothing is requested yet. 0, or -errno after the reason was logged; gpio_lines_close()
 * is due either way.
 */
int gpio_lines_open(struct gpio_lines *lines, const char *const *chips, unsigned int num_chips, const char *text,
	const char *consumer);
void gpio_lines_close(struct gpio_lines *lines); /* releases all lines, whatever their on_release */

/* The answer to GET_NAMES: NUL-terminated names one after the other; 0 bytes when no line has one. */
uint32_t gpio_lines_names(const struct gpio_lines *lines, char *buf, size_t size);

/* Of a line in use what it is used for, else what its chip says. 1 output, 0 input, -errno */
int gpio_slot_is_output(const struct gpio_slot *slot);
/*
 * The driver wants to use it so. 0, -EPERM (read-only), or what gpio_line_request() and gpio_line_change()
 * say; then it is used as before, if at all.
 */
int gpio_slot_use(const struct gpio_lines *lines, struct gpio_slot *slot, const struct gpio_use *use);
/* The driver has no more use for it. */
void gpio_slot_release(struct gpio_slot *slot);

/* A board that is gone: closes its lines and the chip. What the lines are used for stays. */
void gpio_board_close(struct gpio_lines *lines, struct gpio_board *board);
/* Is it there again? 0, or -ENODEV: not yet, or it is another one. */
int gpio_board_find(struct gpio_board *board);

#endif /* GPIO_LINES_H */
