// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "htt-sensitivity-print.h"

#define COLUMN_GAP 2
#define CELL	   80

enum column {
	PATH,
	SERIAL,
	DRIVER,
	FIRMWARE,
	SENSITIVITY,
	ROTATION,
	BACKLIGHT,
	NUM_COLUMNS
};

int htt_fail(struct htt_error *error, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	return code;
}

static bool prints(char c)
{
	return c >= ' ' && c < 0x7f;
}

static void copy_printable(char *cell, size_t size, const char *text)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		cell[i] = prints(text[i]) ? text[i] : '?';
	cell[i] = '\0';
	if (i == 0)
		snprintf(cell, size, "-");
}

void htt_print_text(FILE *out, const char *text)
{
	char cell[CELL];

	copy_printable(cell, sizeof(cell), text);
	fputs(cell, out);
}

void htt_json_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (prints(*text))
			fputc(*text, out);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			fprintf(out, "\\u%04x", (unsigned int)*text);
		else
			fputs("\\ufffd", out); /* bytes that may be UTF-8 or anything */
	}
	fputc('"', out);
}

static void number_cell(char *cell, int64_t number)
{
	if (number < 0)
		snprintf(cell, CELL, "-");
	else
		snprintf(cell, CELL, "%" PRId64, number);
}

static void fill_row(char cells[NUM_COLUMNS][CELL], const struct htt_row *row)
{
	const struct htt_state *state = &row->state;

	copy_printable(cells[PATH], CELL, row->panel.node);
	copy_printable(cells[SERIAL], CELL, row->panel.serial);
	snprintf(cells[DRIVER], CELL, "%s", state->driver < 0 ? "-" : htt_driver_name((unsigned int)state->driver));
	number_cell(cells[FIRMWARE], state->firmware);
	snprintf(cells[SENSITIVITY], CELL, "%s", state->level < 0 ? "-" : htt_level_name((unsigned int)state->level));
	number_cell(cells[ROTATION], state->rotation);
	number_cell(cells[BACKLIGHT], state->backlight);
}

static void print_row(FILE *out, char cells[NUM_COLUMNS][CELL], const int *widths)
{
	unsigned int i;

	for (i = 0; i + 1 < NUM_COLUMNS; i++)
		fprintf(out, "%-*s", widths[i] + COLUMN_GAP, cells[i]);
	fprintf(out, "%s\n", cells[NUM_COLUMNS - 1]);
}

void htt_print_table(FILE *out, const struct htt_row *rows, unsigned int count)
{
	char cells[1 + HTT_MAX_PANELS][NUM_COLUMNS][CELL] = {
		{ "PATH", "SERIAL", "DRIVER", "FIRMWARE", "SENSITIVITY", "ROTATION", "BACKLIGHT" },
	};
	int widths[NUM_COLUMNS] = { 0 };
	unsigned int i, j;

	for (i = 0; i < count && i < HTT_MAX_PANELS; i++)
		fill_row(cells[i + 1], &rows[i]);
	for (i = 0; i <= count && i <= HTT_MAX_PANELS; i++)
		for (j = 0; j < NUM_COLUMNS; j++)
			if ((int)strlen(cells[i][j]) > widths[j])
				widths[j] = (int)strlen(cells[i][j]);
	for (i = 0; i <= count && i <= HTT_MAX_PANELS; i++)
		print_row(out, cells[i], widths);
}

static void json_number(FILE *out, const char *name, int64_t number)
{
	if (number < 0)
		fprintf(out, ", \"%s\": null", name);
	else
		fprintf(out, ", \"%s\": %" PRId64, name, number);
}

static void json_name(FILE *out, const char *name, int number, const char *text)
{
	fprintf(out, ", \"%s\": ", name);
	if (number < 0)
		fputs("null", out);
	else
		htt_json_text(out, text);
}

void htt_json_row(FILE *out, const struct htt_row *row)
{
	const struct htt_state *state = &row->state;
	int i;

	fputs("{\"path\": ", out);
	htt_json_text(out, row->panel.node);
	fputs(", \"serial\": ", out);
	htt_json_text(out, row->panel.serial);
	fputs(", \"kind\": ", out);
	htt_json_text(out, row->panel.ops->kind);
	json_name(out, "driver", state->driver, htt_driver_name((unsigned int)state->driver));
	json_number(out, "driver_type", state->driver);
	json_number(out, "firmware", state->firmware);
	json_name(out, "sensitivity", state->level, htt_level_name((unsigned int)state->level));
	fputs(", \"levels\": [", out);
	for (i = 0; i < state->levels; i++) {
		fputs(i ? ", " : "", out);
		htt_json_text(out, htt_level_name((unsigned int)i));
	}
	fputc(']', out);
	json_number(out, "rotation", state->rotation);
	json_number(out, "backlight", state->backlight);
	json_name(out, "error", row->code ? 0 : -1, row->error.text);
	fputc('}', out);
}
