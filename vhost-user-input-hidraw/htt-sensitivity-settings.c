// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "htt-sensitivity-print.h"
#include "htt-sensitivity-settings.h"

#define DIMMING_STEPS 4

static const unsigned int shown[] = { HTT_FIRMWARE, HTT_DRIVER, HTT_SENSITIVITY, HTT_ROTATION, HTT_BACKLIGHT, HTT_FADE,
	HTT_FEEDBACK, HTT_DIMMING, HTT_THRESHOLD };

#define NUM_SHOWN (sizeof(shown) / sizeof(shown[0]))

/* Which touch controllers have it; the answer of another one would be a number without meaning. */
static bool offered(unsigned int driver, unsigned int id)
{
	switch (id) {
	case HTT_SENSITIVITY: return htt_driver_levels(driver) > 0;
	case HTT_THRESHOLD: return driver == HTT_DRIVER_RESISTIVE;
	case HTT_CALIBRATE: return driver != HTT_DRIVER_NONE && driver != HTT_DRIVER_RESISTIVE;
	default: return true;
	}
}

static void print_dimming(const uint32_t *values, bool json)
{
	unsigned int i;

	printf(json ? "[" : "");
	/* A step without time ends the list. */
	for (i = 0; i < DIMMING_STEPS && values[DIMMING_STEPS + i]; i++) {
		if (json)
			printf("%s{\"seconds\": %u, \"level\": %u}", i ? ", " : "", values[DIMMING_STEPS + i],
				values[i]);
		else
			printf("%s%u after %u s", i ? ", " : "", values[i], values[DIMMING_STEPS + i]);
	}
	printf("%s", json ? "]" : i ? "" : "off");
}

static void print_value(const struct htt_report *report, const uint32_t *values, bool json)
{
	static const char *const feedback[] = { "none", "haptic", "piezo", "both" };
	const char *text = NULL;

	switch (report->id) {
	case HTT_DRIVER: text = htt_driver_name(values[0]); break;
	case HTT_SENSITIVITY: text = htt_level_name(values[0]); break;
	case HTT_FEEDBACK: text = feedback[values[0] & 3]; break;
	case HTT_DIMMING: print_dimming(values, json); return;
	case HTT_ROTATION: printf("%u", values[0] * 90); return;
	case HTT_FADE: printf(json ? "%u" : "%u ms", values[0]); return;
	default: printf("%u", values[0]); return;
	}
	if (json)
		htt_json_text(stdout, text);
	else
		printf("%s", text);
}

static void json_key(const char *name)
{
	printf(", \"");
	for (; *name; name++)
		putchar(*name == ' ' ? '_' : *name);
	printf("\": ");
}

/* Reports that this panel lacks are left out, or null. */
static int show(struct htt_panel *panel, unsigned int driver, bool json, struct htt_error *error)
{
	uint32_t values[HTT_MAX_FIELDS];
	size_t i;
	int ret;

	if (json) {
		printf("{\"path\": ");
		htt_json_text(stdout, panel->node);
		printf(", \"serial\": ");
		htt_json_text(stdout, panel->serial);
	}
	for (i = 0; i < NUM_SHOWN; i++) {
		const struct htt_report *report = htt_report_find(shown[i]);

		ret = offered(driver, report->id) ? htt_hidraw_get(panel, report, values, error) : -EOPNOTSUPP;
		if (ret && ret != -EOPNOTSUPP)
			return ret;
		if (json)
			json_key(report->name);
		else if (!ret)
			printf("%-18s ", report->name);
		if (!ret)
			print_value(report, values, json);
		else if (json)
			printf("null");
		if (!ret && !json)
			putchar('\n');
	}
	printf(json ? "}\n" : "");
	return 0;
}

/*
 * What was set is read back. The vendor's own tool reads numbers of two bytes the other
 * way round than it writes them, so either order is taken for a yes.
 */
static bool is_kept(const struct htt_report *report, const uint32_t *wanted, const uint32_t *got)
{
	unsigned int i;

	for (i = 0; i < report->num_fields; i++) {
		const struct htt_field *field = &report->fields[i];

		if (field->order_only || got[i] == wanted[i])
			continue;
		if (field->size != 2 || got[i] != __builtin_bswap16((uint16_t)wanted[i]))
			return false;
	}
	return true;
}

static int set(
	struct htt_panel *panel, const struct htt_report *report, const uint32_t *values, struct htt_error *error)
{
	uint32_t got[HTT_MAX_FIELDS];
	int ret;

	ret = htt_hidraw_set(panel, report, values, error);
	if (ret || !report->readable)
		return ret;
	ret = htt_hidraw_get(panel, report, got, error);
	if (!ret && !is_kept(report, values, got))
		ret = htt_fail(
			error, -EIO, "%s did not keep the %s; its firmware may not have it", panel->node, report->name);
	return ret;
}

int htt_settings(
	struct htt_finder *finder, struct htt_panel *panel, const struct htt_options *options, struct htt_error *error)
{
	const struct htt_report *report = options->report;
	struct htt_state state;
	int level, ret;

	if (panel->ops != &htt_hidraw_ops)
		return htt_fail(error, -EOPNOTSUPP,
			"%s passes on the sensitivity only; other settings need the machine that the panel is plugged into",
			panel->node);
	ret = panel->ops->state(panel, &state, error);
	if (ret)
		return ret;
	if (!report)
		return show(panel, (unsigned int)state.driver, options->json, error);
	if (!offered((unsigned int)state.driver, report->id))
		return htt_fail(error, -EOPNOTSUPP, "%s: a panel with touch controller %s has no %s", panel->node,
			htt_driver_name((unsigned int)state.driver), report->name);
	if (report->reboots)
		ret = htt_restart(finder, panel, report, options->values, options->timeout, &level, error);
	else
		ret = set(panel, report, options->values, error);
	if (!ret)
		printf("%s: %s done\n", panel->node, report->name);
	return ret;
}
