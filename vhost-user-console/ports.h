/* SPDX-License-Identifier: MIT */
/*
 * The ports of the device, by their numbers: those of the command line for good, those of
 * --config as that file says, again after each SIGHUP.
 */
#ifndef PORTS_H
#define PORTS_H

#include "port.h"

/* What their owner is told, besides what port.h says. @removed comes before port_close(). */
struct ports_events {
	struct port_events port;
	void (*added)(struct port *port);
	void (*removed)(struct port *port);
};

/**
 * struct ports
 * @by_id: NULL: no such port
 * @num: ports that the driver was told there may be
 * @all_from_file: the command line names no port, so that the file's first one is a console
 * @removals: counts them, so that @removed_at says which number has been free for longest
 */
struct ports {
	struct port *by_id[CONTROL_MAX_PORTS];
	unsigned int num;
	bool all_from_file;
	uint64_t removals;
	uint64_t removed_at[CONTROL_MAX_PORTS];
	const char *config;
	sd_event *event;
	const struct ports_events *events;
	void *owner;
};

/*
 * Open @num_specs ports, and those of the file @config unless it is NULL. @max: how many
 * there may be, 0: as many as there are, or eight with @config. 0, or -errno after the
 * reason was logged; ports_close() is due either way.
 */
int ports_open(struct ports *ports, const struct port_spec *specs, unsigned int num_specs, const char *config,
	unsigned int max);
void ports_close(struct ports *ports);
/* SIGHUP: read the file again, open log files anew. What cannot be done is logged and left as it is. */
void ports_reload(struct ports *ports);

/* Does the file make sense? 0 or -errno, logged. */
int ports_check_config(const char *config, unsigned int max);

#endif /* PORTS_H */
