/* SPDX-License-Identifier: MIT */
/*
 * What the parts of htt-sensitivity share: a panel, and the two ways to one. On the
 * machine that it is plugged into it is a hidraw node; in a guest, or behind
 * virtio-loopback, it is an input device that vhost-user-input-hidraw serves.
 */
#ifndef HTT_SENSITIVITY_H
#define HTT_SENSITIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "htt-features.h"

#define HTT_MAX_PANELS 16

/**
 * struct htt_error - what went wrong, as a whole sentence without its full stop
 *
 * Functions that take one fill it in unless they return 0. They return -errno, of
 * which main() makes the program's exit status: -ENODEV (no panel),
 * -ENOTUNIQ (several), -EOPNOTSUPP (this panel does not offer it), -ETIMEDOUT (did
 * not come back), -EACCES (no permission), -EINVAL (usage).
 */
struct htt_error {
	char text[512];
};

int htt_fail(struct htt_error *error, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * struct htt_state - what a panel tells of itself; -1: it does not
 * @driver: enum htt_driver, or a number that this code does not know
 * @levels: levels of sensitivity from HTT_NORMAL upwards; 0: none
 * @level: enum htt_level
 * @rotation: in degrees
 */
struct htt_state {
	int driver;
	int levels;
	int level;
	int rotation;
	int backlight;
	int64_t firmware;
};

struct htt_panel;
struct htt_finder;

/**
 * struct htt_panel_ops - one way to a panel
 * @open: -EACCES without permission, -ENODEV when it has just vanished
 * @state: of an open panel
 * @level: the same, the level only
 * @set_level: change the level of an open panel. Returns 0 once the panel has
 *	restarted, was asked for its level again and said @level; -ETIMEDOUT
 *	after @timeout seconds. @panel is where it came back, open or closed
 * @fd: of an open panel, readable when its level has changed; -1 when that cannot be waited for
 */
struct htt_panel_ops {
	const char *kind;
	int (*open)(struct htt_panel *panel, struct htt_error *error);
	void (*close)(struct htt_panel *panel);
	int (*state)(struct htt_panel *panel, struct htt_state *state, struct htt_error *error);
	int (*level)(struct htt_panel *panel, int *level, struct htt_error *error);
	int (*set_level)(struct htt_finder *finder, struct htt_panel *panel, int level, unsigned int timeout,
		struct htt_error *error);
	int (*fd)(const struct htt_panel *panel);
};

extern const struct htt_panel_ops htt_hidraw_ops, htt_evdev_ops;

/**
 * struct htt_panel - a panel that was found
 * @node: /dev/hidrawN or /dev/input/eventN
 * @device: path of the HID or input device in sysfs; each plugging in makes another one
 * @serial: its serial number; may be empty, and is as the panel gives it
 * @place: where it is plugged in
 * @handle: of the ops, NULL while it is not open
 */
struct htt_panel {
	const struct htt_panel_ops *ops;
	char node[64];
	char device[256];
	char serial[64];
	char place[128];
	void *handle;
};

struct htt_list {
	unsigned int count;
	struct htt_panel panels[HTT_MAX_PANELS];
};

/* --- htt-sensitivity-find.c: which panels there are --- */

int htt_finder_new(struct htt_finder **finder, struct htt_error *error);
void htt_finder_free(struct htt_finder *finder); /* NULL is fine */

/**
 * htt_find - list the panels that match
 * @serial, @path: what was asked for, or NULL
 *
 * Hidraw nodes where there are any that match, else input devices; none is no error.
 * No panel is opened.
 */
int htt_find(struct htt_finder *finder, const char *serial, const char *path, struct htt_list *list,
	struct htt_error *error);

/* The one panel that matches: as above, and -ENODEV or -ENOTUNIQ. */
int htt_find_one(struct htt_finder *finder, const char *serial, const char *path, struct htt_panel *panel,
	struct htt_error *error);

/* Waits until something was plugged in or out, or one of the @num_fds is readable, or @ms have passed. */
struct pollfd;
int htt_finder_wait(struct htt_finder *finder, int ms, struct pollfd *fds, unsigned int num_fds);

uint64_t htt_now_ms(void);

/* --- htt-sensitivity-hidraw.c: feature reports, for the settings that have no other way --- */

/* -EOPNOTSUPP: the panel does not know the report. @values: one for each of its fields */
int htt_hidraw_get(struct htt_panel *panel, const struct htt_report *report, uint32_t *values, struct htt_error *error);
int htt_hidraw_set(
	struct htt_panel *panel, const struct htt_report *report, const uint32_t *values, struct htt_error *error);

/* --- htt-sensitivity-restart.c --- */

/**
 * htt_same_panel - is this the panel of before?
 * @before: the panels that there were with @panel among them
 *
 * By serial number; without one, or where several have the same, by the place where it is plugged in.
 */
bool htt_same_panel(const struct htt_list *before, const struct htt_panel *panel, const struct htt_panel *now);

/**
 * htt_restart - set a report that makes the panel restart, and wait until it is back
 * @panel: a hidraw panel, open; afterwards closed, and as it came back
 * @timeout: in seconds
 * @level: the sensitivity that it has then, -1 if it has none
 *
 * A panel that takes the report and stays where it is is as good. -ETIMEDOUT: it did not come back.
 */
int htt_restart(struct htt_finder *finder, struct htt_panel *panel, const struct htt_report *report,
	const uint32_t *values, unsigned int timeout, int *level, struct htt_error *error);

#endif /* HTT_SENSITIVITY_H */
