// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define MAX_WORDS (PANEL_MAX_REPORT + 1)
#define MAX_MS	  600000
#define MAX_FLOOD 100000000

#define TAP_MS	  120
#define STROKE_MS 480
#define REPLUG_MS 1000

const char command_help[] = "Commands, separated by ';' (positions from 0.0 to 1.0 of the glass, times in ms):\n"
			    "  tap X Y [MS]                  one finger down and up\n"
			    "  drag X1 Y1 X2 Y2 [MS]         one finger from here to there\n"
			    "  pinch [X Y FROM TO [MS]]      two fingers, distance goes from FROM to TO\n"
			    "  ten [MS]                      ten fingers down, moved, up\n"
			    "  flood N [FINGERS]             N frames at full rate, each one different\n"
			    "  down ID X Y | up ID | lift    single fingers that stay until lifted\n"
			    "  wait MS                       nothing for a while\n"
			    "  replug [MS]                   the panel is unplugged and comes back\n"
			    "  replay FILE                   reports of a hid-recorder file, at their times\n"
			    "  raw HEX HEX...                one report as it is\n\n"
			    "tap, drag, pinch, ten, flood and down may end with what touches the glass: bare"
			    " (a finger, the usual), glove, two-gloves or water (a drop). The sensitivity"
			    " decides what is reported: normal bare, high also glove, extra everything.\n";

/* The words of one line; they point into @text. */
struct words {
	char text[1024];
	char *word[MAX_WORDS];
	unsigned int count;
};

static int split(const char *line, struct words *words, struct fault *fault)
{
	char *save = NULL, *word;

	words->count = 0;
	if (snprintf(words->text, sizeof(words->text), "%s", line) >= (int)sizeof(words->text))
		return fault_set(fault, -EINVAL, "a command is longer than %zu characters", sizeof(words->text) - 1);
	for (word = strtok_r(words->text, " \t\r", &save); word; word = strtok_r(NULL, " \t\r", &save)) {
		if (words->count == MAX_WORDS)
			return fault_set(fault, -EINVAL, "a command has more than %d words", MAX_WORDS);
		words->word[words->count++] = word;
	}
	return 0;
}

static int parse_position(const char *word, double *value, struct fault *fault)
{
	char *end;

	errno = 0;
	*value = strtod(word, &end);
	if (errno || end == word || *end || !isfinite(*value) || *value < 0.0 || *value > 1.0)
		return fault_set(fault, -EINVAL, "'%s' is not a position: give a number from 0.0 to 1.0", word);
	return 0;
}

static int parse_number(const char *word, unsigned int min, unsigned int max, unsigned int *value, struct fault *fault)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(word, &end, 10);
	if (errno || end == word || *end || *word == '-' || number < min || number > max)
		return fault_set(fault, -EINVAL, "'%s' is not a number from %u to %u", word, min, max);
	*value = (unsigned int)number;
	return 0;
}

static int parse_point(char *const *word, struct gesture_point *point, struct fault *fault)
{
	int ret = parse_position(word[0], &point->x, fault);

	return ret ? ret : parse_position(word[1], &point->y, fault);
}

/* The optional time at word @index. */
static int parse_ms(
	const struct words *words, unsigned int index, unsigned int standard, unsigned int *ms, struct fault *fault)
{
	*ms = standard;
	if (words->count <= index)
		return 0;
	return parse_number(words->word[index], 1, MAX_MS, ms, fault);
}

static int parse_tap(const struct words *words, struct command *command, struct fault *fault)
{
	int ret = parse_point(words->word + 1, &command->gesture.from, fault);

	command->gesture.kind = GESTURE_TAP;
	return ret ? ret : parse_ms(words, 3, TAP_MS, &command->gesture.ms, fault);
}

static int parse_drag(const struct words *words, struct command *command, struct fault *fault)
{
	struct gesture *gesture = &command->gesture;
	int ret;

	gesture->kind = GESTURE_DRAG;
	ret = parse_point(words->word + 1, &gesture->from, fault);
	if (!ret)
		ret = parse_point(words->word + 3, &gesture->to, fault);
	return ret ? ret : parse_ms(words, 5, STROKE_MS, &gesture->ms, fault);
}

