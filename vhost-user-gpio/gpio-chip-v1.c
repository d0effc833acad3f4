// SPDX-License-Identifier: MIT
/* libgpiod 1.5 and 1.6. */
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpio-chip.h"

struct gpio_chip {
	struct gpiod_chip *chip;
};

struct gpio_line {
	struct gpiod_line *line; /* the chip's; it stays when the request goes */
	const char *consumer;
	struct gpio_wiring wiring;
	unsigned int edges;
};

static int last_error(void)
{
	return errno ? -errno : -EIO;
}

/* Of several chips of a label the library takes the first. */
static bool is_ambiguous(struct gpiod_chip *found, const char *which)
{
	struct gpiod_chip_iter *iter;
	struct gpiod_chip *chip;
	unsigned int count = 0;

	if (strcmp(gpiod_chip_label(found), which) != 0 || !strcmp(gpiod_chip_name(found), which))
		return false;
	iter = gpiod_chip_iter_new();
	if (!iter)
		return false;
	while ((chip = gpiod_chip_iter_next(iter)))
		count += !strcmp(gpiod_chip_label(chip), which);
	gpiod_chip_iter_free(iter);
	return count > 1;
}

static int open_any(const char *which, struct gpiod_chip **chip)
{
	*chip = gpiod_chip_open_lookup(which);
	if (!*chip)
		return last_error();
	if (!is_ambiguous(*chip, which))
		return 0;
	gpiod_chip_close(*chip);
	return -ENOTUNIQ;
}

int gpio_chip_open(const char *which, struct gpio_chip **result)
{
	struct gpio_chip *chip = malloc(sizeof(*chip));
	int ret;

	*result = NULL;
	if (!chip)
		return -ENOMEM;
	ret = open_any(which, &chip->chip);
	if (ret)
		free(chip);
	else
		*result = chip;
	return ret;
}

void gpio_chip_close(struct gpio_chip *chip)
{
	if (!chip)
		return;
	gpiod_chip_close(chip->chip);
	free(chip);
}

unsigned int gpio_chip_num_lines(const struct gpio_chip *chip)
{
	return gpiod_chip_num_lines(chip->chip);
}

void gpio_chip_label(const struct gpio_chip *chip, char label[GPIO_LABEL_SIZE])
{
	snprintf(label, GPIO_LABEL_SIZE, "%s", gpiod_chip_label(chip->chip));
}

int gpio_chip_line_info(struct gpio_chip *chip, unsigned int offset, struct gpio_line_info *info)
{
	struct gpiod_line *line = gpiod_chip_get_line(chip->chip, offset);
	const char *name;

	/* What the library knows of a line is as old as the line's first use. */
	if (!line || gpiod_line_update(line))
		return last_error();
	name = gpiod_line_name(line);
	snprintf(info->name, sizeof(info->name), "%s", name ? name : "");
	info->output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
	return 0;
}

static int flags_of(const struct gpio_wiring *wiring, bool output)
{
	static const int bias[] = {
		[GPIO_BIAS_AS_IS] = 0,
		[GPIO_BIAS_NONE] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
		[GPIO_BIAS_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
		[GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
	};
	static const int drive[] = {
		[GPIO_DRIVE_PUSH_PULL] = 0,
		[GPIO_DRIVE_OPEN_DRAIN] = GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN,
		[GPIO_DRIVE_OPEN_SOURCE] = GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE,
	};
	int flags = bias[wiring->bias];

	if (wiring->active_low)
		flags |= GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
	/* The kernel refuses a drive for an input. */
	return output ? flags | drive[wiring->drive] : flags;
}

static int request_type(const struct gpio_use *use)
{
	if (use->output)
		return GPIOD_LINE_REQUEST_DIRECTION_OUTPUT;
	switch (use->edges) {
	case 0: return GPIOD_LINE_REQUEST_DIRECTION_INPUT;
	case GPIO_EDGE_RISING: return GPIOD_LINE_REQUEST_EVENT_RISING_EDGE;
	case GPIO_EDGE_FALLING: return GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE;
	default: return GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES;
	}
}

static int take(struct gpio_line *line, const struct gpio_use *use)
{
	struct gpiod_line_request_config config = {
		.consumer = line->consumer,
		.request_type = request_type(use),
		.flags = flags_of(&line->wiring, use->output),
	};
	int fd, ret;

	if (gpiod_line_request(line->line, &config, use->value))
		return last_error();
	line->edges = use->edges;
	fd = gpio_line_fd(line);
	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return 0;
	ret = last_error();
	gpiod_line_release(line->line);
	return ret;
}

int gpio_line_request(struct gpio_chip *chip, unsigned int offset, const char *consumer,
	const struct gpio_wiring *wiring, const struct gpio_use *use, struct gpio_line **result)
{
	struct gpio_line *line;
	int ret = 0;

	*result = NULL;
	if (wiring->debounce_us)
		return -EOPNOTSUPP;
	line = calloc(1, sizeof(*line));
	if (!line)
		return -ENOMEM;
	line->consumer = consumer;
	line->wiring = *wiring;
	line->line = gpiod_chip_get_line(chip->chip, offset);
	if (!line->line)
		ret = last_error();
	if (!ret)
		ret = take(line, use);
	if (ret)
		free(line);
	else
		*result = line;
	return ret;
}

void gpio_line_release(struct gpio_line *line)
{
	if (!line)
		return;
	gpiod_line_release(line->line);
	free(line);
}

int gpio_line_change(struct gpio_line *line, const struct gpio_use *use)
{
	int direction = use->output ? GPIOD_LINE_REQUEST_DIRECTION_OUTPUT : GPIOD_LINE_REQUEST_DIRECTION_INPUT;

	/* The first GPIO interface of the kernel knows edges only from the request on. */
	if (line->edges || use->edges) {
		gpiod_line_release(line->line);
		return take(line, use);
	}
	if (gpiod_line_set_config(line->line, direction, flags_of(&line->wiring, use->output), use->value))
		return last_error();
	return 0;
}

int gpio_line_get(struct gpio_line *line)
{
	int value = gpiod_line_get_value(line->line);

	return value < 0 ? last_error() : value;
}

int gpio_line_set(struct gpio_line *line, bool value)
{
	return gpiod_line_set_value(line->line, value) ? last_error() : 0;
}

int gpio_line_fd(const struct gpio_line *line)
{
	return line->edges ? gpiod_line_event_get_fd(line->line) : -1;
}

int gpio_line_read_edge(struct gpio_line *line)
{
	struct gpiod_line_event event;

	if (gpiod_line_event_read(line->line, &event))
		return last_error();
	return event.event_type == GPIOD_LINE_EVENT_RISING_EDGE ? GPIO_EDGE_RISING : GPIO_EDGE_FALLING;
}
