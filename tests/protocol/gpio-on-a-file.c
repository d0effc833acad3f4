// SPDX-License-Identifier: MIT
/* vhost-user-gpio with fake-gpio-chip.h on the other side of gpio-chip.h, for machines without a GPIO chip. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/protocol/fake-gpio-chip.h"
#include "vhost-user-gpio/gpio-device.h"

struct gpio_chip {
	struct fake_chip *fake;
	char path[FAKE_PATH - 16];
};

struct gpio_line {
	struct gpio_chip *chip;
	struct fake_line *fake;
	char fifo[FAKE_PATH];
	int fd;
};

int gpio_chip_open(const char *which, struct gpio_chip **result)
{
	struct gpio_chip *chip = calloc(1, sizeof(*chip));

	*result = NULL;
	if (!chip)
		return -ENOMEM;
	snprintf(chip->path, sizeof(chip->path), "%s", which);
	chip->fake = fake_chip_map(which);
	if (chip->fake && !chip->fake->unplugged) {
		*result = chip;
		return 0;
	}
	if (chip->fake)
		munmap(chip->fake, sizeof(*chip->fake));
	free(chip);
	return -ENOENT;
}

void gpio_chip_close(struct gpio_chip *chip)
{
	if (!chip)
		return;
	munmap(chip->fake, sizeof(*chip->fake));
	free(chip);
}

unsigned int gpio_chip_num_lines(const struct gpio_chip *chip)
{
	return FAKE_LINES;
}

void gpio_chip_label(const struct gpio_chip *chip, char label[GPIO_LABEL_SIZE])
{
	memcpy(label, chip->fake->label, GPIO_LABEL_SIZE);
}

int gpio_chip_line_info(struct gpio_chip *chip, unsigned int offset, struct gpio_line_info *info)
{
	const struct fake_line *fake = &chip->fake->lines[offset];

	if (chip->fake->unplugged)
		return -ENODEV;
	memcpy(info->name, fake->name, sizeof(info->name));
	info->output = fake->output;
	return 0;
}

static int open_fifo(struct gpio_line *line)
{
	if (mkfifo(line->fifo, 0600) && errno != EEXIST)
		return -errno;
	line->fd = open(line->fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return line->fd < 0 ? -errno : 0;
}

static void close_fifo(struct gpio_line *line)
{
	if (line->fd < 0)
		return;
	unlink(line->fifo);
	close(line->fd);
	line->fd = -1;
}

int gpio_line_change(struct gpio_line *line, const struct gpio_use *use)
{
	struct fake_line *fake = line->fake;
	int ret = 0;

	if (line->chip->fake->unplugged)
		return -ENODEV;
	if (use->edges && fake->refuse_edges)
		return -fake->refuse_edges;
	close_fifo(line);
	if (use->edges)
		ret = open_fifo(line);
	fake->edges = use->edges;
	if (use->output) {
		fake->driven = use->value ^ fake->active_low;
		fake->first = fake->driven;
	}
	fake->output = use->output;
	return ret;
}

int gpio_line_request(struct gpio_chip *chip, unsigned int offset, const char *consumer,
	const struct gpio_wiring *wiring, const struct gpio_use *use, struct gpio_line **result)
{
	struct fake_line *fake = &chip->fake->lines[offset];
	struct gpio_line *line;
	int ret;

	*result = NULL;
	if (fake->refuse || fake->requested)
		return fake->refuse ? -fake->refuse : -EBUSY;
	line = calloc(1, sizeof(*line));
	if (!line)
		return -ENOMEM;
	*line = (struct gpio_line) { .chip = chip, .fake = fake, .fd = -1 };
	fake_chip_fifo(line->fifo, chip->path, offset);
	fake->active_low = wiring->active_low;
	ret = gpio_line_change(line, use);
	if (ret) {
		free(line);
		return ret;
	}
	fake->requests++;
	fake->requested = true;
	*result = line;
	return 0;
}

void gpio_line_release(struct gpio_line *line)
{
	if (!line)
		return;
	close_fifo(line);
	line->fake->edges = 0;
	line->fake->requested = false;
	free(line);
}

int gpio_line_get(struct gpio_line *line)
{
	const struct fake_line *fake = line->fake;

	if (line->chip->fake->unplugged)
		return -ENODEV;
	return (fake->output ? fake->driven : fake->level) ^ fake->active_low;
}

int gpio_line_set(struct gpio_line *line, bool value)
{
	if (line->chip->fake->unplugged)
		return -ENODEV;
	line->fake->driven = value ^ line->fake->active_low;
	return 0;
}

int gpio_line_fd(const struct gpio_line *line)
{
	return line->fd;
}

int gpio_line_read_edge(struct gpio_line *line)
{
	uint8_t edge;

	if (read(line->fd, &edge, 1) != 1)
		return line->chip->fake->unplugged ? -ENODEV : -EAGAIN;
	return edge ? edge : -ENODEV;
}

int main(int argc, char **argv)
{
	return vhu_daemon_main(&gpio_type, argc, argv);
}
