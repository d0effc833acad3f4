// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "htt-sensitivity-options.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The panel counts durations in tenths of a second; 0xffff is an alarm without end. */
#define TENTH_MS 100
#define FOREVER	 0xffff

#define DIMMING_STEPS 4

int htt_parse_number(const char *what, const char *text, uint32_t max, uint32_t *value, struct htt_error *error)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || number > max)
		return htt_fail(error, -EINVAL, "%s must be a number from 0 to %u, not \"%.40s\"", what, max, text);
	*value = (uint32_t)number;
	return 0;
}

/* Milliseconds that the panel can count in tenths of a second */
static int parse_tenths(const char *text, uint32_t max_tenths, uint32_t *value, struct htt_error *error)
{
	int ret = htt_parse_number("the duration in milliseconds", text, max_tenths * TENTH_MS, value, error);

	if (!ret && *value % TENTH_MS)
		return htt_fail(error, -EINVAL, "the duration goes in steps of %d ms; %s ms is none", TENTH_MS, text);
	*value /= TENTH_MS;
	return ret;
}

static int parse_rotation(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	static const char *const degrees[] = { "0", "90", "180", "270" };
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(degrees); i++) {
		if (strcmp(words[0], degrees[i]) == 0) {
			values[0] = i;
			return 0;
		}
	}
	return htt_fail(error, -EINVAL, "the rotation is 0, 90, 180 or 270, not \"%.40s\"", words[0]);
}

static int parse_backlight(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	return htt_parse_number("the backlight", words[0], UINT8_MAX, &values[0], error);
}

static int parse_fade(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	return htt_parse_number("the fade in milliseconds", words[0], UINT16_MAX, &values[0], error);
}

static int parse_duration(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	return parse_tenths(words[0], 100, &values[0], error);
}

/* "off", or seconds and level for up to four steps; what is not given is 0, which ends the list. */
static int parse_dimming(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	unsigned int i;
	int ret = 0;

	if (count == 1 && strcmp(words[0], "off") == 0)
		return 0;
	if (count % 2)
		return htt_fail(error, -EINVAL, "dimming wants pairs of seconds and backlight level, or \"off\"");
	for (i = 0; !ret && i < count / 2; i++, words += 2) {
		uint32_t *seconds = &values[DIMMING_STEPS + i];

		ret = htt_parse_number("the time in seconds", words[0], UINT16_MAX, seconds, error);
		if (!ret && *seconds == 0)
			ret = htt_fail(error, -EINVAL, "a step of dimming comes after at least one second");
		if (!ret)
			ret = htt_parse_number("the backlight", words[1], UINT8_MAX, &values[i], error);
	}
	return ret;
}

static int parse_feedback(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	static const char *const kinds[] = { "none", "haptic", "piezo", "both" };
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(words[0], kinds[i]) == 0) {
			values[0] = i;
			return 0;
		}
	}
	return htt_fail(error, -EINVAL, "touch feedback is none, haptic, piezo or both, not \"%.40s\"", words[0]);
}

static int parse_threshold(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	return htt_parse_number("the threshold", words[0], UINT16_MAX, &values[0], error);
}

static int parse_alarm(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	int ret;

	if (count == 1 && strcmp(words[0], "off") == 0)
		return 0;
	if (count != 3)
		return htt_fail(error, -EINVAL, "alarm wants a type, milliseconds and flashes a second, or \"off\"");
	ret = htt_parse_number("the alarm's type", words[0], 17, &values[0], error);
	if (!ret && strcmp(words[1], "forever") == 0)
		values[1] = FOREVER;
	else if (!ret)
		ret = parse_tenths(words[1], FOREVER - 1, &values[1], error);
	return ret ? ret : htt_parse_number("the number of flashes a second", words[2], 10, &values[2], error);
}

static int parse_nothing(char **words, unsigned int count, uint32_t *values, struct htt_error *error)
{
	return 0;
}

/* @min, @max: words after the name */
static const struct setting {
	const char *name;
	enum htt_report_id id;
	unsigned int min;
	unsigned int max;
	bool saves;
	int (*parse)(char **words, unsigned int count, uint32_t *values, struct htt_error *error);
} settings[] = {
	{ "rotation", HTT_ROTATION, 1, 1, false, parse_rotation },
	{ "backlight", HTT_BACKLIGHT, 1, 1, true, parse_backlight },
	{ "fade", HTT_FADE, 1, 1, true, parse_fade },
	{ "dimming", HTT_DIMMING, 1, 2 * DIMMING_STEPS, false, parse_dimming },
	{ "feedback", HTT_FEEDBACK, 1, 1, false, parse_feedback },
	{ "haptic", HTT_HAPTIC, 1, 1, false, parse_duration },
	{ "piezo", HTT_PIEZO, 1, 1, false, parse_duration },
	{ "alarm", HTT_ALARM, 1, 3, false, parse_alarm },
	{ "threshold", HTT_THRESHOLD, 1, 1, false, parse_threshold },
	{ "calibrate", HTT_CALIBRATE, 0, 0, false, parse_nothing },
	{ "factory-reset", HTT_FACTORY_RESET, 0, 0, false, parse_nothing },
};

const char *htt_settings_help(void)
{
	return "Settings:\n"
	       "  rotation 0|90|180|270          of the touches, not of the picture\n"
	       "  backlight 0..255 [--save]\n"
	       "  fade MS [--save]               how long a change of the backlight takes\n"
	       "  dimming SECONDS LEVEL ...|off  up to four steps while nobody touches\n"
	       "  feedback none|haptic|piezo|both\n"
	       "  haptic MS, piezo MS            vibrate or beep now\n"
	       "  alarm TYPE MS|forever FLASHES|off\n"
	       "  threshold 0..65535             of resistive panels\n"
	       "  calibrate                      a capacitive panel; hands off while it does\n"
	       "  factory-reset --yes            forgets all settings; the panel restarts\n";
}

static const struct setting *find_setting(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

int htt_settings_parse(
	char **words, unsigned int count, bool save, bool yes, struct htt_options *options, struct htt_error *error)
{
	bool show = count == 0 || (count == 1 && strcmp(words[0], "show") == 0);
	const struct setting *setting = show ? NULL : find_setting(words[0]);
	bool reset = setting && setting->id == HTT_FACTORY_RESET;
	int ret;

	if (!show && !setting)
		return htt_fail(error, -EINVAL, "there is no setting \"%.40s\"; see --help", words[0]);
	if (save && (!setting || !setting->saves))
		return htt_fail(error, -EINVAL, "--save is for backlight and fade; other settings are kept anyway");
	if (yes && !reset)
		return htt_fail(error, -EINVAL, "--yes is for factory-reset");
	if (!setting)
		return 0;
	if (count - 1 < setting->min || count - 1 > setting->max)
		return htt_fail(error, -EINVAL, "%s: wrong number of values; see --help", setting->name);
	if (reset && !yes)
		return htt_fail(error, -EINVAL,
			"a factory reset forgets all settings of the panel; add --yes if that is wanted");
	ret = setting->parse(words + 1, count - 1, options->values, error);
	if (ret)
		return ret;
	options->report = htt_report_find(setting->id);
	if (setting->saves)
		options->values[1] = save;
	return 0;
}