static int parse_pinch(const struct words *words, struct command *command, struct fault *fault)
{
	struct gesture *gesture = &command->gesture;
	int ret;

	gesture->kind = GESTURE_PINCH;
	gesture->from.x = 0.5;
	gesture->from.y = 0.5;
	gesture->spread[0] = 0.6;
	gesture->spread[1] = 0.1;
	gesture->ms = STROKE_MS;
	if (words->count == 1)
		return 0;
	if (words->count < 5)
		return fault_set(fault, -EINVAL, "'pinch' takes X Y FROM TO and a time, or nothing");
	ret = parse_point(words->word + 1, &gesture->from, fault);
	if (!ret)
		ret = parse_position(words->word[3], &gesture->spread[0], fault);
	if (!ret)
		ret = parse_position(words->word[4], &gesture->spread[1], fault);
	return ret ? ret : parse_ms(words, 5, STROKE_MS, &gesture->ms, fault);
}

static int parse_ten(const struct words *words, struct command *command, struct fault *fault)
{
	command->gesture.kind = GESTURE_TEN;
	return parse_ms(words, 1, STROKE_MS, &command->gesture.ms, fault);
}

static int parse_flood(const struct words *words, struct command *command, struct fault *fault)
{
	struct gesture *gesture = &command->gesture;
	int ret = parse_number(words->word[1], 2, MAX_FLOOD, &gesture->frames, fault);

	gesture->kind = GESTURE_FLOOD;
	gesture->fingers = 2;
	if (ret || words->count < 3)
		return ret;
	return parse_number(words->word[2], 1, PANEL_MAX_CONTACTS, &gesture->fingers, fault);
}

static int parse_down(const struct words *words, struct command *command, struct fault *fault)
{
	int ret = parse_number(words->word[1], 0, PANEL_MAX_CONTACTS - 1, &command->id, fault);

	return ret ? ret : parse_point(words->word + 2, &command->point, fault);
}

static int parse_up(const struct words *words, struct command *command, struct fault *fault)
{
	return parse_number(words->word[1], 0, PANEL_MAX_CONTACTS - 1, &command->id, fault);
}

static int parse_wait(const struct words *words, struct command *command, struct fault *fault)
{
	return parse_ms(words, 1, 0, &command->ms, fault);
}

static int parse_replug(const struct words *words, struct command *command, struct fault *fault)
{
	return parse_ms(words, 1, REPLUG_MS, &command->ms, fault);
}

static int parse_replay(const struct words *words, struct command *command, struct fault *fault)
{
	if (snprintf(command->path, sizeof(command->path), "%s", words->word[1]) >= (int)sizeof(command->path))
		return fault_set(fault, -EINVAL, "the name of the recording is longer than %zu characters",
			sizeof(command->path) - 1);
	return 0;
}

static int parse_raw(const struct words *words, struct command *command, struct fault *fault)
{
	unsigned int i;
	char *end;

	command->raw_size = words->count - 1;
	for (i = 0; i < command->raw_size; i++) {
		unsigned long byte = strtoul(words->word[i + 1], &end, 16);

		if (*end || byte > 0xff)
			return fault_set(fault, -EINVAL, "'%s' is not a byte in hexadecimal", words->word[i + 1]);
		command->raw[i] = (uint8_t)byte;
	}
	return 0;
}

static int parse_lift(const struct words *words, struct command *command, struct fault *fault)
{
	(void)words;
	(void)command;
	(void)fault;
	return 0;
}

