/* SPDX-License-Identifier: MIT */
/* The text of --port, and of a line of --config. No I/O but reading that file. */
#ifndef PORT_SPEC_H
#define PORT_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control.h"

#define PORT_PATH_SIZE	 108 /* of a socket's address */
#define PORT_BUFFER	 (64u << 10)
#define PORT_MIN_BUFFER	 (32u << 10) /* Linux writes that much at once */
#define PORT_MAX_BUFFER	 (16u << 20)
#define PORT_MAX_NUMBERS 4096 /* columns or rows */

enum port_backend {
	PORT_PTY,
	PORT_UNIX,
	PORT_TCP,
	PORT_FILE,
	PORT_STDIO,
};

enum port_role {
	PORT_ANY, /* the first port is a console, the others are not */
	PORT_CONSOLE,
	PORT_GENERIC,
};

/**
 * struct port_spec - one port
 * @name: what the driver calls it; empty: nothing
 * @path: pty: of a link to it, or empty; unix: of the socket; file: of the file
 * @host: tcp: numeric address; @service its port
 * @anyone: tcp: an address that others can reach is no mistake
 * @escape: stdio: the key, or ESCAPE_NONE
 * @cols: of the window at the beginning; 0: unknown
 * @buffer: how much is kept of what the driver wrote
 */
struct port_spec {
	char name[CONTROL_NAME_SIZE];
	enum port_backend backend;
	enum port_role role;
	char path[PORT_PATH_SIZE];
	char host[64];
	char service[8];
	bool anyone;
	bool timestamps;
	int escape;
	uint16_t cols;
	uint16_t rows;
	size_t buffer;
};

/* name=NAME,backend=KIND[,...]. 0, or -EINVAL with a sentence in @error. */
int port_spec_parse(const char *text, struct port_spec *spec, char *error, size_t size);

bool port_spec_equal(const struct port_spec *a, const struct port_spec *b);

/*
 * One port a line; empty lines and those that begin with # are for people. Every port has a
 * name, no two the same. The number of ports, at most @max, or -errno with a sentence in @error.
 */
int port_spec_read(FILE *file, struct port_spec *specs, unsigned int max, char *error, size_t size);

#endif /* PORT_SPEC_H */
