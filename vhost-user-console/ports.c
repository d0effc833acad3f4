// SPDX-License-Identifier: MIT
#include "ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define NUM_WITH_CONFIG 8

/* -errno, logged; or the number of ports. */
static int read_config(const char *path, struct port_spec *specs, unsigned int max)
{
	FILE *file = fopen(path, "re");
	char error[512];
	int ret;

	if (!file) {
		ret = -errno;
		vhu_err("cannot read %s: %s", path, strerror(-ret));
		return ret;
	}
	ret = port_spec_read(file, specs, max, error, sizeof(error));
	fclose(file);
	if (ret < 0)
		vhu_err("%s, %s", path, error);
	return ret;
}

int ports_check_config(const char *config, unsigned int max)
{
	struct port_spec *specs = calloc(CONTROL_MAX_PORTS, sizeof(*specs));
	int ret = specs ? read_config(config, specs, max ? max : NUM_WITH_CONFIG) : -ENOMEM;

	free(specs);
	return ret < 0 ? ret : 0;
}

/*
 * Number 0 belongs to a console: where the driver has no multiport, port 0 is one. A number that was
 * freed is used again as late as possible, as messages about the old port may be on their way.
 */
static int free_id(const struct ports *ports, bool console)
{
	int best = -1;

	for (unsigned int id = console ? 0 : 1; id < ports->num; id++) {
		if (!ports->by_id[id] && (best < 0 || ports->removed_at[id] < ports->removed_at[best]))
			best = (int)id;
	}
	return best;
}

static struct port *find(const struct ports *ports, const char *name)
{
	for (unsigned int id = 0; id < ports->num; id++) {
		if (ports->by_id[id] && !strcmp(ports->by_id[id]->spec.name, name))
			return ports->by_id[id];
	}
	return NULL;
}

static int add(struct ports *ports, const struct port_spec *spec, bool console, bool from_file)
{
	int id = free_id(ports, console), ret;
	struct port *port;

	if (spec->name[0] && find(ports, spec->name)) {
		vhu_err("there is a port \"%s\" already: choose another name", spec->name);
		return -EEXIST;
	}
	if (id < 0) {
		vhu_err("no number is free for the port \"%s\"; start with a larger --max-ports", spec->name);
		return -ENOSPC;
	}
	ret = port_open(&port, spec, (unsigned int)id, console, ports->event, &ports->events->port, ports->owner);
	if (ret < 0)
		return ret;
	port->from_file = from_file;
	ports->by_id[id] = port;
	ports->events->added(port);
	return 0;
}

static void remove_port(struct ports *ports, struct port *port)
{
	ports->events->removed(port);
	ports->by_id[port->id] = NULL;
	ports->removed_at[port->id] = ++ports->removals;
	port_close(port);
}

/* Only the very first port is a console without being asked. */
static bool is_console(const struct port_spec *spec, bool first)
{
	return spec->role == PORT_CONSOLE || (first && spec->role == PORT_ANY);
}

static bool wanted(const struct port *port, const struct port_spec *specs, unsigned int num)
{
	for (unsigned int i = 0; i < num; i++) {
		if (port_spec_equal(&port->spec, &specs[i]))
			return true;
	}
	return false;
}

/* Those that are gone or changed first: their sockets and places may be wanted by others. */
static int follow_config(struct ports *ports, const struct port_spec *specs, unsigned int num)
{
	int ret = 0;

	for (unsigned int id = 0; id < ports->num; id++) {
		struct port *port = ports->by_id[id];

		if (port && port->from_file && !wanted(port, specs, num))
			remove_port(ports, port);
	}
	for (unsigned int i = 0; i < num; i++) {
		const struct port *port = find(ports, specs[i].name);
		bool console = is_console(&specs[i], ports->all_from_file && !i);

		if ((!port || !port->from_file) && add(ports, &specs[i], console, true) < 0)
			ret = -EINVAL;
	}
	return ret;
}

int ports_open(struct ports *ports, const struct port_spec *specs, unsigned int num_specs, const char *config,
	unsigned int max)
{
	struct port_spec *listed = config ? calloc(CONTROL_MAX_PORTS, sizeof(*listed)) : NULL;
	int num_listed = 0, ret = 0;
	bool first_is_generic;

	ports->config = config;
	ports->all_from_file = !num_specs;
	if (config) {
		num_listed = listed ? read_config(config, listed, max ? max : NUM_WITH_CONFIG) : -ENOMEM;
		if (num_listed < 0) {
			free(listed);
			return num_listed;
		}
	}
	/* then number 0 stays free */
	first_is_generic = num_specs && specs[0].role == PORT_GENERIC;
	ports->num = max ? max : num_specs + (config ? NUM_WITH_CONFIG : 0) + first_is_generic;
	if (ports->num > CONTROL_MAX_PORTS)
		ports->num = CONTROL_MAX_PORTS;
	for (unsigned int i = 0; i < num_specs && !ret; i++)
		ret = add(ports, &specs[i], is_console(&specs[i], !i), false);
	if (config && !ret)
		ret = follow_config(ports, listed, (unsigned int)num_listed);
	free(listed);
	return ret;
}

void ports_close(struct ports *ports)
{
	for (unsigned int id = 0; id < ports->num; id++) {
		port_close(ports->by_id[id]);
		ports->by_id[id] = NULL;
	}
}

void ports_reload(struct ports *ports)
{
	struct port_spec *specs = calloc(CONTROL_MAX_PORTS, sizeof(*specs));
	int num = specs && ports->config ? read_config(ports->config, specs, ports->num) : -ENOENT;

	if (num >= 0 && !follow_config(ports, specs, (unsigned int)num))
		vhu_info("%s was read again", ports->config);
	free(specs);
	for (unsigned int id = 0; id < ports->num; id++) {
		struct port *port = ports->by_id[id];

		if (port && port->ops->reopen)
			port->ops->reopen(port);
	}
}
