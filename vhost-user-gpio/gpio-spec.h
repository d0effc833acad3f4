/* SPDX-License-Identifier: MIT */
/*
 * The text of --lines: which lines of which chips, in which order, under which
 * names, and how they are wired. Knows no chip: names are looked up later.
 *
 *	LINES := ENTRY[,ENTRY]...
 *	ENTRY := [CHIP:]LINE[=NAME][/FLAG]...
 *	CHIP  := number of a --chip option, from 0 (the default)
 *	LINE  := OFFSET | OFFSET-OFFSET | name of a line
 *	FLAG  := ro | active-low | pull-up | pull-down | pull-none | open-drain |
 *		 open-source | debounce=N(us|ms) | safe=0 | safe=1 | keep
 */
#ifndef GPIO_SPEC_H
#define GPIO_SPEC_H

#include <stddef.h>

#include "gpio-chip.h"

#define GPIO_NAME_SIZE 32 /* with its NUL, as the kernel's own names */

enum gpio_on_release {
	GPIO_RELEASE, /* as it comes: what the chip's driver does with a line that nobody has */
	GPIO_RELEASE_SAFE_0, /* drive this value, then release */
	GPIO_RELEASE_SAFE_1,
	GPIO_RELEASE_NOT, /* not before this program ends */
};

/**
 * struct gpio_spec - one entry
 * @chip: number of the --chip option
 * @line: name of the line; empty: the offsets @first to @last
 * @name: what the driver is to call it; empty: as the chip does
 * @read_only: the driver may look but not drive
 */
struct gpio_spec {
	unsigned int chip;
	char line[GPIO_NAME_SIZE];
	unsigned int first;
	unsigned int last;
	char name[GPIO_NAME_SIZE];
	bool read_only;
	enum gpio_on_release on_release;
	struct gpio_wiring wiring;
};

#define GPIO_MAX_LINES 1024 /* of one device */

/**
 * gpio_spec_parse - read the text of --lines
 * @specs: the entries; free() them
 * @error: a sentence without its full stop, filled in unless 0 is returned
 *
 * Returns 0, -EINVAL or -ENOMEM.
 */
int gpio_spec_parse(const char *text, struct gpio_spec **specs, size_t *count, char *error, size_t size);

#endif /* GPIO_SPEC_H */
