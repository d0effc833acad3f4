/* SPDX-License-Identifier: MIT */
/*
 * Configuration space (virtio 1.4, 2.5): for most types the daemon's, for some it is
 * the front-end's own, wholly or in part, as in QEMU. A type whose front-end has a
 * say has one struct config_own, in a file of its own (config-TYPE.c).
 */
#ifndef ADAPTER_CONFIG_H
#define ADAPTER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/devices.h"
#include "adapter/frontend.h"

struct display;

#define CONFIG_TAG_LEN 36 /* of virtio-fs; no NUL when all are used */

/**
 * struct config_options - what the command line says about configuration space
 * @fs_tag: --fs-tag, or NULL
 * @have_mac: --mac was given; @mac is it
 * @mtu: --mtu, 0 when it was not given
 * @width: of the screen that a GPU is told of (--screen); @height likewise; 0: default
 */
struct config_options {
	const char *fs_tag;
	bool have_mac;
	uint8_t mac[6];
	unsigned int mtu;
	unsigned int width;
	unsigned int height;
};

/**
 * struct config - the configuration space of one device
 * @type: what the device is
 * @opt: stays the caller's
 * @num_queues: of the device
 * @display: of a GPU that has been started; owned, see config_end()
 */
struct config {
	const struct device_type *type;
	const struct config_options *opt;
	unsigned int num_queues;
	struct display *display;
};

/**
 * struct config_own - what the front-end does for a type; any of these may be NULL
 * @asks_daemon: does the daemon's space come first, to be filled in? NULL: never
 * @missing: ends the sentence about a daemon that should have one, and has none
 * @features: what the driver may be offered, by what the daemon offers
 * @fill: write our fields; @space holds the daemon's, or zeroes, and is as long as the type says
 * @write: the driver wrote there: 0 when that was for us, -EOPNOTSUPP when the daemon is to know
 * @start: the rings are about to start with the features in @negotiated: tell the daemon what only we know
 */
struct config_own {
	bool (*asks_daemon)(const struct config_options *opt);
	const char *missing;
	uint64_t (*features)(const struct config_options *opt, uint64_t daemon);
	void (*fill)(const struct config *c, uint8_t *space);
	int (*write)(struct config *c, uint32_t offset, const void *data, uint32_t len);
	int (*start)(struct config *c, struct frontend *fe, uint64_t negotiated);
};

extern const struct config_own config_fs;
extern const struct config_own config_net;
extern const struct config_own config_gpu;

/* Does the command line fit the type? 0, or -EINVAL after the sentence was logged. */
int config_check_options(const struct device_type *type, const struct config_options *opt);

/* What the driver may be offered. Bits that the daemon does not offer are ours alone; it never hears of them. */
uint64_t config_features(const struct config *c, uint64_t daemon);

/* All of it, into @space of the type's config_size. 0, or -errno as frontend_get_config(). */
int config_read(const struct config *c, struct frontend *fe, void *space);
/* The range was checked. 0, or -errno as frontend_set_config(). */
int config_write(struct config *c, struct frontend *fe, uint32_t offset, const void *data, uint32_t len);
int config_start(struct config *c, struct frontend *fe, uint64_t negotiated);
void config_end(struct config *c); /* frees what config_start() made */
/* The daemon cannot serve it: how to help that; NULL when there is no help. */
const char *config_missing(const struct device_type *type);

#endif /* ADAPTER_CONFIG_H */
