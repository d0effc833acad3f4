/* SPDX-License-Identifier: MIT */
#ifndef HTT_SENSITIVITY_WATCH_H
#define HTT_SENSITIVITY_WATCH_H

#include "htt-sensitivity-options.h"

/*
 * "watch": a line on standard output for each panel that comes, goes or changes its level, until SIGINT or SIGTERM.
 * Returns 0 then, or -errno as in htt-sensitivity.h.
 */
int htt_watch(struct htt_finder *finder, const struct htt_options *options, struct htt_error *error);

#endif /* HTT_SENSITIVITY_WATCH_H */
