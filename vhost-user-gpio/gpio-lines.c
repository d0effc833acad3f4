// SPDX-License-Identifier: MIT
#include "gpio-lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static int open_board(struct gpio_board *board, const char *which)
{
	int ret = gpio_chip_open(which, &board->chip);

	if (ret)
		return ret;
	board->which = which;
	board->num_lines = gpio_chip_num_lines(board->chip);
	gpio_chip_label(board->chip, board->label);
	return 0;
}

static const char *why_not_open(int err)
{
	switch (err) {
	case -ENOENT: return "there is none of this path, name or label";
	case -ENOTUNIQ: return "several have this label, so its path or name has to say which";
	default: return strerror(-err);
	}
}

static int open_boards(struct gpio_lines *lines, const char *const *chips, unsigned int num_chips)
{
	int ret;

	for (unsigned int i = 0; i < num_chips; i++) {
		ret = open_board(&lines->boards[i], chips[i]);
		if (ret) {
			vhu_err("cannot open the GPIO chip \"%s\": %s; gpiodetect shows what there is", chips[i],
				why_not_open(ret));
			return ret;
		}
		lines->num_boards++;
	}
	return 0;
}

static int add_line(struct gpio_lines *lines, const struct gpio_spec *spec, unsigned int offset)
{
	struct gpio_board *board = &lines->boards[spec->chip];
	struct gpio_slot *slot = &lines->slots[lines->count];
	struct gpio_line_info info;
	int ret;

	if (lines->count == GPIO_MAX_LINES) {
		vhu_err("more than %d lines; choose some with --lines", GPIO_MAX_LINES);
		return -E2BIG;
	}
	for (unsigned int i = 0; i < lines->count; i++) {
		if (lines->slots[i].board == board && lines->slots[i].offset == offset) {
			vhu_err("--lines: line %u of chip %u is there twice", offset, spec->chip);
			return -EINVAL;
		}
	}
	ret = gpio_chip_line_info(board->chip, offset, &info);
	if (ret) {
		vhu_err("cannot ask for line %u of chip %u: %s", offset, spec->chip, strerror(-ret));
		return ret;
	}
	slot->board = board;
	slot->offset = offset;
	slot->read_only = spec->read_only;
	slot->on_release = spec->on_release;
	slot->wiring = spec->wiring;
	snprintf(slot->name, sizeof(slot->name), "%s", spec->name[0] ? spec->name : info.name);
	lines->count++;
	return 0;
}

static int add_named(struct gpio_lines *lines, const struct gpio_spec *spec)
{
	const struct gpio_board *board = &lines->boards[spec->chip];
	struct gpio_line_info info;

	for (unsigned int offset = 0; offset < board->num_lines; offset++) {
		if (!gpio_chip_line_info(board->chip, offset, &info) && !strcmp(info.name, spec->line))
			return add_line(lines, spec, offset);
	}
	vhu_err("--lines: chip %u has no line \"%s\"; gpioinfo shows their names", spec->chip, spec->line);
	return -ENOENT;
}

static int add_spec(struct gpio_lines *lines, const struct gpio_spec *spec)
{
	int ret = 0;

	if (spec->chip >= lines->num_boards) {
		vhu_err("--lines: there is no chip %u; the first --chip is 0", spec->chip);
		return -EINVAL;
	}
	if (spec->line[0])
		return add_named(lines, spec);
	if (spec->last >= lines->boards[spec->chip].num_lines) {
		vhu_err("--lines: chip %u has no line %u, its last one is %u", spec->chip, spec->last,
			lines->boards[spec->chip].num_lines - 1);
		return -EINVAL;
	}
	for (unsigned int offset = spec->first; !ret && offset <= spec->last; offset++)
		ret = add_line(lines, spec, offset);
	return ret;
}

static int add_all(struct gpio_lines *lines)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < lines->num_boards; i++) {
		struct gpio_spec all = { .chip = i, .last = lines->boards[i].num_lines - 1 };

		ret = add_spec(lines, &all);
	}
	return ret;
}

static int add_text(struct gpio_lines *lines, const char *text)
{
	struct gpio_spec *specs;
	char error[256];
	size_t count;
	int ret;

	ret = gpio_spec_parse(text, &specs, &count, error, sizeof(error));
	if (ret) {
		vhu_err("--lines: %s", error);
		return ret;
	}
	for (size_t i = 0; !ret && i < count; i++)
		ret = add_spec(lines, &specs[i]);
	free(specs);
	return ret;
}

int gpio_lines_open(struct gpio_lines *lines, const char *const *chips, unsigned int num_chips, const char *text,
	const char *consumer)
{
	int ret;

	memset(lines, 0, sizeof(*lines));
	lines->consumer = consumer;
	lines->slots = calloc(GPIO_MAX_LINES, sizeof(*lines->slots));
	if (!lines->slots)
		return -ENOMEM;
	ret = open_boards(lines, chips, num_chips);
	if (ret)
		return ret;
	return text ? add_text(lines, text) : add_all(lines);
}

