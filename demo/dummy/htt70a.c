// SPDX-License-Identifier: MIT
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "command.h"
#include "control.h"
#include "panel.h"
#include "player.h"
#include "recording.h"

#define MAX_SCRIPT    (1u << 20)
#define MAX_RATE      10000
#define MAX_REBOOT_MS 600000

enum {
	KEY_NAME = 256,
	KEY_SERIAL,
	KEY_LIKE,
	KEY_CONTROL,
	KEY_SEND,
	KEY_LOG,
	KEY_RECORD,
	KEY_DRIVER,
	KEY_NO_REBOOT,
	KEY_NO_RETURN,
	KEY_REBOOT_MS,
	KEY_FORGET,
	KEY_DESCRIPTOR,
	KEY_STAY,
};

struct arguments {
	struct panel_options panel;
	const char *like;
	const char *script_path;
	const char *control;
	const char *send;
	const char *log;
	const char *record;
	unsigned int rate;
	bool stay;
	bool print_descriptor;
	char words[8192]; /* the commands of the command line */
	struct recording loaded; /* what panel.like points to */
};

/* The program while it runs. */
struct app {
	sd_event *event;
	struct panel *panel;
	struct player *player;
	struct control *control;
	struct command *commands;
	unsigned int count;
	bool stay;
	bool announced;
	struct fault fault;
};

static const struct argp_option options[] = {
	{ "variant", 'v', "NAME", 0, "Layout of the touch report: ten, five, serial or mixed (ten)", 0 },
	{ "vendor", 'V', "HEX", 0, "USB vendor id (1b3d)", 0 },
	{ "product", 'P', "HEX", 0, "USB product id (14c9)", 0 },
	{ "name", KEY_NAME, "TEXT", 0, "Name of the HID device", 0 },
	{ "serial", KEY_SERIAL, "TEXT", 0, "Serial number (HTT70A-0001)", 0 },
	{ "like", KEY_LIKE, "FILE", 0, "Be the panel of this hid-recorder file", 0 },
	{ "rate", 'r', "HZ", 0, "Frames a second, 0 as fast as the kernel takes them (125)", 0 },
	{ "driver", KEY_DRIVER, "FAMILY", 0,
		"Touch controller: none, resistive, mxt (three levels of sensitivity), gt9xx (two), ft5xx or ili25xx (gt9xx)",
		1 },
	{ "no-reboot", KEY_NO_REBOOT, NULL, 0, "Setting the sensitivity does not reboot the panel", 1 },
	{ "reboot-ms", KEY_REBOOT_MS, "MS", 0, "How long the panel is away when it reboots (1000)", 1 },
	{ "no-return", KEY_NO_RETURN, NULL, 0, "Stay away after a reboot, until this program ends", 1 },
	{ "forget-sensitivity", KEY_FORGET, NULL, 0, "Reboot when the sensitivity is set, but keep the old one", 1 },
	{ "script", 's', "FILE", 0, "Read commands from FILE, - is stdin", 2 },
	{ "control", KEY_CONTROL, "SOCKET", 0, "Stay, and take commands from this socket", 2 },
	{ "send", KEY_SEND, "SOCKET", 0, "Give the commands to the panel that listens there", 2 },
	{ "stay", KEY_STAY, NULL, 0, "Stay plugged in after the last command", 2 },
	{ "log", KEY_LOG, "FILE", 0, "Write every frame sent as text, for touchlog --compare", 3 },
	{ "record", KEY_RECORD, "FILE", 0, "Write every report sent as a hid-recorder file", 3 },
	{ "print-descriptor", KEY_DESCRIPTOR, NULL, 0, "Print the report descriptor and the ids, no panel", 3 },
	{ 0 },
};

static unsigned long parse_number(const char *text, int base, unsigned long max, const struct argp_state *state)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, base);
	if (errno || end == text || *end || *text == '-' || value > max)
		argp_error(state, "'%s' is not a number up to %lu%s", text, max, base == 16 ? " (hexadecimal)" : "");
	return value;
}

