// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

#include "gpio-state.h"
#include "log.h"

#define LOOK_USEC 1000000 /* so often for a chip that was unplugged */

static void look_later(struct gpio_dev *gpio);

static void resume_board(struct gpio_dev *gpio, const struct gpio_board *board)
{
	vhu_info("the GPIO chip \"%s\" is back", board->which);
	for (unsigned int i = 0; i < gpio->lines.count; i++) {
		if (gpio->watched[i].slot->board == board)
			gpio_watch_resume(&gpio->watched[i]);
	}
}

static void look(struct gpio_dev *gpio)
{
	bool missing = false;

	for (unsigned int i = 0; i < gpio->lines.num_boards; i++) {
		struct gpio_board *board = &gpio->lines.boards[i];

		if (board->chip)
			missing |= board->gone;
		else if (gpio_board_find(board))
			missing = true;
		else
			resume_board(gpio, board);
	}
	if (missing)
		look_later(gpio);
}

static int on_look(sd_event_source *source, uint64_t usec, void *data)
{
	struct gpio_dev *gpio = data;

	gpio->look = sd_event_source_disable_unref(gpio->look);
	/*
	 * Not as soon as they are gone: a line with interrupts that is closed while the kernel still
	 * takes its chip apart ends in a WARNING of free_irq(), Linux 6.12.
	 */
	for (unsigned int i = 0; i < gpio->lines.num_boards; i++) {
		if (gpio->lines.boards[i].gone)
			gpio_board_close(&gpio->lines, &gpio->lines.boards[i]);
	}
	look(gpio);
	return 0;
}

/* For chips that inotify does not tell of, or whose node is there before it may be opened. */
static void look_later(struct gpio_dev *gpio)
{
	int ret;

	if (gpio->look)
		return;
	ret = sd_event_add_time_relative(
		vhu_dev_event(gpio->dev), &gpio->look, CLOCK_MONOTONIC, LOOK_USEC, 0, on_look, gpio);
	if (ret < 0)
		vhu_warn("cannot look for the chip: restart the program when it is back");
}

/* A line that cannot interrupt says -ENODEV as well, so the chip itself is asked. */
bool gpio_plug_lost(struct gpio_dev *gpio, struct gpio_board *board)
{
	struct gpio_line_info info;

	if (!board->chip || board->gone)
		return true;
	if (gpio_chip_line_info(board->chip, 0, &info) != -ENODEV)
		return false;
	vhu_warn("the GPIO chip \"%s\" was unplugged; its lines fail until it is back", board->which);
	for (unsigned int i = 0; i < gpio->lines.count; i++) {
		if (gpio->watched[i].slot->board == board)
			gpio_watch_stop(&gpio->watched[i]);
	}
	board->gone = true;
	look_later(gpio);
	return true;
}

static int on_node(sd_event_source *source, const struct inotify_event *event, void *data)
{
	struct gpio_dev *gpio = data;

	if (!event->len || strncmp(event->name, "gpiochip", strlen("gpiochip")) != 0)
		return 0;
	for (unsigned int i = 0; i < gpio->lines.num_boards; i++)
		gpio_plug_lost(gpio, &gpio->lines.boards[i]);
	look(gpio);
	return 0;
}

/* A line that is only driven has nothing that would tell when its chip goes. */
void gpio_plug_watch(struct gpio_dev *gpio)
{
	int ret = sd_event_add_inotify(
		vhu_dev_event(gpio->dev), &gpio->nodes, "/dev", IN_CREATE | IN_DELETE | IN_ATTRIB, on_node, gpio);

	if (ret < 0)
		vhu_warn("cannot watch /dev (%s): that a chip is unplugged is noticed when a line is used next",
			strerror(-ret));
}
