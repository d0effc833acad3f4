// SPDX-License-Identifier: MIT
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <virtio_loopback.h>

#include "adapter/display/display.h"
#include "adapter/options.h"
#include "log.h"

#define BOUNCE_UNIT 65536UL

enum {
	OPT_DEVICE = 256,
	OPT_SOCKET,
	OPT_NAME,
	OPT_CONTROL,
	OPT_WAIT,
	OPT_GRACE,
	OPT_DEADLINE,
	OPT_STALL,
	OPT_DEVICE_ID,
	OPT_NUM_QUEUES,
	OPT_QUEUE_SIZE,
	OPT_CONFIG_SIZE,
	OPT_BOUNCE,
	OPT_NO_INDIRECT,
	OPT_RESUMABLE,
	OPT_FS_TAG,
	OPT_MAC,
	OPT_MTU,
	OPT_SCREEN,
	OPT_LOG_LEVEL,
	OPT_LIST,
	OPT_VERSION,
};

/* What cannot be put into struct options before the last argument was seen; LONG_MIN: not given. */
struct parser {
	struct options *opt;
	const char *device;
	long device_id;
	long num_queues;
	long queue_size;
	long config_size;
	unsigned long bounce_size;
	bool resumable;
};

static const struct argp_option argp_options[] = {
	{ NULL, 0, NULL, 0, "The device:", 1 },
	{ "device", OPT_DEVICE, "TYPE", 0, "Type of the device, see --list-devices", 0 },
	{ "socket-path", OPT_SOCKET, "PATH", 0, "UNIX socket on which its vhost-user daemon listens", 0 },
	{ "name", OPT_NAME, "NAME", 0, "A name to tell devices apart, shown by the kernel", 0 },
	{ NULL, 0, NULL, 0, "What some types are told by us, not by their daemon:", 2 },
	{ "fs-tag", OPT_FS_TAG, "TAG", 0, "fs: the name to mount it by, up to 36 bytes", 0 },
	{ "mac", OPT_MAC, "ADDRESS", 0, "net: as 52:54:00:12:34:56; the driver takes a random one without it", 0 },
	{ "mtu", OPT_MTU, "N", 0, "net: largest packet (68 to 65535)", 0 },
	{ "screen", OPT_SCREEN, "WxH", 0, "gpu: size of the screen in pixels, default 1280x800", 0 },
	{ NULL, 0, NULL, 0, "For types that are not in the list, or to differ from it:", 3 },
	{ "device-id", OPT_DEVICE_ID, "N", 0, "Virtio device type (1 to 63)", 0 },
	{ "num-queues", OPT_NUM_QUEUES, "N", 0, "Queues of the device", 0 },
	{ "queue-size", OPT_QUEUE_SIZE, "N", 0, "Descriptors of each queue, a power of two", 0 },
	{ "config-size", OPT_CONFIG_SIZE, "N", 0, "Bytes of configuration space", 0 },
	{ "bounce-size", OPT_BOUNCE, "SIZE", 0, "Memory for data in flight; a multiple of 64K, K and M may follow", 0 },
	{ "no-indirect", OPT_NO_INDIRECT, NULL, 0, "Do not offer indirect descriptors", 0 },
	{ NULL, 0, NULL, 0, "When the daemon is not there:", 4 },
	{ "wait-timeout", OPT_WAIT, "S", 0, "Seconds to wait for it at first; -1 (default) for ever", 0 },
	{ "grace", OPT_GRACE, "S", 0, "Seconds to keep the device after the daemon has gone; -1 for ever, default 5",
		0 },
	{ "resumable", OPT_RESUMABLE, NULL, 0,
		"The daemon keeps what it knows of its driver (vhost-user-gpio --state), so that another one can take its place",
		0 },
	{ "deadline", OPT_DEADLINE, "MS", 0,
		"Milliseconds for one request, less than the module's stop_timeout_ms; default 1000", 0 },
	{ "stall-timeout", OPT_STALL, "S", 0,
		"Seconds without a sign of life while the driver waits for it, then the device goes; 0 never, default 10",
		0 },
	{ NULL, 0, NULL, 0, "General:", 5 },
	{ "control", OPT_CONTROL, "PATH", 0, "Device file of the module, default /dev/virtio-loopback", 0 },
	{ "log-level", OPT_LOG_LEVEL, "LEVEL", 0, "error, warn, info (default) or debug", 0 },
	{ "list-devices", OPT_LIST, NULL, 0, "Print the device types and end", 0 },
	{ "version", OPT_VERSION, NULL, 0, "Print the version and end", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static int parse_number(const char *option, const char *arg, long min, long max, long *value)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(arg, &end, 0);
	if (errno || end == arg || *end || n < min || n > max) {
		vhu_err("%s wants a number from %ld to %ld, not \"%s\"", option, min, max, arg);
		return -EINVAL;
	}
	*value = n;
	return 0;
}

static int parse_seconds(const char *option, const char *arg, int *value)
{
	long n = 0;
	int ret = parse_number(option, arg, OPTIONS_FOREVER, INT_MAX / 1000, &n);

	*value = (int)n;
	return ret;
}

static int parse_bounce(const char *arg, unsigned long *value)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(arg, &end, 0);
	/* strtoul() takes a minus sign and wraps. */
	if (!errno && end != arg && *arg != '-' && n <= ULONG_MAX >> 20) {
		if (*end == 'K' || *end == 'k')
			n <<= 10, end++;
		else if (*end == 'M' || *end == 'm')
			n <<= 20, end++;
		if (!*end && n && !(n % BOUNCE_UNIT)) {
			*value = n;
			return 0;
		}
	}
	vhu_err("--bounce-size wants a multiple of 64K such as 256K or 16M, not \"%s\"", arg);
	return -EINVAL;
}

