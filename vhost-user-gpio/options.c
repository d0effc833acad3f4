// SPDX-License-Identifier: MIT
#include "options.h"

#include <stdio.h>
#include <stdlib.h>

#define CONSUMER "vhost-user-gpio"

enum {
	OPT_CHIP = 0x2000,
	OPT_LINES,
	OPT_READ_ONLY,
	OPT_CONSUMER,
	OPT_PRINT_LINES,
	OPT_STATE,
};

static const struct argp_option options[] = {
	{ "chip", OPT_CHIP, "CHIP", 0, "Path, name or label of a GPIO chip; several times for several chips", 0 },
	{ "lines", OPT_LINES, "LIST", 0,
		"Offer these lines, in this order, instead of all: [CHIP:]LINE[=NAME][/FLAG]..., separated by commas",
		0 },
	{ "read-only", OPT_READ_ONLY, NULL, 0, "Let the driver look at all lines, but drive none", 0 },
	{ "consumer", OPT_CONSUMER, "TEXT", 0, "Show this name for lines in use (" CONSUMER ")", 1 },
	{ "state", OPT_STATE, "FILE", 0,
		"Keep there what the driver has made of the lines, for the next program after a crash or a restart",
		1 },
	{ "print-lines", OPT_PRINT_LINES, NULL, 0, "Print the lines that would be offered, and end", 2 },
	{ 0 },
};

static int print_lines(const struct gpio_options *opts)
{
	struct gpio_lines lines;
	int output = 0, ret;

	ret = gpio_lines_open(&lines, opts->chips, opts->num_chips, opts->lines, opts->consumer);
	for (unsigned int i = 0; !ret && i < lines.count; i++) {
		const struct gpio_slot *slot = &lines.slots[i];

		output = gpio_slot_is_output(slot);
		printf("%3u  %-31s line %u, now %s%s%s\n", i, slot->name[0] ? slot->name : "(no name)", slot->offset,
			output < 0	 ? "unknown"
				: output ? "an output"
					 : "an input",
			slot->wiring.active_low ? ", active low" : "",
			slot->read_only || opts->read_only ? ", read only" : "");
	}
	gpio_lines_close(&lines);
	return ret;
}

static void finish(struct gpio_options *opts, struct argp_state *state)
{
	if (!opts->num_chips)
		argp_error(state, "--chip is missing: give a GPIO chip; gpiodetect shows what there is");
	if (!opts->consumer)
		opts->consumer = CONSUMER;
	if (opts->print_lines)
		exit(print_lines(opts) ? EXIT_FAILURE : EXIT_SUCCESS);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct gpio_options *opts = state->input;

	switch (key) {
	case OPT_CHIP:
		if (opts->num_chips == GPIO_MAX_CHIPS)
			argp_error(state, "more than %d chips", GPIO_MAX_CHIPS);
		else
			opts->chips[opts->num_chips++] = arg;
		return 0;
	case OPT_LINES: opts->lines = arg; return 0;
	case OPT_READ_ONLY: opts->read_only = true; return 0;
	case OPT_CONSUMER: opts->consumer = arg; return 0;
	case OPT_STATE: opts->state = arg; return 0;
	case OPT_PRINT_LINES: opts->print_lines = true; return 0;
	case ARGP_KEY_END: finish(opts, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp gpio_argp = { .options = options, .parser = parse_option };
