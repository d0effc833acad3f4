// SPDX-License-Identifier: MIT
#include "gpio-spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"

#define MAX_DEBOUNCE_US 10000000UL

static int parse_debounce(const char *value, uint32_t *us, const struct vhu_fault *fault)
{
	const char *unit = value;
	unsigned long n;

	if (vhu_take_number(&unit, MAX_DEBOUNCE_US, &n)) {
		if (!strcmp(unit, "ms"))
			n *= 1000;
		if ((!strcmp(unit, "ms") || !strcmp(unit, "us")) && n <= MAX_DEBOUNCE_US) {
			*us = (uint32_t)n;
			return 0;
		}
	}
	return vhu_refuse(fault, "debounce wants a time of at most 10 s such as 500us or 5ms, not \"%s\"", value);
}

static int parse_flag(struct gpio_spec *spec, const char *flag, const struct vhu_fault *fault)
{
	struct gpio_wiring *wiring = &spec->wiring;

	if (!strcmp(flag, "ro"))
		spec->read_only = true;
	else if (!strcmp(flag, "active-low"))
		wiring->active_low = true;
	else if (!strcmp(flag, "pull-up"))
		wiring->bias = GPIO_BIAS_PULL_UP;
	else if (!strcmp(flag, "pull-down"))
		wiring->bias = GPIO_BIAS_PULL_DOWN;
	else if (!strcmp(flag, "pull-none"))
		wiring->bias = GPIO_BIAS_NONE;
	else if (!strcmp(flag, "open-drain"))
		wiring->drive = GPIO_DRIVE_OPEN_DRAIN;
	else if (!strcmp(flag, "open-source"))
		wiring->drive = GPIO_DRIVE_OPEN_SOURCE;
	else if (!strcmp(flag, "safe=0"))
		spec->on_release = GPIO_RELEASE_SAFE_0;
	else if (!strcmp(flag, "safe=1"))
		spec->on_release = GPIO_RELEASE_SAFE_1;
	else if (!strcmp(flag, "keep"))
		spec->on_release = GPIO_RELEASE_NOT;
	else if (!strncmp(flag, "debounce=", strlen("debounce=")))
		return parse_debounce(flag + strlen("debounce="), &wiring->debounce_us, fault);
	else
		return vhu_refuse(fault,
			"\"%s\" is no flag; there are ro, active-low, pull-up, pull-down, pull-none, open-drain, "
			"open-source, debounce=TIME, safe=0, safe=1 and keep",
			flag);
	return 0;
}

static int copy_name(char *to, const char *from, const struct vhu_fault *fault)
{
	size_t size = strlen(from) + 1;

	if (size == 1 || size > GPIO_NAME_SIZE)
		return vhu_refuse(
			fault, "a line's name has 1 to %d characters, \"%s\" has not", GPIO_NAME_SIZE - 1, from);
	memcpy(to, from, size);
	return 0;
}

static int parse_line(struct gpio_spec *spec, const char *line, const struct vhu_fault *fault)
{
	unsigned long first, last;
	const char *end = line;

	/* Names may begin with a digit: only what is all number is an offset. */
	if (!vhu_take_number(&end, UINT16_MAX, &first))
		return copy_name(spec->line, line, fault);
	last = first;
	if (*end == '-') {
		end++;
		if (!vhu_take_number(&end, UINT16_MAX, &last))
			return copy_name(spec->line, line, fault);
	}
	if (*end)
		return copy_name(spec->line, line, fault);
	if (last < first)
		return vhu_refuse(fault, "\"%s\" is no range: its end comes before its beginning", line);
	spec->first = (unsigned int)first;
	spec->last = (unsigned int)last;
	return 0;
}

static int parse_entry(struct gpio_spec *spec, char *entry, const struct vhu_fault *fault)
{
	char *flags = strchr(entry, '/'), *name, *flag;
	const char *line = entry;
	unsigned long chip;
	int ret = 0;

	if (flags)
		*flags++ = '\0';
	name = strchr(entry, '=');
	if (name)
		*name++ = '\0';
	if (vhu_take_number(&line, UINT16_MAX, &chip) && *line == ':') {
		spec->chip = (unsigned int)chip;
		entry = (char *)line + 1;
	}
	ret = parse_line(spec, entry, fault);
	if (!ret && name)
		ret = copy_name(spec->name, name, fault);
	if (!ret && name && spec->first != spec->last)
		ret = vhu_refuse(fault, "the lines %s cannot all be called \"%s\"", entry, name);
	while (!ret && (flag = strsep(&flags, "/")))
		ret = parse_flag(spec, flag, fault);
	return ret;
}

int gpio_spec_parse(const char *text, struct gpio_spec **result, size_t *count, char *error, size_t size)
{
	const struct vhu_fault fault = { error, size };
	char *copy = strdup(text), *rest = copy, *entry;
	struct gpio_spec *specs;
	int ret = 0;

	*result = NULL;
	*count = 0;
	specs = calloc(GPIO_MAX_LINES, sizeof(*specs));
	if (!copy || !specs) {
		free(copy);
		free(specs);
		snprintf(error, size, "out of memory");
		return -ENOMEM;
	}
	while (!ret && (entry = strsep(&rest, ","))) {
		if (*count == GPIO_MAX_LINES)
			ret = vhu_refuse(&fault, "more than %d lines", GPIO_MAX_LINES);
		else
			ret = parse_entry(&specs[(*count)++], entry, &fault);
	}
	free(copy);
	if (ret)
		free(specs);
	else
		*result = specs;
	return ret;
}
