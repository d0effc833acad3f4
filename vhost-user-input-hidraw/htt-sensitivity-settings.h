/* SPDX-License-Identifier: MIT */
#ifndef HTT_SENSITIVITY_SETTINGS_H
#define HTT_SENSITIVITY_SETTINGS_H

#include "htt-sensitivity-options.h"

/* "settings" for an open panel: prints to standard output. Returns 0 or -errno as in htt-sensitivity.h. */
int htt_settings(
	struct htt_finder *finder, struct htt_panel *panel, const struct htt_options *options, struct htt_error *error);

#endif /* HTT_SENSITIVITY_SETTINGS_H */
