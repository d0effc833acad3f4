// SPDX-License-Identifier: MIT
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BITRATE    20000000
#define MAX_RESTART_MS 3600000
#define MAX_ACK_MS     60000
#define ACK_TIMEOUT_MS 1000

enum {
	OPT_INTERFACE = 0x2000,
	OPT_CAN_FD,
	OPT_FD_BRS,
	OPT_FILTER,
	OPT_ACK_TIMEOUT,
	OPT_LINK,
	OPT_BITRATE,
	OPT_DBITRATE,
	OPT_RESTART_MS,
};

static const struct argp_option options[] = {
	{ "interface", OPT_INTERFACE, "NAME[=PATH]", 0,
		"CAN interface; PATH is its socket. Several times with PATH: one device and one process each", 0 },
	{ "can-fd", OPT_CAN_FD, "auto|on|off", 0,
		"Offer CAN FD frames (auto: if the interface takes them when the daemon starts)", 0 },
	{ "fd-brs", OPT_FD_BRS, NULL, 0, "Send FD frames with the faster bit rate", 0 },
	{ "filter", OPT_FILTER, "LIST", 0,
		"Pass these frames only to the driver: ID:MASK, ID~MASK, j, as candump has them", 0 },
	{ "ack-timeout", OPT_ACK_TIMEOUT, "MS", 0,
		"Acknowledge a frame at the latest after that time, on the bus or not (1000)", 0 },
	{ "link", OPT_LINK, NULL, 0, "Set the interface up and down as the driver does with its own", 1 },
	{ "bitrate", OPT_BITRATE, "BPS", 0, "Set this bit rate before; implies --link, as do the next two", 1 },
	{ "dbitrate", OPT_DBITRATE, "BPS", 0, "Set this bit rate for the data of FD frames, and switch FD on", 1 },
	{ "restart-ms", OPT_RESTART_MS, "MS", 0, "Let the kernel restart the interface so long after bus-off", 1 },
	{ 0 },
};

void can_options_init(struct can_options *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->ack_timeout_ms = ACK_TIMEOUT_MS;
	opts->port.settings.restart_ms = -1;
}

static uint32_t parse_number(struct argp_state *state, const char *option, const char *arg, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(arg, &end, 10);
	if (errno || end == arg || *end || value < min || value > max)
		argp_error(state, "--%s=%s: give a number from %ld to %ld", option, arg, min, max);
	return (uint32_t)value;
}

static void add_interface(struct can_options *opts, struct argp_state *state, const char *arg)
{
	size_t len = strcspn(arg, "=");

	if (!len || len >= IF_NAMESIZE || memchr(arg, '/', len))
		argp_error(state, "--interface=%s: the name of a network interface has 1 to %d letters, none of them /",
			arg, IF_NAMESIZE - 1);
	else if (opts->num_interfaces == CAN_MAX_INTERFACES)
		argp_error(state, "more than %d interfaces", CAN_MAX_INTERFACES);
	else
		opts->interfaces[opts->num_interfaces++] = arg;
}

static void parse_fd(struct can_options *opts, struct argp_state *state, const char *arg)
{
	if (!strcmp(arg, "auto"))
		opts->fd = CAN_FD_AUTO;
	else if (!strcmp(arg, "on"))
		opts->fd = CAN_FD_ON;
	else if (!strcmp(arg, "off"))
		opts->fd = CAN_FD_OFF;
	else
		argp_error(state, "--can-fd=%s: choose auto, on or off", arg);
}

static void add_filters(struct can_options *opts, struct argp_state *state, const char *arg)
{
	char error[160];

	if (can_filters_parse(&opts->filters, arg, error, sizeof(error)))
		argp_error(state, "--filter=%s: %s", arg, error);
}

static void finish(struct can_options *opts, struct argp_state *state)
{
	struct can_link_settings *settings = &opts->port.settings;

	if (!opts->num_interfaces) {
		argp_error(state,
			"--interface is missing: give a CAN interface; 'ip link show type can' shows what there is");
		return;
	}
	if (settings->data_bitrate && !settings->bitrate)
		argp_error(state, "--dbitrate needs --bitrate, the rate for the beginning of each frame");
	settings->fd = settings->data_bitrate != 0;
	if (settings->fd && opts->fd == CAN_FD_AUTO)
		opts->fd = CAN_FD_ON;
	if (opts->num_interfaces > 1 || strchr(opts->interfaces[0], '='))
		argp_error(state,
			"give each of several interfaces its socket, as in --interface=can0=/run/can0.sock, and no other one");
	opts->port.manage |= can_link_has_settings(settings);
	opts->port.name = opts->interfaces[0];
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct can_options *opts = state->input;
	struct can_link_settings *settings = &opts->port.settings;

	switch (key) {
	case OPT_INTERFACE: add_interface(opts, state, arg); return 0;
	case OPT_CAN_FD: parse_fd(opts, state, arg); return 0;
	case OPT_FD_BRS: opts->brs = true; return 0;
	case OPT_FILTER: add_filters(opts, state, arg); return 0;
	case OPT_ACK_TIMEOUT: opts->ack_timeout_ms = parse_number(state, "ack-timeout", arg, 1, MAX_ACK_MS); return 0;
	case OPT_LINK: opts->port.manage = true; return 0;
	case OPT_BITRATE: settings->bitrate = parse_number(state, "bitrate", arg, 1, MAX_BITRATE); return 0;
	case OPT_DBITRATE: settings->data_bitrate = parse_number(state, "dbitrate", arg, 1, MAX_BITRATE); return 0;
	case OPT_RESTART_MS: settings->restart_ms = parse_number(state, "restart-ms", arg, 0, MAX_RESTART_MS); return 0;
	case ARGP_KEY_END: finish(opts, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp can_argp = { .options = options, .parser = parse_option };
