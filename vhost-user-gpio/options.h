/* SPDX-License-Identifier: MIT */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "gpio-lines.h"

/* What the command line asks for; strings belong to it. */
struct gpio_options {
	const char *chips[GPIO_MAX_CHIPS];
	unsigned int num_chips;
	const char *lines; /* NULL: all */
	const char *consumer;
	const char *state; /* NULL: none */
	bool read_only;
	bool print_lines;
};

/* Parses into the struct gpio_options that is argp's input. --print-lines ends the program. */
extern const struct argp gpio_argp;

#endif /* OPTIONS_H */
