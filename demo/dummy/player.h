/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_PLAYER_H
#define DEMO_DUMMY_PLAYER_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "command.h"
#include "panel.h"

/*
 * Carries out commands on a panel, one after the other, at the panel's rate.
 * The time of a frame is counted from its gesture's start, so that one late
 * wake-up makes frames come closer together and never fewer.
 */
struct player;

/* What one run of commands did. */
struct player_result {
	int error; /* 0 or -errno, then @fault has the sentence */
	struct fault fault;
	unsigned long frames; /* that the panel reported */
	unsigned long unfelt; /* that its sensitivity left out */
	unsigned long reports;
	uint64_t us; /* from the first command's start to the last one's end */
};

/* @rate in frames per second, 0 as fast as the kernel takes them. Borrows @panel. */
int player_new(struct player **player, sd_event *event, struct panel *panel, unsigned int rate);
void player_free(struct player *player);

/*
 * Takes over @commands (malloc'ed) and runs them, as soon as the panel is
 * there; @done is called once, from the event loop.  -EBUSY while another run
 * goes on, then the caller keeps @commands.
 */
int player_run(struct player *player, struct command *commands, unsigned int count,
	void (*done)(void *data, const struct player_result *result), void *data);

/* To be called when the panel is ready (again). */
void player_panel_ready(struct player *player);

#endif
