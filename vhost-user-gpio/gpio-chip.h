/* SPDX-License-Identifier: MIT */
/*
 * The border to libgpiod: one header, one source for each of its two
 * interfaces (gpio-chip-v1.c for 1.6, gpio-chip-v2.c for 2.x).
 *
 * Values are logical ones: a line that is active low is 1 when its voltage is
 * low. All calls are short ioctls on the GPIO character device; after the chip
 * was unplugged they fail with -ENODEV.
 */
#ifndef GPIO_CHIP_H
#define GPIO_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#define GPIO_LABEL_SIZE 32 /* with its NUL; longer ones are cut */

struct gpio_chip; /* an open chip */
struct gpio_line; /* one of its lines, requested: nobody else can have it */

#define GPIO_EDGE_RISING  1U
#define GPIO_EDGE_FALLING 2U

enum gpio_bias {
	GPIO_BIAS_AS_IS,
	GPIO_BIAS_NONE,
	GPIO_BIAS_PULL_UP,
	GPIO_BIAS_PULL_DOWN,
};

enum gpio_drive {
	GPIO_DRIVE_PUSH_PULL,
	GPIO_DRIVE_OPEN_DRAIN,
	GPIO_DRIVE_OPEN_SOURCE,
};

/**
 * struct gpio_wiring - what the board's owner says of a line; the same for all its life
 * @debounce_us: microseconds that a level must last; 0: none. libgpiod 1.6 cannot
 */
struct gpio_wiring {
	bool active_low;
	enum gpio_bias bias;
	enum gpio_drive drive;
	uint32_t debounce_us;
};

/**
 * struct gpio_use - what the driver wants of a line now
 * @output: else it is an input
 * @value: of an output, from the first moment on
 * @edges: of an input: GPIO_EDGE_*, the changes to report; 0 none
 */
struct gpio_use {
	bool output;
	bool value;
	unsigned int edges;
};

/* A line that need not be requested; @name is empty when it has none. */
struct gpio_line_info {
	char name[32];
	bool output;
};

/* @which: path, name (gpiochip0) or label. 0, -ENOENT (no such chip), -ENOTUNIQ (a label of several), -errno */
int gpio_chip_open(const char *which, struct gpio_chip **chip);
void gpio_chip_close(struct gpio_chip *chip); /* its lines were released before; NULL is fine */
unsigned int gpio_chip_num_lines(const struct gpio_chip *chip);
void gpio_chip_label(const struct gpio_chip *chip, char label[GPIO_LABEL_SIZE]);
int gpio_chip_line_info(struct gpio_chip *chip, unsigned int offset, struct gpio_line_info *info); /* 0 or -errno */

/**
 * gpio_line_request - take a line
 * @consumer: who has it, for tools like gpioinfo
 *
 * Returns 0, -EBUSY (somebody else has it), -EOPNOTSUPP (this libgpiod or this
 * chip cannot do what @wiring asks for) or another -errno.
 */
int gpio_line_request(struct gpio_chip *chip, unsigned int offset, const char *consumer,
	const struct gpio_wiring *wiring, const struct gpio_use *use, struct gpio_line **line);
void gpio_line_release(struct gpio_line *line); /* NULL is fine */

/*
 * Use the line for something else. An output keeps its level until it has the new one.
 * Afterwards gpio_line_fd() is to be asked anew. 0, or -errno: then the line may do
 * nothing any more, and is to be released.
 */
int gpio_line_change(struct gpio_line *line, const struct gpio_use *use);

int gpio_line_get(struct gpio_line *line); /* 0, 1 or -errno */
int gpio_line_set(struct gpio_line *line, bool value); /* an output; 0 or -errno */

/* Readable when an edge waits; non-blocking. -1 without edges. Owned by the line. */
int gpio_line_fd(const struct gpio_line *line);
/* GPIO_EDGE_RISING or _FALLING, -EAGAIN (none waits) or another -errno */
int gpio_line_read_edge(struct gpio_line *line);

#endif /* GPIO_CHIP_H */
