/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_COMMAND_H
#define DEMO_DUMMY_COMMAND_H

#include <stdint.h>

#include "fault.h"
#include "gesture.h"

#define COMMAND_PATH_MAX 256

enum command_kind {
	COMMAND_NONE, /* empty line or comment */
	COMMAND_GESTURE,
	COMMAND_DOWN, /* finger @id to @point and stays; also moves it */
	COMMAND_UP, /* finger @id leaves */
	COMMAND_LIFT, /* all fingers leave */
	COMMAND_WAIT, /* @ms */
	COMMAND_REPLUG, /* cable out, @ms, cable in */
	COMMAND_REPLAY, /* the recording at @path */
	COMMAND_RAW, /* the report in @raw as it is */
};

/* One line of a script, checked; plain data, may be copied. */
struct command {
	enum command_kind kind;
	struct gesture gesture;
	unsigned int id;
	struct gesture_point point;
	enum touch_strength strength; /* of the finger at @point; a gesture has its own */
	unsigned int ms;
	char path[COMMAND_PATH_MAX];
	uint8_t raw[PANEL_MAX_REPORT];
	unsigned int raw_size;
};

/* The words a script may hold, for --help. */
extern const char command_help[];

/* Parses one line; -EINVAL with the sentence in @fault. */
int command_parse(const char *line, struct command *command, struct fault *fault);

/*
 * Parses a whole script, commands separated by newlines or ';', into an array
 * that the caller frees.  The fault names the line, counted from one.
 */
int command_parse_script(const char *script, struct command **commands, unsigned int *count, struct fault *fault);

#endif
