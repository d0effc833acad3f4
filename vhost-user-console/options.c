// SPDX-License-Identifier: MIT
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "ports.h"

enum {
	OPT_PORT = 0x2000,
	OPT_CONFIG,
	OPT_MAX_PORTS,
	OPT_RESIZE_ORDER,
	OPT_STATE,
	OPT_CHECK,
};

static const struct argp_option options[] = {
	{ "port", OPT_PORT, "PORT", 0,
		"A port: [name=NAME,]backend=pty|unix|tcp|file|stdio[,...]; several times for several ports", 0 },
	{ "config", OPT_CONFIG, "FILE", 0, "More ports, one a line; read again on SIGHUP", 0 },
	{ "max-ports", OPT_MAX_PORTS, "N", 0, "How many ports there may be at a time", 0 },
	{ "resize-order", OPT_RESIZE_ORDER, "ORDER", 0,
		"In which order the driver reads a window's size: auto (the default), spec or linux", 1 },
	{ "state", OPT_STATE, "FILE", 0, "Where to remember which ports the driver has open", 1 },
	{ "check", OPT_CHECK, NULL, 0, "Only look whether --port and --config make sense", 2 },
	{ 0 },
};

static void add_port(struct console_options *opts, struct argp_state *state, const char *arg)
{
	char error[256];

	if (opts->num_ports == CONTROL_MAX_PORTS)
		argp_error(state, "more than %d ports", CONTROL_MAX_PORTS);
	else if (port_spec_parse(arg, &opts->ports[opts->num_ports], error, sizeof(error)))
		argp_error(state, "--port=%s: %s", arg, error);
	else
		opts->num_ports++;
}

static void parse_max_ports(struct console_options *opts, struct argp_state *state, const char *arg)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (!*arg || *end || !n || n > CONTROL_MAX_PORTS)
		argp_error(state, "--max-ports=%s: give a number from 1 to %d", arg, CONTROL_MAX_PORTS);
	opts->max_ports = (unsigned int)n;
}

static void parse_order(struct console_options *opts, struct argp_state *state, const char *arg)
{
	static const char *const names[] = { "auto", "spec", "linux" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(arg, names[i])) {
			opts->order = i;
			return;
		}
	}
	argp_error(state, "--resize-order=%s: choose auto, spec or linux", arg);
}

static void finish(const struct console_options *opts, struct argp_state *state, bool check)
{
	unsigned int terminals = 0;

	for (unsigned int i = 0; i < opts->num_ports; i++)
		terminals += opts->ports[i].backend == PORT_STDIO;
	if (!opts->num_ports && !opts->config)
		argp_error(state, "give a port, for example --port name=login,backend=pty, or --config");
	else if (terminals > 1)
		argp_error(state, "there is one standard input: only one port can have it");
	else if (check)
		exit(opts->config && ports_check_config(opts->config, opts->max_ports) ? EXIT_FAILURE : EXIT_SUCCESS);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct console_options *opts = state->input;

	switch (key) {
	case OPT_PORT: add_port(opts, state, arg); return 0;
	case OPT_CONFIG: opts->config = arg; return 0;
	case OPT_MAX_PORTS: parse_max_ports(opts, state, arg); return 0;
	case OPT_RESIZE_ORDER: parse_order(opts, state, arg); return 0;
	case OPT_STATE: opts->state = arg; return 0;
	case OPT_CHECK: state->hook = opts; return 0;
	case ARGP_KEY_END: finish(opts, state, state->hook); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp console_argp = { .options = options, .parser = parse_option };
