/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DUMMY_PANEL_H
#define DEMO_DUMMY_PANEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "descriptors.h"
#include "fault.h"
#include "feature.h"
#include "frame.h"
#include "recording.h"

/* What kind of panel; everything pointed at stays the caller's and outlives the panel. */
struct panel_options {
	const struct panel_variant *variant;
	const struct recording *like; /* its descriptor and ids instead of the variant's, or NULL */
	const char *name; /* NULL: the usual one */
	const char *serial;
	uint32_t vendor;
	uint32_t product;
	enum touch_driver driver;
	bool forgetful; /* see struct features */
	bool reboot; /* setting the sensitivity reboots, as the real panel does */
	bool returns; /* after a reboot; else it stays away */
	unsigned int reboot_ms; /* how long it is away */
	FILE *trace; /* every frame sent, see trace.h, or NULL */
	FILE *record; /* every report sent, see recording.h, or NULL */
};

/* Both are called from the event loop. */
struct panel_ops {
	void (*ready)(void *data, const char *node); /* after each time it is plugged in */
	void (*failed)(void *data, int error, const char *what);
};

/* An HTT70A: a uhid device with feature reports that live through a reboot. */
struct panel;

int panel_new(struct panel **panel, sd_event *event, const struct panel_options *options, const struct panel_ops *ops,
	void *data, struct fault *fault);
void panel_free(struct panel *panel);

/* Plugs the panel in; ops->ready follows. */
int panel_plug(struct panel *panel);

/* Takes the panel away for @ms milliseconds, it comes back by itself, without the settings that were not saved. */
int panel_replug(struct panel *panel, unsigned int ms);

/* True between ops->ready and the next unplug: reports can be sent. */
bool panel_ready(const struct panel *panel);

/* Whether the reports of @recording are of this panel's report descriptor. */
bool panel_understands(const struct panel *panel, const struct recording *recording);

/* Sends what the panel feels of one scan; returns the number of reports it took, 0 when it feels nothing, or -errno. */
int panel_send_frame(struct panel *panel, const struct frame *frame);

/* Sends one report as it is, if touches of @strength are felt; 1, 0 when they are not, or -errno. */
int panel_send_raw(struct panel *panel, const uint8_t *report, size_t size, enum touch_strength strength);

#endif
