/* SPDX-License-Identifier: MIT */
/*
 * A recording as a source of reports: the text that hid-recorder(1) writes, with
 * the lines R (report descriptor), N (name), I (bus and ids) and E (time and
 * report). Reports come at the times they were recorded at.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <systemd/sd-event.h>

#include "source.h"

struct recording;

/**
 * recording_open - read a recording
 * @error: a whole sentence without its full stop, filled in unless 0 is returned
 *
 * Returns 0 or -errno. If the file has several devices, the first one counts.
 */
int recording_open(const char *path, struct recording **recording, struct hid_error *error);
void recording_free(struct recording *recording); /* NULL is fine */

/* What was recorded; info->touch is the caller's, and NULL at the second call. */
void recording_info(struct recording *recording, struct source_info *info);

/* Play it once, from now on. ops->found is not called. 0 or -errno of the event loop. */
int recording_play(struct recording *recording, sd_event *event, const struct source_ops *ops, void *context);

#endif /* RECORDING_H */