static const struct {
	const char *word;
	enum command_kind kind;
	unsigned int min_words;
	unsigned int max_words;
	bool touches; /* a strength may be the last word, not counted above */
	int (*parse)(const struct words *words, struct command *command, struct fault *fault);
} commands[] = {
	{ "tap", COMMAND_GESTURE, 3, 4, true, parse_tap },
	{ "drag", COMMAND_GESTURE, 5, 6, true, parse_drag },
	{ "pinch", COMMAND_GESTURE, 1, 6, true, parse_pinch },
	{ "ten", COMMAND_GESTURE, 1, 2, true, parse_ten },
	{ "flood", COMMAND_GESTURE, 2, 3, true, parse_flood },
	{ "down", COMMAND_DOWN, 4, 4, true, parse_down },
	{ "up", COMMAND_UP, 2, 2, false, parse_up },
	{ "lift", COMMAND_LIFT, 1, 1, false, parse_lift },
	{ "wait", COMMAND_WAIT, 2, 2, false, parse_wait },
	{ "replug", COMMAND_REPLUG, 1, 2, false, parse_replug },
	{ "replay", COMMAND_REPLAY, 2, 2, false, parse_replay },
	{ "raw", COMMAND_RAW, 2, MAX_WORDS, false, parse_raw },
};

/* Takes the strength off the end of the words, if one is there. */
static int take_strength(struct words *words, struct command *command, struct fault *fault)
{
	const char *last = words->word[words->count - 1];
	int strength;

	if (words->count < 2 || !isalpha((unsigned char)*last))
		return 0;
	strength = strength_find(last, strlen(last));
	if (strength < 0)
		return fault_set(fault, -EINVAL,
			"'%.40s' is neither a number nor a strength: bare, glove, two-gloves or water", last);
	command->strength = (enum touch_strength)strength;
	command->gesture.strength = command->strength;
	words->count--;
	return 0;
}

int command_parse(const char *line, struct command *command, struct fault *fault)
{
	struct words words;
	size_t i;
	int ret;

	memset(command, 0, sizeof(*command));
	ret = split(line, &words, fault);
	if (ret || words.count == 0 || words.word[0][0] == '#')
		return ret;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].word, words.word[0]) != 0)
			continue;
		ret = commands[i].touches ? take_strength(&words, command, fault) : 0;
		if (ret)
			return ret;
		if (words.count < commands[i].min_words || words.count > commands[i].max_words)
			return fault_set(fault, -EINVAL, "'%s' has %u arguments, it takes %u to %u; see --help",
				commands[i].word, words.count - 1, commands[i].min_words - 1,
				commands[i].max_words - 1);
		command->kind = commands[i].kind;
		return commands[i].parse(&words, command, fault);
	}
	return fault_set(fault, -EINVAL, "'%.40s' is not a command; see --help", words.word[0]);
}

static int append(struct command **list, unsigned int *count, const struct command *command)
{
	struct command *grown = realloc(*list, (*count + 1) * sizeof(**list));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[(*count)++] = *command;
	return 0;
}

static int parse_piece(
	const char *piece, size_t length, unsigned int line, struct command *command, struct fault *fault)
{
	struct fault inner;
	char text[1024];
	int ret;

	if (length >= sizeof(text))
		return fault_set(fault, -EINVAL, "line %u of the script is too long", line);
	memcpy(text, piece, length);
	text[length] = '\0';
	ret = command_parse(text, command, &inner);
	return ret ? fault_set(fault, ret, "line %u of the script: %.250s", line, inner.text) : 0;
}

int command_parse_script(const char *script, struct command **list, unsigned int *count, struct fault *fault)
{
	unsigned int line = 1;
	int ret = 0;

	*list = NULL;
	*count = 0;
	while (*script && !ret) {
		/* A comment runs to the end of its line, with the ';' in it. */
		const char *separators = script[strspn(script, " \t")] == '#' ? "\n" : ";\n";
		size_t length = strcspn(script, separators);
		struct command command;

		ret = parse_piece(script, length, line, &command, fault);
		if (!ret && command.kind != COMMAND_NONE && append(list, count, &command))
			ret = fault_set(fault, -ENOMEM, "out of memory");
		script += length;
		if (*script && *script++ == '\n')
			line++;
	}
	if (ret) {
		free(*list);
		*list = NULL;
		*count = 0;
	}
	return ret;
}