void gpio_lines_close(struct gpio_lines *lines)
{
	for (unsigned int i = 0; i < lines->num_boards; i++) {
		if (lines->boards[i].gone)
			gpio_board_close(lines, &lines->boards[i]);
	}
	for (unsigned int i = 0; i < lines->count; i++) {
		if (lines->slots[i].on_release == GPIO_RELEASE_NOT)
			lines->slots[i].on_release = GPIO_RELEASE;
		gpio_slot_release(&lines->slots[i]);
	}
	for (unsigned int i = 0; i < lines->num_boards; i++)
		gpio_chip_close(lines->boards[i].chip);
	free(lines->slots);
	memset(lines, 0, sizeof(*lines));
}

uint32_t gpio_lines_names(const struct gpio_lines *lines, char *buf, size_t size)
{
	bool named = false;
	size_t used = 0;

	for (unsigned int i = 0; i < lines->count; i++) {
		const char *name = lines->slots[i].name;

		if (used + strlen(name) < size)
			memcpy(buf + used, name, strlen(name) + 1);
		used += strlen(name) + 1;
		named |= name[0];
	}
	return named ? (uint32_t)used : 0;
}

int gpio_slot_is_output(const struct gpio_slot *slot)
{
	struct gpio_line_info info;
	int ret;

	if (!slot->board->chip || slot->board->gone)
		return -ENODEV;
	if (slot->request)
		return slot->use.output;
	ret = gpio_chip_line_info(slot->board->chip, slot->offset, &info);
	return ret ? ret : info.output;
}

static int request(const struct gpio_lines *lines, struct gpio_slot *slot, const struct gpio_use *use)
{
	int ret;

	ret = gpio_line_request(slot->board->chip, slot->offset, lines->consumer, &slot->wiring, use, &slot->request);
	if (ret == -EBUSY)
		vhu_warn("line %u (%s) is in use by somebody else; gpioinfo shows by whom", slot->offset, slot->name);
	else if (ret == -EOPNOTSUPP && slot->wiring.debounce_us)
		vhu_warn("line %u (%s): debouncing needs libgpiod 2 and a chip that can", slot->offset, slot->name);
	else if (ret && ret != -ENODEV)
		vhu_warn("cannot take line %u (%s): %s", slot->offset, slot->name, strerror(-ret));
	return ret;
}

/* A change that fails may have cost the line what it was. */
static int change(const struct gpio_lines *lines, struct gpio_slot *slot, const struct gpio_use *use)
{
	struct gpio_use before = slot->use;
	int ret = gpio_line_change(slot->request, use);

	if (!ret)
		return 0;
	if (ret != -ENODEV)
		vhu_warn("cannot change line %u (%s): %s", slot->offset, slot->name, strerror(-ret));
	gpio_line_release(slot->request);
	slot->request = NULL;
	before.value = slot->value;
	request(lines, slot, &before);
	return ret;
}

int gpio_slot_use(const struct gpio_lines *lines, struct gpio_slot *slot, const struct gpio_use *use)
{
	int ret;

	if (use->output && slot->read_only)
		return -EPERM;
	if (!slot->board->chip || slot->board->gone)
		return -ENODEV;
	ret = slot->request ? change(lines, slot, use) : request(lines, slot, use);
	if (!ret)
		slot->use = *use;
	slot->in_use = slot->request;
	return ret;
}

void gpio_slot_release(struct gpio_slot *slot)
{
	bool safe = slot->on_release == GPIO_RELEASE_SAFE_1;

	slot->value = false;
	slot->in_use = false;
	if (!slot->request || slot->board->gone || (slot->use.output && slot->on_release == GPIO_RELEASE_NOT))
		return;
	if (slot->use.output && (safe || slot->on_release == GPIO_RELEASE_SAFE_0))
		gpio_line_set(slot->request, safe);
	gpio_line_release(slot->request);
	slot->request = NULL;
}

void gpio_board_close(struct gpio_lines *lines, struct gpio_board *board)
{
	for (unsigned int i = 0; i < lines->count; i++) {
		struct gpio_slot *slot = &lines->slots[i];

		if (slot->board != board)
			continue;
		gpio_line_release(slot->request);
		slot->request = NULL;
	}
	gpio_chip_close(board->chip);
	board->chip = NULL;
	board->gone = false;
}

int gpio_board_find(struct gpio_board *board)
{
	struct gpio_board found;

	if (open_board(&found, board->which))
		return -ENODEV;
	if (found.num_lines != board->num_lines || strcmp(found.label, board->label) != 0) {
		gpio_chip_close(found.chip);
		return -ENODEV;
	}
	board->chip = found.chip;
	return 0;
}
