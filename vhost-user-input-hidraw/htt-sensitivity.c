// SPDX-License-Identifier: MIT
#include <argp.h>
#include <errno.h>
#include <hidapi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "htt-sensitivity-options.h"
#include "htt-sensitivity-print.h"
#include "htt-sensitivity-settings.h"
#include "htt-sensitivity-watch.h"

/* The manual page promises these. */
enum {
	STATUS_DONE,
	STATUS_FAILED,
	STATUS_USAGE,
	STATUS_NO_PANEL,
	STATUS_SEVERAL,
	STATUS_NOT_OFFERED,
	STATUS_NOT_BACK,
	STATUS_NO_PERMISSION,
};

static int exit_status(int code)
{
	switch (code) {
	case 0: return STATUS_DONE;
	case -EINVAL: return STATUS_USAGE;
	case -ENODEV: return STATUS_NO_PANEL;
	case -ENOTUNIQ: return STATUS_SEVERAL;
	case -EOPNOTSUPP: return STATUS_NOT_OFFERED;
	case -ETIMEDOUT: return STATUS_NOT_BACK;
	case -EACCES: return STATUS_NO_PERMISSION;
	default: return STATUS_FAILED;
	}
}

static int read_row(struct htt_row *row)
{
	struct htt_panel *panel = &row->panel;

	row->state = (struct htt_state) { -1, 0, -1, -1, -1, -1 };
	row->code = panel->ops->open(panel, &row->error);
	if (row->code)
		return row->code;
	row->code = panel->ops->state(panel, &row->state, &row->error);
	panel->ops->close(panel);
	return row->code;
}

static void print_rows(const struct htt_row *rows, unsigned int count, bool json)
{
	unsigned int i;

	if (!json) {
		if (count)
			htt_print_table(stdout, rows, count);
		return;
	}
	putchar('[');
	for (i = 0; i < count; i++) {
		fputs(i ? ",\n " : "", stdout);
		htt_json_row(stdout, &rows[i]);
	}
	puts("]");
}

/* All that can be said of each, and the last reason why something could not. */
static int list(struct htt_finder *finder, const struct htt_options *options, struct htt_error *error)
{
	struct htt_row rows[HTT_MAX_PANELS];
	struct htt_list found;
	unsigned int i;
	int ret;

	ret = htt_find(finder, options->serial, options->path, &found, error);
	if (ret)
		return ret;
	for (i = 0; i < found.count; i++) {
		rows[i].panel = found.panels[i];
		if (read_row(&rows[i])) {
			ret = rows[i].code;
			*error = rows[i].error;
		}
	}
	print_rows(rows, found.count, options->json);
	return found.count ? ret : htt_fail(error, -ENODEV, "there is no HTT panel");
}

static int no_levels(const struct htt_row *row, struct htt_error *error)
{
	return htt_fail(error, -EOPNOTSUPP, "%s: a panel with touch controller %s has no sensitivity to set",
		row->panel.node, htt_driver_name((unsigned int)row->state.driver));
}

static int get(struct htt_row *row, const struct htt_options *options, struct htt_error *error)
{
	int ret = read_row(row);

	*error = row->error;
	if (options->json) {
		htt_json_row(stdout, row);
		putchar('\n');
	}
	if (ret)
		return ret;
	if (row->state.levels == 0)
		return no_levels(row, error);
	if (!options->json)
		puts(htt_level_name((unsigned int)row->state.level));
	return 0;
}

static int refuse_level(const struct htt_row *row, enum htt_level level, struct htt_error *error)
{
	char names[HTT_LEVEL_NAMES];

	if (row->state.levels == 0)
		return no_levels(row, error);
	htt_level_list((unsigned int)row->state.levels, names);
	return htt_fail(
		error, -EOPNOTSUPP, "%s has no level \"%s\"; it has %s", row->panel.node, htt_level_name(level), names);
}

static int set(
	struct htt_finder *finder, struct htt_row *row, const struct htt_options *options, struct htt_error *error)
{
	struct htt_panel *panel = &row->panel;
	const char *name = htt_level_name(options->level);
	int ret = read_row(row);

	*error = row->error;
	if (ret)
		return ret;
	if ((int)options->level >= row->state.levels)
		return refuse_level(row, options->level, error);
	if (row->state.level == (int)options->level) {
		printf("%s: sensitivity is %s already\n", panel->node, name);
		return 0;
	}
	ret = panel->ops->open(panel, error);
	if (ret)
		return ret;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "the panel restarts ...\n");
	ret = panel->ops->set_level(finder, panel, (int)options->level, options->timeout, error);
	panel->ops->close(panel);
	if (!ret)
		printf("%s: sensitivity is %s now\n", panel->node, name);
	return ret;
}

static int settings(
	struct htt_finder *finder, struct htt_panel *panel, const struct htt_options *options, struct htt_error *error)
{
	int ret = panel->ops->open(panel, error);

	if (ret)
		return ret;
	ret = htt_settings(finder, panel, options, error);
	panel->ops->close(panel);
	return ret;
}

static int run(struct htt_finder *finder, const struct htt_options *options, struct htt_error *error)
{
	struct htt_row row;
	int ret;

	if (options->command == HTT_LIST)
		return list(finder, options, error);
	if (options->command == HTT_WATCH)
		return htt_watch(finder, options, error);
	ret = htt_find_one(finder, options->serial, options->path, &row.panel, error);
	if (ret)
		return ret;
	switch (options->command) {
	case HTT_GET: return get(&row, options, error);
	case HTT_SET: return set(finder, &row, options, error);
	default: return settings(finder, &row.panel, options, error);
	}
}

int main(int argc, char **argv)
{
	struct htt_finder *finder = NULL;
	struct htt_options options;
	struct htt_error error;
	int ret;

	argp_err_exit_status = STATUS_USAGE;
	ret = htt_options_parse(argc, argv, &options, &error);
	if (!ret && options.command == HTT_VERSION) {
		printf("htt-sensitivity %s\n", VERSION);
		return STATUS_DONE;
	}
	if (!ret)
		ret = htt_finder_new(&finder, &error);
	if (!ret)
		ret = run(finder, &options, &error);
	if (!ret && fflush(stdout))
		ret = htt_fail(&error, -EIO, "cannot write the output: %s", strerror(errno));
	htt_finder_free(finder);
	hid_exit();
	if (ret)
		fprintf(stderr, "htt-sensitivity: %s\n", error.text);
	return exit_status(ret);
}