static void add_word(struct arguments *arguments, const char *word, const struct argp_state *state)
{
	size_t used = strlen(arguments->words);
	/* 'tap 0 0' in quotes is a whole command, tap 0 0 without are words of one. */
	const char *end = strchr(word, ' ') ? ";" : " ";

	if (used + strlen(word) + 3 > sizeof(arguments->words))
		argp_error(state, "too many commands on the command line: use --script");
	snprintf(arguments->words + used, sizeof(arguments->words) - used, "%s%s%s", used && *end == ';' ? ";" : "",
		word, end);
}

static void choose_variant(struct arguments *arguments, const char *name, const struct argp_state *state)
{
	arguments->panel.variant = panel_variant_find(name);
	if (!arguments->panel.variant)
		argp_error(state, "there is no variant '%s': choose ten, five, serial or mixed", name);
}

static void choose_driver(struct arguments *arguments, const char *name, const struct argp_state *state)
{
	int driver = features_find_driver(name);

	if (driver < 0)
		argp_error(state,
			"there is no touch controller '%s': choose none, resistive, mxt, gt9xx, ft5xx or ili25xx",
			name);
	arguments->panel.driver = (enum touch_driver)driver;
}

static error_t parse_reboot_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case KEY_DRIVER: choose_driver(arguments, arg, state); return 0;
	case KEY_NO_REBOOT: arguments->panel.reboot = false; return 0;
	case KEY_NO_RETURN: arguments->panel.returns = false; return 0;
	case KEY_FORGET: arguments->panel.forgetful = true; return 0;
	case KEY_REBOOT_MS:
		arguments->panel.reboot_ms = (unsigned int)parse_number(arg, 10, MAX_REBOOT_MS, state);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_device_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'v': choose_variant(arguments, arg, state); return 0;
	case 'V': arguments->panel.vendor = (uint32_t)parse_number(arg, 16, 0xffff, state); return 0;
	case 'P': arguments->panel.product = (uint32_t)parse_number(arg, 16, 0xffff, state); return 0;
	case 'r': arguments->rate = (unsigned int)parse_number(arg, 10, MAX_RATE, state); return 0;
	case KEY_NAME: arguments->panel.name = arg; return 0;
	case KEY_SERIAL: arguments->panel.serial = arg; return 0;
	case KEY_LIKE: arguments->like = arg; return 0;
	default: return parse_reboot_option(key, arg, state);
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 's': arguments->script_path = arg; return 0;
	case KEY_CONTROL: arguments->control = arg; return 0;
	case KEY_SEND: arguments->send = arg; return 0;
	case KEY_STAY: arguments->stay = true; return 0;
	case KEY_LOG: arguments->log = arg; return 0;
	case KEY_RECORD: arguments->record = arg; return 0;
	case KEY_DESCRIPTOR: arguments->print_descriptor = true; return 0;
	case ARGP_KEY_ARG: add_word(arguments, arg, state); return 0;
	case ARGP_KEY_END:
		if (arguments->script_path && arguments->words[0])
			argp_error(state, "give commands either as arguments or by --script");
		return 0;
	default: return parse_device_option(key, arg, state);
	}
}

/* The whole script, malloc'ed. */
static int read_script(const struct arguments *arguments, char **script, struct fault *fault)
{
	const char *path = arguments->script_path;
	FILE *file = stdin;
	size_t size;
	char *text;

	*script = strdup(arguments->words);
	if (!path)
		return *script ? 0 : fault_set(fault, -ENOMEM, "out of memory");
	free(*script);
	*script = NULL;
	if (strcmp(path, "-") != 0)
		file = fopen(path, "re");
	if (!file)
		return fault_set(fault, -errno, "cannot open the script %s: %s", path, strerror(errno));
	text = calloc(1, MAX_SCRIPT + 1);
	size = text ? fread(text, 1, MAX_SCRIPT, file) : 0;
	if (file != stdin)
		fclose(file);
	if (!text || size == MAX_SCRIPT || strlen(text) != size) {
		free(text);
		return fault_set(fault, -EINVAL, "the script %s is not a text of less than 1 MiB", path);
	}
	*script = text;
	return 0;
}

