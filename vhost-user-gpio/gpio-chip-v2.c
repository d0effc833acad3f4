// SPDX-License-Identifier: MIT
/* libgpiod 2.x. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpio-chip.h"

struct gpio_chip {
	struct gpiod_chip *chip;
	unsigned int num_lines;
	char label[GPIO_LABEL_SIZE];
};

struct gpio_line {
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *events;
	struct gpio_wiring wiring;
	unsigned int offset;
	unsigned int edges;
};

static int last_error(void)
{
	return errno ? -errno : -EIO;
}

static bool has_label(struct gpiod_chip *chip, const char *label)
{
	struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
	bool same = info && strcmp(gpiod_chip_info_get_label(info), label) == 0;

	gpiod_chip_info_free(info);
	return same;
}

static int chip_filter(const struct dirent *entry)
{
	return strncmp(entry->d_name, "gpiochip", 8) == 0;
}

/* The library opens paths only, so the search for a label is ours. */
static int open_label(const char *label, struct gpiod_chip **result)
{
	struct dirent **entries;
	char path[sizeof("/dev/") + sizeof(entries[0]->d_name)];
	int i, count, ret = -ENOENT;

	count = scandir("/dev", &entries, chip_filter, alphasort);
	if (count < 0)
		return -errno;
	for (i = 0; i < count; i++) {
		struct gpiod_chip *chip = NULL;

		snprintf(path, sizeof(path), "/dev/%s", entries[i]->d_name);
		free(entries[i]);
		if (gpiod_is_gpiochip_device(path))
			chip = gpiod_chip_open(path);
		if (!chip)
			continue;
		if (!has_label(chip, label) || ret != -ENOENT) {
			if (has_label(chip, label))
				ret = -ENOTUNIQ;
			gpiod_chip_close(chip);
			continue;
		}
		*result = chip;
		ret = 0;
	}
	free(entries);
	if (ret == -ENOTUNIQ)
		gpiod_chip_close(*result);
	return ret;
}

static int open_any(const char *which, struct gpiod_chip **chip)
{
	char path[64];

	snprintf(path, sizeof(path), "%s%s", strchr(which, '/') ? "" : "/dev/", which);
	if (strlen(which) >= sizeof(path) - sizeof("/dev/") || !gpiod_is_gpiochip_device(path))
		return strchr(which, '/') ? -ENOENT : open_label(which, chip);
	*chip = gpiod_chip_open(path);
	return *chip ? 0 : last_error();
}

int gpio_chip_open(const char *which, struct gpio_chip **result)
{
	struct gpio_chip *chip = calloc(1, sizeof(*chip));
	struct gpiod_chip_info *info = NULL;
	int ret = -ENOMEM;

	*result = NULL;
	if (!chip)
		return ret;
	ret = open_any(which, &chip->chip);
	if (!ret) {
		info = gpiod_chip_get_info(chip->chip);
		ret = info ? 0 : last_error();
		if (ret)
			gpiod_chip_close(chip->chip);
	}
	if (ret) {
		free(chip);
		return ret;
	}
	chip->num_lines = (unsigned int)gpiod_chip_info_get_num_lines(info);
	snprintf(chip->label, sizeof(chip->label), "%s", gpiod_chip_info_get_label(info));
	gpiod_chip_info_free(info);
	*result = chip;
	return 0;
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
	return chip->num_lines;
}

void gpio_chip_label(const struct gpio_chip *chip, char label[GPIO_LABEL_SIZE])
{
	memcpy(label, chip->label, GPIO_LABEL_SIZE);
}

int gpio_chip_line_info(struct gpio_chip *chip, unsigned int offset, struct gpio_line_info *info)
{
	struct gpiod_line_info *found = gpiod_chip_get_line_info(chip->chip, offset);
	const char *name;

	if (!found)
		return last_error();
	name = gpiod_line_info_get_name(found);
	snprintf(info->name, sizeof(info->name), "%s", name ? name : "");
	info->output = gpiod_line_info_get_direction(found) == GPIOD_LINE_DIRECTION_OUTPUT;
	gpiod_line_info_free(found);
	return 0;
}

static enum gpiod_line_edge edges_of(unsigned int edges)
{
	switch (edges) {
	case 0: return GPIOD_LINE_EDGE_NONE;
	case GPIO_EDGE_RISING: return GPIOD_LINE_EDGE_RISING;
	case GPIO_EDGE_FALLING: return GPIOD_LINE_EDGE_FALLING;
	default: return GPIOD_LINE_EDGE_BOTH;
	}
}

