/* SPDX-License-Identifier: MIT */
/*
 * Texts that come from a panel can hold anything: in lines for people what does not
 * print becomes '?', in JSON it is escaped.
 */
#ifndef HTT_SENSITIVITY_PRINT_H
#define HTT_SENSITIVITY_PRINT_H

#include <stdio.h>

#include "htt-sensitivity.h"

/* A line of the list: a panel, and what it tells or why it does not (code, error). */
struct htt_row {
	struct htt_panel panel;
	struct htt_state state;
	int code;
	struct htt_error error;
};

void htt_print_text(FILE *out, const char *text); /* "-" for an empty one */
void htt_json_text(FILE *out, const char *text); /* with its quotation marks */
void htt_print_table(FILE *out, const struct htt_row *rows, unsigned int count);
void htt_json_row(FILE *out, const struct htt_row *row); /* an object, without a line's end */

#endif /* HTT_SENSITIVITY_PRINT_H */
