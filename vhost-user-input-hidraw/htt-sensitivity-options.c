// SPDX-License-Identifier: MIT
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "htt-sensitivity-options.h"

#define MAX_WORDS	12
#define DEFAULT_TIMEOUT 30
#define MAX_TIMEOUT	3600

enum {
	OPT_SERIAL = 256,
	OPT_PATH,
	OPT_JSON,
	OPT_TIMEOUT,
	OPT_SAVE,
	OPT_YES,
	OPT_VERSION,
};

static const struct argp_option argp_options[] = {
	{ "serial", OPT_SERIAL, "TEXT", 0, "The panel with this serial number", 0 },
	{ "path", OPT_PATH, "NODE", 0, "The panel at this node: /dev/hidrawN, or /dev/input/eventN in a guest", 0 },
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0, "How long a panel may take to restart, default 30", 0 },
	{ "json", OPT_JSON, NULL, 0, "list, get and settings show: print JSON", 0 },
	{ "save", OPT_SAVE, NULL, 0, "settings backlight and fade: keep it when the panel is switched off", 0 },
	{ "yes", OPT_YES, NULL, 0, "settings factory-reset: yes, do it", 0 },
	{ "version", OPT_VERSION, NULL, 0, "Print the version and end", -1 },
	{ 0 },
};

/* The command line as it is being read. */
struct parser {
	struct htt_options *options;
	char *words[MAX_WORDS];
	unsigned int count;
	bool save;
	bool yes;
	struct htt_error *error;
};

static int parse_timeout(struct parser *parser, const char *arg)
{
	uint32_t seconds = 0;
	int ret = htt_parse_number("--timeout", arg, MAX_TIMEOUT, &seconds, parser->error);

	if (!ret && seconds == 0)
		ret = htt_fail(parser->error, -EINVAL, "--timeout must be at least one second");
	parser->options->timeout = seconds;
	return ret;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parser *parser = state->input;
	struct htt_options *options = parser->options;

	switch (key) {
	case OPT_SERIAL: options->serial = arg; return 0;
	case OPT_PATH: options->path = arg; return 0;
	case OPT_JSON: options->json = true; return 0;
	case OPT_TIMEOUT: return -parse_timeout(parser, arg);
	case OPT_SAVE: parser->save = true; return 0;
	case OPT_YES: parser->yes = true; return 0;
	case OPT_VERSION: options->command = HTT_VERSION; return 0;
	case ARGP_KEY_ARG:
		if (parser->count == MAX_WORDS)
			return -htt_fail(parser->error, -EINVAL, "\"%.40s\" is one word too many; see --help", arg);
		parser->words[parser->count++] = arg;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int parse_level(const struct parser *parser, struct htt_options *options)
{
	int level;

	if (parser->count != 2)
		return htt_fail(parser->error, -EINVAL, "set wants one level: normal, high or extra");
	level = htt_level_parse(parser->words[1]);
	if (level < 0)
		return htt_fail(
			parser->error, -EINVAL, "the level is normal, high or extra, not \"%.40s\"", parser->words[1]);
	options->level = (enum htt_level)level;
	return 0;
}

static int parse_command(const struct parser *parser, struct htt_options *options)
{
	static const struct {
		const char *name;
		enum htt_command command;
		bool json;
	} commands[] = {
		{ "list", HTT_LIST, true },
		{ "get", HTT_GET, true },
		{ "set", HTT_SET, false },
		{ "watch", HTT_WATCH, false },
		{ "settings", HTT_SETTINGS, true },
	};
	size_t i;

	if (parser->count == 0)
		return htt_fail(parser->error, -EINVAL, "say what to do: list, get, set, watch or settings");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, parser->words[0]) == 0)
			break;
	if (i == sizeof(commands) / sizeof(commands[0]))
		return htt_fail(
			parser->error, -EINVAL, "\"%.40s\" is not list, get, set, watch or settings", parser->words[0]);
	options->command = commands[i].command;
	if (options->json && !commands[i].json)
		return htt_fail(parser->error, -EINVAL, "%s prints no JSON; leave --json away", commands[i].name);
	return 0;
}

static int parse_words(struct parser *parser)
{
	struct htt_options *options = parser->options;
	int ret = parse_command(parser, options);

	if (ret)
		return ret;
	if (options->command == HTT_SETTINGS) {
		ret = htt_settings_parse(
			parser->words + 1, parser->count - 1, parser->save, parser->yes, options, parser->error);
		if (!ret && options->report && options->json)
			ret = htt_fail(parser->error, -EINVAL, "--json is for settings show");
		return ret;
	}
	if (parser->save || parser->yes)
		return htt_fail(parser->error, -EINVAL, "--save and --yes are for settings");
	if (options->command == HTT_SET)
		return parse_level(parser, options);
	if (parser->count > 1)
		return htt_fail(parser->error, -EINVAL, "%s takes no \"%.40s\"", parser->words[0], parser->words[1]);
	return 0;
}

static char *filter_help(int key, const char *text, void *input)
{
	/* argp frees what it is given when that is not its own text. */
	return key == ARGP_KEY_HELP_POST_DOC ? strdup(htt_settings_help()) : (char *)text;
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "list\nget\nset normal|high|extra\nwatch\nsettings [show]\nsettings SETTING VALUE...",
	.doc = "Sensitivity and other settings of a Matrix Orbital HTT touch panel\v",
	.help_filter = filter_help,
};

int htt_options_parse(int argc, char **argv, struct htt_options *options, struct htt_error *error)
{
	struct parser parser = { .options = options, .error = error };
	int ret;

	memset(options, 0, sizeof(*options));
	options->timeout = DEFAULT_TIMEOUT;
	ret = argp_parse(&argp, argc, argv, 0, NULL, &parser);
	if (ret)
		return -ret;
	return options->command == HTT_VERSION ? 0 : parse_words(&parser);
}