static struct gpiod_line_settings *settings_of(const struct gpio_wiring *wiring, const struct gpio_use *use)
{
	static const enum gpiod_line_bias bias[] = {
		[GPIO_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
		[GPIO_BIAS_NONE] = GPIOD_LINE_BIAS_DISABLED,
		[GPIO_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
		[GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
	};
	static const enum gpiod_line_drive drive[] = {
		[GPIO_DRIVE_PUSH_PULL] = GPIOD_LINE_DRIVE_PUSH_PULL,
		[GPIO_DRIVE_OPEN_DRAIN] = GPIOD_LINE_DRIVE_OPEN_DRAIN,
		[GPIO_DRIVE_OPEN_SOURCE] = GPIOD_LINE_DRIVE_OPEN_SOURCE,
	};
	struct gpiod_line_settings *settings = gpiod_line_settings_new();

	if (!settings)
		return NULL;
	gpiod_line_settings_set_direction(
		settings, use->output ? GPIOD_LINE_DIRECTION_OUTPUT : GPIOD_LINE_DIRECTION_INPUT);
	gpiod_line_settings_set_active_low(settings, wiring->active_low);
	gpiod_line_settings_set_bias(settings, bias[wiring->bias]);
	/* The kernel refuses a drive for an input, and edges or debouncing for an output. */
	if (use->output) {
		gpiod_line_settings_set_drive(settings, drive[wiring->drive]);
		gpiod_line_settings_set_output_value(
			settings, use->value ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
	} else {
		gpiod_line_settings_set_edge_detection(settings, edges_of(use->edges));
		gpiod_line_settings_set_debounce_period_us(settings, wiring->debounce_us);
	}
	return settings;
}

static struct gpiod_line_config *config_of(
	unsigned int offset, const struct gpio_wiring *wiring, const struct gpio_use *use)
{
	struct gpiod_line_settings *settings = settings_of(wiring, use);
	struct gpiod_line_config *config = gpiod_line_config_new();

	if (!settings || !config || gpiod_line_config_add_line_settings(config, &offset, 1, settings)) {
		gpiod_line_config_free(config);
		config = NULL;
	}
	gpiod_line_settings_free(settings);
	return config;
}

int gpio_line_request(struct gpio_chip *chip, unsigned int offset, const char *consumer,
	const struct gpio_wiring *wiring, const struct gpio_use *use, struct gpio_line **result)
{
	struct gpiod_request_config *request = gpiod_request_config_new();
	struct gpiod_line_config *config = config_of(offset, wiring, use);
	struct gpio_line *line = calloc(1, sizeof(*line));
	int ret = -ENOMEM;

	*result = NULL;
	if (!request || !config || !line)
		goto out;
	gpiod_request_config_set_consumer(request, consumer);
	line->offset = offset;
	line->wiring = *wiring;
	line->edges = use->edges;
	line->events = gpiod_edge_event_buffer_new(1);
	if (!line->events)
		goto out;
	line->request = gpiod_chip_request_lines(chip->chip, request, config);
	ret = line->request ? 0 : last_error();
out:
	gpiod_request_config_free(request);
	gpiod_line_config_free(config);
	if (!ret) {
		*result = line;
	} else if (line) {
		gpiod_edge_event_buffer_free(line->events);
		free(line);
	}
	return ret;
}

void gpio_line_release(struct gpio_line *line)
{
	if (!line)
		return;
	gpiod_line_request_release(line->request);
	gpiod_edge_event_buffer_free(line->events);
	free(line);
}

int gpio_line_change(struct gpio_line *line, const struct gpio_use *use)
{
	struct gpiod_line_config *config = config_of(line->offset, &line->wiring, use);
	int ret;

	if (!config)
		return -ENOMEM;
	ret = gpiod_line_request_reconfigure_lines(line->request, config) ? last_error() : 0;
	gpiod_line_config_free(config);
	if (ret)
		return ret;
	line->edges = use->edges;
	/* Edges that wait are of the use before: they must not be taken for those of the next one. */
	while (!use->edges && gpio_line_read_edge(line) > 0)
		;
	return 0;
}

int gpio_line_get(struct gpio_line *line)
{
	enum gpiod_line_value value = gpiod_line_request_get_value(line->request, line->offset);

	return value == GPIOD_LINE_VALUE_ERROR ? last_error() : value == GPIOD_LINE_VALUE_ACTIVE;
}

int gpio_line_set(struct gpio_line *line, bool value)
{
	enum gpiod_line_value level = value ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;

	return gpiod_line_request_set_value(line->request, line->offset, level) ? last_error() : 0;
}

int gpio_line_fd(const struct gpio_line *line)
{
	return line->edges ? gpiod_line_request_get_fd(line->request) : -1;
}

int gpio_line_read_edge(struct gpio_line *line)
{
	struct pollfd poll_fd = { .fd = gpiod_line_request_get_fd(line->request), .events = POLLIN };
	struct gpiod_edge_event *event;

	/* The library reads until it has one event, whatever the descriptor's flags. */
	if (poll(&poll_fd, 1, 0) < 1 || !(poll_fd.revents & POLLIN))
		return poll_fd.revents & (POLLHUP | POLLERR) ? -ENODEV : -EAGAIN;
	if (gpiod_line_request_read_edge_events(line->request, line->events, 1) < 1)
		return last_error();
	event = gpiod_edge_event_buffer_get_event(line->events, 0);
	return gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE ? GPIO_EDGE_RISING
										      : GPIO_EDGE_FALLING;
}