static void on_ready(void *data, const char *node)
{
	struct app *app = data;

	if (!app->announced)
		printf("READY %s\n", node);
	fflush(stdout);
	app->announced = true;
	player_panel_ready(app->player);
}

static void on_failed(void *data, int error, const char *what)
{
	struct app *app = data;

	fault_format(&app->fault, "%s (%s)", what, strerror(-error));
	sd_event_exit(app->event, error);
}

static const struct panel_ops panel_ops = {
	.ready = on_ready,
	.failed = on_failed,
};

static void on_done(void *data, const struct player_result *result)
{
	struct app *app = data;

	if (result->error) {
		app->fault = result->fault;
		sd_event_exit(app->event, result->error);
		return;
	}
	printf("done frames=%lu reports=%lu unfelt=%lu ms=%llu\n", result->frames, result->reports, result->unfelt,
		(unsigned long long)(result->us / 1000));
	fflush(stdout);
	if (!app->stay)
		sd_event_exit(app->event, 0);
}

static int start(struct app *app, const struct arguments *arguments)
{
	int ret;

	ret = panel_new(&app->panel, app->event, &arguments->panel, &panel_ops, app, &app->fault);
	if (ret)
		return ret;
	ret = player_new(&app->player, app->event, app->panel, arguments->rate);
	if (!ret && app->count)
		ret = player_run(app->player, app->commands, app->count, on_done, app);
	if (ret)
		return fault_set(&app->fault, ret, "cannot start: %s", strerror(-ret));
	if (app->count)
		app->commands = NULL;
	if (arguments->control)
		ret = control_new(&app->control, app->event, arguments->control, app->player, &app->fault);
	if (ret)
		return ret;
	ret = panel_plug(app->panel);
	return ret ? fault_set(&app->fault, ret, "the kernel refuses the panel: %s", strerror(-ret)) : 0;
}

static int watch_signals(sd_event *event)
{
	const int signals[] = { SIGTERM, SIGINT };
	sigset_t set;
	size_t i;
	int ret;

	sigemptyset(&set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* No handler: the loop ends with status 0. */
		ret = sd_event_add_signal(event, NULL, signals[i], NULL, NULL);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int run(struct app *app, const struct arguments *arguments)
{
	int ret;

	ret = sd_event_default(&app->event);
	if (ret >= 0)
		ret = watch_signals(app->event);
	if (ret < 0)
		return fault_set(&app->fault, ret, "cannot make an event loop: %s", strerror(-ret));
	app->stay = arguments->stay || arguments->control || app->count == 0;
	ret = start(app, arguments);
	if (!ret)
		ret = sd_event_loop(app->event);
	control_free(app->control);
	player_free(app->player);
	panel_free(app->panel);
	sd_event_unref(app->event);
	return ret;
}

static int open_output(const char *path, FILE **file, struct fault *fault)
{
	if (!path)
		return 0;
	*file = fopen(path, "we");
	if (!*file)
		return fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno));
	/* Whole lines reach the file at once: it is read while the panel lives. */
	setvbuf(*file, NULL, _IOLBF, 0);
	return 0;
}

static int close_output(const char *path, FILE *file, struct fault *fault)
{
	bool broken = file && ferror(file);

	if (!file)
		return 0;
	if (fclose(file) || broken)
		return fault_set(fault, -EIO, "%s is incomplete: is the disk full?", path);
	return 0;
}

