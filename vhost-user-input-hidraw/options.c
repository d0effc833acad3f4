// SPDX-License-Identifier: MIT
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_PANEL = 0x2000,
	OPT_SERIAL,
	OPT_HIDRAW,
	OPT_WAIT,
	OPT_RECORDING,
	OPT_NAME,
	OPT_NO_GRAB,
	OPT_ROTATE,
	OPT_MIRROR,
	OPT_CALIBRATION,
	OPT_SENSITIVITY,
	OPT_NO_CONTROL,
	OPT_PRINT_PANEL,
};

static const struct argp_option options[] = {
	{ "panel", OPT_PANEL, "VENDOR:PRODUCT", 0, "Take the panel with these USB ids (1b3d:14c9)", 0 },
	{ "serial", OPT_SERIAL, "TEXT", 0, "Take the panel with this serial number", 0 },
	{ "hidraw", OPT_HIDRAW, "NODE", 0, "Take the panel at this hidraw node, whatever its ids", 0 },
	{ "wait", OPT_WAIT, NULL, 0, "If the panel is not there, wait for it instead of failing", 0 },
	{ "recording", OPT_RECORDING, "FILE", 0,
		"Play this hid-recorder file to the first driver that comes, instead of reading a panel", 0 },
	{ "name", OPT_NAME, "TEXT", 0, "Give the device this name instead of the panel's own", 1 },
	{ "no-grab", OPT_NO_GRAB, NULL, 0,
		"Leave the panel's native event node to others; on the machine with the panel touches then arrive twice",
		1 },
	{ "calibration", OPT_CALIBRATION, "\"A B C D E F\"", 0,
		"Move touches by this matrix, x' = a x + b y + c, y' = d x + e y + f, from 0 to 1 each; applied first",
		1 },
	{ "mirror", OPT_MIRROR, "x|y|xy", 0, "Exchange left and right (x), top and bottom (y); applied next", 1 },
	{ "rotate", OPT_ROTATE, "0|90|180|270", 0, "Turn touches clockwise; applied last", 1 },
	{ "sensitivity", OPT_SENSITIVITY, "LEVEL", 0,
		"Set the panel to normal, high or extra whenever it is found at another level; this restarts it", 1 },
	{ "no-control", OPT_NO_CONTROL, NULL, 0, "Neither show the panel's sensitivity to the driver nor let it set it",
		1 },
	{ "print-panel", OPT_PRINT_PANEL, NULL, 0, "Print what is understood of the panel, and end", 2 },
	{ 0 },
};

void input_options_init(struct input_options *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->match.vendor = DEFAULT_VENDOR;
	opts->match.product = DEFAULT_PRODUCT;
	opts->sensitivity = LEVEL_NONE;
	transform_init(&opts->transform);
}

static void parse_ids(struct panel_match *match, const char *arg, struct argp_state *state)
{
	unsigned int vendor, product;
	int used = 0;

	if (sscanf(arg, "%4x:%4x%n", &vendor, &product, &used) != 2 || arg[used])
		argp_error(state, "--panel=%s: give vendor and product in hexadecimal, as 1b3d:14c9", arg);
	match->vendor = (uint16_t)vendor;
	match->product = (uint16_t)product;
}

static void parse_sensitivity(struct input_options *opts, const char *arg, struct argp_state *state)
{
	opts->sensitivity = htt_level_parse(arg);
	if (opts->sensitivity < 0)
		argp_error(state, "--sensitivity=%s: choose normal, high or extra", arg);
}

static void parse_transform(struct transform *transform, int key, const char *arg, struct argp_state *state)
{
	if (key == OPT_ROTATE && transform_parse_rotate(transform, arg))
		argp_error(state, "--rotate=%s: choose 0, 90, 180 or 270", arg);
	if (key == OPT_MIRROR && transform_parse_mirror(transform, arg))
		argp_error(state, "--mirror=%s: choose x, y or xy", arg);
	if (key == OPT_CALIBRATION && transform_parse_calibration(transform, arg))
		argp_error(state,
			"--calibration=%s: give six numbers of a matrix that has an inverse, as \"1 0 0 0 1 0\"", arg);
}

static void check(const struct input_options *opts, struct argp_state *state)
{
	if (opts->match.path && opts->match.serial)
		argp_error(state, "--hidraw and --serial exclude each other; give one of them");
	if (opts->recording && (opts->match.path || opts->match.serial || opts->wait))
		argp_error(state, "--recording takes no panel; leave --hidraw, --serial and --wait away");
	if (opts->recording && opts->sensitivity != LEVEL_NONE)
		argp_error(state, "--recording has no sensitivity to set; leave --sensitivity away");
	if (opts->name && strlen(opts->name) > INPUT_CONFIG_STRING)
		argp_error(state, "--name: virtio-input has room for %d bytes", INPUT_CONFIG_STRING);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct input_options *opts = state->input;

	switch (key) {
	case OPT_PANEL: parse_ids(&opts->match, arg, state); return 0;
	case OPT_SERIAL: opts->match.serial = arg; return 0;
	case OPT_HIDRAW: opts->match.path = arg; return 0;
	case OPT_WAIT: opts->wait = true; return 0;
	case OPT_RECORDING: opts->recording = arg; return 0;
	case OPT_NAME: opts->name = arg; return 0;
	case OPT_NO_GRAB: opts->no_grab = true; return 0;
	case OPT_ROTATE:
	case OPT_MIRROR:
	case OPT_CALIBRATION: parse_transform(&opts->transform, key, arg, state); return 0;
	case OPT_SENSITIVITY: parse_sensitivity(opts, arg, state); return 0;
	case OPT_NO_CONTROL: opts->no_control = true; return 0;
	case OPT_PRINT_PANEL: opts->print_panel = true; return 0;
	case ARGP_KEY_END:
		check(opts, state);
		if (opts->print_panel)
			exit(input_print_panel(opts) ? EXIT_FAILURE : EXIT_SUCCESS);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp input_argp = { .options = options, .parser = parse_option };
