/* SPDX-License-Identifier: MIT */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>

#include "level-policy.h"
#include "panel.h"
#include "transform.h"

#define DEFAULT_VENDOR	0x1b3d /* Matrix Orbital */
#define DEFAULT_PRODUCT 0x14c9 /* HTT series */

/* What the command line asks for; strings belong to it. */
struct input_options {
	struct panel_match match;
	const char *name; /* instead of the panel's own; NULL: its own */
	const char *recording; /* play this file instead of reading a panel */
	struct transform transform;
	int sensitivity; /* enum htt_level to set at each attach, or LEVEL_NONE */
	bool wait;
	bool no_grab;
	bool no_control; /* the driver neither sees nor sets the sensitivity */
	bool print_panel;
};

void input_options_init(struct input_options *options);

/* Parses into the struct input_options that is argp's input. --print-panel ends the program. */
extern const struct argp input_argp;

/* Print what is understood of the chosen panel. 0 or -errno, having logged why. */
int input_print_panel(const struct input_options *options);

#endif /* OPTIONS_H */