/* A script that replays a recording wants the panel of that recording. */
static void find_like(const struct app *app, struct arguments *arguments)
{
	unsigned int i;

	for (i = 0; i < app->count && !arguments->like; i++)
		if (app->commands[i].kind == COMMAND_REPLAY)
			arguments->like = app->commands[i].path;
}

static int load_like(struct app *app, struct arguments *arguments)
{
	struct recording *like = &arguments->loaded;
	int ret = recording_load(arguments->like, like, &app->fault);

	if (ret)
		return ret;
	arguments->panel.like = like;
	/* A recording of this very variant leaves the gestures usable. */
	if (like->descriptor && like->descriptor_size == arguments->panel.variant->descriptor_size &&
		memcmp(like->descriptor, arguments->panel.variant->descriptor, like->descriptor_size) == 0) {
		free(like->descriptor);
		like->descriptor = NULL;
	}
	return 0;
}

static int run_with_files(struct app *app, struct arguments *arguments)
{
	int ret, closed;

	find_like(app, arguments);
	ret = arguments->like ? load_like(app, arguments) : 0;
	if (!ret)
		ret = open_output(arguments->log, &arguments->panel.trace, &app->fault);
	if (!ret)
		ret = open_output(arguments->record, &arguments->panel.record, &app->fault);
	if (!ret)
		ret = run(app, arguments);
	closed = close_output(arguments->log, arguments->panel.trace, &app->fault);
	ret = ret ? ret : closed;
	closed = close_output(arguments->record, arguments->panel.record, &app->fault);
	recording_release(&arguments->loaded);
	return ret ? ret : closed;
}

static int print_descriptor(const struct arguments *arguments)
{
	const struct recording header = {
		.descriptor = (uint8_t *)arguments->panel.variant->descriptor,
		.descriptor_size = arguments->panel.variant->descriptor_size,
		.name = "htt70a",
		.phys = "htt70a/input0",
		.bus = 3,
		.vendor = arguments->panel.vendor,
		.product = arguments->panel.product,
	};

	recording_write_header(stdout, &header);
	return fflush(stdout) ? -errno : 0;
}

static int work(struct app *app, struct arguments *arguments)
{
	char *script;
	int ret;

	if (arguments->print_descriptor)
		return print_descriptor(arguments);
	ret = read_script(arguments, &script, &app->fault);
	if (ret)
		return ret;
	ret = command_parse_script(script, &app->commands, &app->count, &app->fault);
	if (!ret && arguments->send)
		ret = control_send(arguments->send, script, &app->fault);
	else if (!ret)
		ret = run_with_files(app, arguments);
	free(app->commands);
	free(script);
	return ret;
}

/* What follows the options in --help: the variants and the words of a script. */
static void write_help(char *help, size_t size)
{
	const struct panel_variant *variant;
	size_t used, i;

	used = (size_t)snprintf(help, size, "%s",
		"A Matrix Orbital HTT70A touch panel for machines that have none: a uhid device"
		" with ten contacts and the panel's feature reports.\vVariants:\n");
	for (i = 0; (variant = panel_variant_at(i)) && used < size; i++)
		used += (size_t)snprintf(help + used, size - used, "  %-8s%s\n", variant->name, variant->summary);
	if (used < size)
		snprintf(help + used, size - used, "\n%s", command_help);
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.panel = {
			.variant = panel_variant_at(0),
			.serial = "HTT70A-0001",
			.vendor = 0x1b3d,
			.product = 0x14c9,
			.driver = DRIVER_GT9XX,
			.reboot = true,
			.returns = true,
			.reboot_ms = 1000,
		},
		.rate = 125,
	};
	struct argp argp = { options, parse_option, "[COMMAND [; COMMAND]...]", NULL, NULL, NULL, NULL };
	struct app app = { 0 };
	char help[4096];

	argp_program_version = "htt70a " VERSION;
	write_help(help, sizeof(help));
	argp.doc = help;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (work(&app, &arguments) == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "htt70a: %s\n", app.fault.text);
	return EXIT_FAILURE;
}
