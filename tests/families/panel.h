/* SPDX-License-Identifier: MIT */
/* A family's panel as a uhid device (linux/uhid.h); the functions die with a sentence when the machine is not fit. */
#ifndef TEST_FAMILIES_PANEL_H
#define TEST_FAMILIES_PANEL_H

#include "families.h"

struct panel;

/* @name also is its physical path, by which its nodes are found. */
struct panel *panel_plug(const struct family *family, const char *name);
void panel_unplug(struct panel *panel);

/* Its hidraw node; waits until it is there. */
void panel_hidraw(struct panel *panel, char *node, size_t size);

void panel_send(struct panel *panel, const uint8_t *report, size_t size);

#endif /* TEST_FAMILIES_PANEL_H */