static int parse_queue_size(const char *arg, long *value)
{
	int ret = parse_number("--queue-size", arg, 1, VLB_MAX_QUEUE_SIZE, value);

	if (!ret && (*value & (*value - 1))) {
		vhu_err("--queue-size wants a power of two, not \"%s\"", arg);
		ret = -EINVAL;
	}
	return ret;
}

static int parse_tag(const char *arg, const char **tag)
{
	size_t len = strlen(arg);

	if (!len || len > CONFIG_TAG_LEN) {
		vhu_err("--fs-tag wants 1 to %d bytes, not \"%s\"", CONFIG_TAG_LEN, arg);
		return -EINVAL;
	}
	*tag = arg;
	return 0;
}

static int parse_mac(const char *arg, struct config_options *config)
{
	uint8_t *mac = config->mac;
	int end = 0;

	if (sscanf(arg, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5],
		    &end) != 6 ||
		end != 17 || strspn(arg, "0123456789abcdefABCDEF:") != 17 || arg[17] || mac[0] & 1) {
		vhu_err("--mac wants the address of one card such as 52:54:00:12:34:56, not \"%s\"", arg);
		return -EINVAL;
	}
	config->have_mac = true;
	return 0;
}

static int parse_mtu(const char *arg, unsigned int *mtu)
{
	long n = 0;
	int ret = parse_number("--mtu", arg, 68, 65535, &n);

	*mtu = (unsigned int)n;
	return ret;
}

static int parse_screen(const char *arg, struct config_options *config)
{
	unsigned int width = 0, height = 0;
	int end = 0;

	if (sscanf(arg, "%5ux%5u%n", &width, &height, &end) != 2 || arg[end] || !width || !height ||
		width > DISPLAY_MAX_SIZE || height > DISPLAY_MAX_SIZE || strspn(arg, "0123456789x") != strlen(arg)) {
		vhu_err("--screen wants width and height up to %d as 1280x800, not \"%s\"", DISPLAY_MAX_SIZE, arg);
		return -EINVAL;
	}
	config->width = width;
	config->height = height;
	return 0;
}

static int parse_log_level(const char *arg)
{
	if (!vhu_log_set_level(arg))
		return 0;
	vhu_err("--log-level wants error, warn, info or debug, not \"%s\"", arg);
	return -EINVAL;
}

/* Options of the device's shape; 1 for those that are none of these. */
static int parse_shape(int key, const char *arg, struct parser *p)
{
	switch (key) {
	case OPT_DEVICE_ID: return parse_number("--device-id", arg, 1, 63, &p->device_id);
	case OPT_NUM_QUEUES: return parse_number("--num-queues", arg, 1, DEVICE_MAX_QUEUES, &p->num_queues);
	case OPT_QUEUE_SIZE: return parse_queue_size(arg, &p->queue_size);
	case OPT_CONFIG_SIZE: return parse_number("--config-size", arg, 0, VLB_MAX_CONFIG, &p->config_size);
	case OPT_BOUNCE: return parse_bounce(arg, &p->bounce_size);
	case OPT_NO_INDIRECT: p->opt->indirect = false; return 0;
	case OPT_RESUMABLE: p->resumable = true; return 0;
	default: return 1;
	}
}

/* Options of one type; 1 for those that are none of these. */
static int parse_config(int key, const char *arg, struct config_options *config)
{
	switch (key) {
	case OPT_FS_TAG: return parse_tag(arg, &config->fs_tag);
	case OPT_MAC: return parse_mac(arg, config);
	case OPT_MTU: return parse_mtu(arg, &config->mtu);
	case OPT_SCREEN: return parse_screen(arg, config);
	default: return 1;
	}
}

