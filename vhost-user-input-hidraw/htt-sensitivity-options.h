/* SPDX-License-Identifier: MIT */
/* The command line of htt-sensitivity as what is to be done. */
#ifndef HTT_SENSITIVITY_OPTIONS_H
#define HTT_SENSITIVITY_OPTIONS_H

#include "htt-sensitivity.h"

enum htt_command {
	HTT_LIST,
	HTT_GET,
	HTT_SET,
	HTT_WATCH,
	HTT_SETTINGS,
	HTT_VERSION,
};

/**
 * struct htt_options
 * @serial, @path: which panel, NULL: any
 * @timeout: seconds that a panel may be away
 * @level: of HTT_SET
 * @report: that HTT_SETTINGS shall set, with @values for its fields; NULL: show them all
 */
struct htt_options {
	enum htt_command command;
	const char *serial;
	const char *path;
	bool json;
	unsigned int timeout;
	enum htt_level level;
	const struct htt_report *report;
	uint32_t values[HTT_MAX_FIELDS];
};

/*
 * Returns 0 or -EINVAL; strings point into @argv. --help, --usage and options that
 * are unknown or without their value end the program, as argp does.
 */
int htt_options_parse(int argc, char **argv, struct htt_options *options, struct htt_error *error);

/* --- htt-sensitivity-words.c --- */

/**
 * htt_settings_parse - understand what follows "settings"
 * @words: without "settings" itself
 * @save, @yes: whether --save and --yes were given
 *
 * Fills in @options->report and @options->values. Returns 0 or -EINVAL.
 */
int htt_settings_parse(
	char **words, unsigned int count, bool save, bool yes, struct htt_options *options, struct htt_error *error);

/* What SETTING is called in messages and how it is given, one line each, for --help. */
const char *htt_settings_help(void);

/* A decimal number from 0 to @max, or -EINVAL; @what is for the message. */
int htt_parse_number(const char *what, const char *text, uint32_t max, uint32_t *value, struct htt_error *error);

#endif /* HTT_SENSITIVITY_OPTIONS_H */
