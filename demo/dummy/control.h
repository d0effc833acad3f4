/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_CONTROL_H
#define DEMO_DUMMY_CONTROL_H

#include <systemd/sd-event.h>

#include "fault.h"
#include "player.h"

/*
 * The panel's remote control: a Unix stream socket that takes script lines.
 * Each line is answered when all of it has been carried out, with
 * "ok frames=N reports=N ms=N" or "error SENTENCE".  One client at a time, the
 * next one waits; one that hangs up does not stop the gesture it started.
 */
struct control;

/* Listens at @path (removed again by control_free()); borrows @player. */
int control_new(
	struct control **control, sd_event *event, const char *path, struct player *player, struct fault *fault);
void control_free(struct control *control);

/*
 * The other side: sends @script line by line and waits for each answer.
 * Answers go to stdout; the first error ends it.
 */
int control_send(const char *path, const char *script, struct fault *fault);

#endif