static int parse_general(int key, const char *arg, struct parser *p)
{
	long n = 0;
	int ret;

	switch (key) {
	case OPT_DEVICE: p->device = arg; return 0;
	case OPT_SOCKET: p->opt->socket_path = arg; return 0;
	case OPT_NAME: p->opt->name = arg; return 0;
	case OPT_CONTROL: p->opt->control = arg; return 0;
	case OPT_WAIT: return parse_seconds("--wait-timeout", arg, &p->opt->wait_timeout);
	case OPT_GRACE: return parse_seconds("--grace", arg, &p->opt->grace);
	case OPT_DEADLINE:
		ret = parse_number("--deadline", arg, 10, 60000, &n);
		p->opt->deadline = (int)n;
		return ret;
	case OPT_STALL:
		ret = parse_number("--stall-timeout", arg, 0, 3600, &n);
		p->opt->stall_timeout = (int)n;
		return ret;
	case OPT_LOG_LEVEL: return parse_log_level(arg);
	case OPT_LIST: p->opt->list = true; return 0;
	case OPT_VERSION: p->opt->version = true; return 0;
	default: return 1;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parser *p = state->input;
	int ret;

	if (key == ARGP_KEY_ARG) {
		vhu_err("\"%s\" is no option of this program: see --help", arg);
		return EINVAL;
	}
	ret = parse_shape(key, arg, p);
	if (ret > 0)
		ret = parse_config(key, arg, &p->opt->config);
	if (ret > 0)
		ret = parse_general(key, arg, p);
	return ret > 0 ? ARGP_ERR_UNKNOWN : -ret;
}

/* The table's line, or an empty one for a type that only has a number. */
static int find_type(const struct parser *p, struct device_type *type)
{
	const struct device_type *known = p->device ? devices_find(p->device) : NULL;
	char names[128];

	if (known) {
		*type = *known;
		return 0;
	}
	devices_names(names, sizeof(names));
	if (p->device_id == LONG_MIN) {
		if (p->device)
			vhu_err("--device \"%s\" is not known: use one of %s, or --device-id with --num-queues",
				p->device, names);
		else
			vhu_err("what shall it be? Give --device (one of %s), or --device-id with --num-queues", names);
		return -EINVAL;
	}
	if (p->num_queues == LONG_MIN) {
		vhu_err("--device-id %ld needs --num-queues too", p->device_id);
		return -EINVAL;
	}
	*type = (struct device_type) {
		.name = p->device ? p->device : "device",
		.queue_size = 64,
		.bounce_size = 1 << 20,
	};
	return 0;
}

static int resolve_type(const struct parser *p, struct device_type *type)
{
	int ret = find_type(p, type);

	if (ret)
		return ret;
	if (p->device_id != LONG_MIN)
		type->id = (uint32_t)p->device_id;
	/* With fewer than these the type's driver does not even begin. */
	if (p->num_queues != LONG_MIN && p->num_queues < (long)type->num_queues) {
		vhu_err("--num-queues %ld is not enough: a device of type %s has %u or more", p->num_queues, type->name,
			type->num_queues);
		return -EINVAL;
	}
	if (p->num_queues != LONG_MIN)
		type->num_queues = (unsigned int)p->num_queues;
	if (p->queue_size != LONG_MIN)
		type->queue_size = (unsigned int)p->queue_size;
	if (p->config_size != LONG_MIN)
		type->config_size = (uint32_t)p->config_size;
	if (p->bounce_size)
		type->bounce_size = p->bounce_size;
	type->resumable |= p->resumable;
	return 0;
}

static int check_strings(const struct options *opt)
{
	size_t valid = strspn(opt->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	if (!opt->socket_path) {
		vhu_err("--socket-path is missing: give the socket on which the vhost-user daemon listens");
		return -EINVAL;
	}
	if (strlen(opt->socket_path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		vhu_err("--socket-path is longer than the %zu characters that a UNIX socket allows: use a shorter one",
			sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
		return -EINVAL;
	}
	if (opt->name[valid] || valid >= VLB_NAME_LEN) {
		vhu_err("--name wants up to %d letters, digits, dots, dashes and underscores, not \"%s\"",
			VLB_NAME_LEN - 1, opt->name);
		return -EINVAL;
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *opt)
{
	const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.doc = "Connect a vhost-user daemon to this machine's own kernel as a virtio device.",
	};
	struct parser p = {
		.opt = opt,
		.device_id = LONG_MIN,
		.num_queues = LONG_MIN,
		.queue_size = LONG_MIN,
		.config_size = LONG_MIN,
	};
	int ret;

	*opt = (struct options) {
		.name = "",
		.control = "/dev/virtio-loopback",
		.indirect = true,
		.wait_timeout = OPTIONS_FOREVER,
		.grace = 5,
		.deadline = 1000,
		.stall_timeout = 10,
	};
	if (argp_parse(&argp, argc, argv, 0, NULL, &p))
		return -EINVAL;
	/* Who asks for these need not say what the device is. */
	if (opt->list || opt->version)
		return 0;
	ret = resolve_type(&p, &opt->type);
	if (!ret)
		ret = config_check_options(&opt->type, &opt->config);
	return ret ? ret : check_strings(opt);
}
