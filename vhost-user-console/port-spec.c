// SPDX-License-Identifier: MIT
#include "port-spec.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "spec.h"

enum key {
	KEY_NAME,
	KEY_BACKEND,
	KEY_PATH,
	KEY_ADDRESS,
	KEY_ANYONE,
	KEY_TIMESTAMPS,
	KEY_ESCAPE,
	KEY_SIZE,
	KEY_BUFFER,
	KEY_CONSOLE,
	KEY_GENERIC,
	NUM_KEYS,
};

static const char *const keys[] = {
	[KEY_NAME] = "name",
	[KEY_BACKEND] = "backend",
	[KEY_PATH] = "path",
	[KEY_ADDRESS] = "address",
	[KEY_ANYONE] = "anyone",
	[KEY_TIMESTAMPS] = "timestamps",
	[KEY_ESCAPE] = "escape",
	[KEY_SIZE] = "size",
	[KEY_BUFFER] = "buffer",
	[KEY_CONSOLE] = "console",
	[KEY_GENERIC] = "generic",
	[NUM_KEYS] = NULL,
};

static const char *const backends[] = { "pty", "unix", "tcp", "file", "stdio" };

#define BIT(n) (1U << (n))

/* Which back-ends a key means something to. */
static const unsigned int meant_for[NUM_KEYS] = {
	[KEY_PATH] = BIT(PORT_PTY) | BIT(PORT_UNIX) | BIT(PORT_FILE),
	[KEY_ADDRESS] = BIT(PORT_TCP),
	[KEY_ANYONE] = BIT(PORT_TCP),
	[KEY_TIMESTAMPS] = BIT(PORT_FILE),
	[KEY_ESCAPE] = BIT(PORT_STDIO),
};

static bool takes_value(unsigned int key)
{
	return key != KEY_ANYONE && key != KEY_TIMESTAMPS && key != KEY_CONSOLE && key != KEY_GENERIC;
}

static int copy(char *to, size_t room, const char *from, const char *what, const struct vhu_fault *fault)
{
	size_t len = strlen(from);

	if (!len || len >= room)
		return vhu_refuse(fault, "%s has 1 to %zu characters, \"%s\" has not", what, room - 1, from);
	memcpy(to, from, len + 1);
	return 0;
}

static int parse_name(struct port_spec *spec, const char *value, const struct vhu_fault *fault)
{
	for (const char *c = value; *c; c++) {
		if (!isgraph((unsigned char)*c) || *c == '/')
			return vhu_refuse(
				fault, "a port's name has letters, digits and signs but /, \"%s\" has others", value);
	}
	return copy(spec->name, sizeof(spec->name), value, "a port's name", fault);
}

static int parse_backend(struct port_spec *spec, const char *value, const struct vhu_fault *fault)
{
	for (unsigned int i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (!strcmp(value, backends[i])) {
			spec->backend = i;
			return 0;
		}
	}
	return vhu_refuse(fault, "there is no back-end \"%s\"; there are pty, unix, tcp, file and stdio", value);
}

static int parse_size(struct port_spec *spec, const char *value, const struct vhu_fault *fault)
{
	const char *rest = value;
	unsigned long cols, rows;

	if (!vhu_take_number(&rest, PORT_MAX_NUMBERS, &cols) || *rest++ != 'x' ||
		!vhu_take_number(&rest, PORT_MAX_NUMBERS, &rows) || *rest)
		return vhu_refuse(fault, "size wants COLUMNSxROWS such as 80x25, not \"%s\"", value);
	spec->cols = (uint16_t)cols;
	spec->rows = (uint16_t)rows;
	return 0;
}

static int parse_buffer(struct port_spec *spec, const char *value, const struct vhu_fault *fault)
{
	const char *rest = value;
	unsigned long n;

	if (vhu_take_number(&rest, PORT_MAX_BUFFER, &n)) {
		unsigned int shift = *rest == 'K' ? 10 : *rest == 'M' ? 20 : 0;

		rest += shift != 0;
		if (!*rest && n <= PORT_MAX_BUFFER >> shift && n << shift >= PORT_MIN_BUFFER) {
			spec->buffer = n << shift;
			return 0;
		}
	}
	return vhu_refuse(fault, "buffer wants a size from 32K to 16M, not \"%s\"", value);
}

/* Whether it is an address at all comes first. */
static int check_address(const struct port_spec *spec, const struct vhu_fault *fault)
{
	struct in6_addr six;
	struct in_addr four;
	bool loopback;

	if (inet_pton(AF_INET, spec->host, &four) == 1)
		loopback = ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
	else if (inet_pton(AF_INET6, spec->host, &six) == 1)
		loopback = IN6_IS_ADDR_LOOPBACK(&six);
	else
		return vhu_refuse(fault, "\"%s\" is no numeric address", spec->host);
	if (!loopback && !spec->anyone)
		return vhu_refuse(fault,
			"others can reach %s, and nothing asks them who they are: use 127.0.0.1 or [::1], or add \"anyone\"",
			spec->host);
	return 0;
}

/* ADDRESS:PORT, [ADDRESS]:PORT. Numbers only: a name may lead elsewhere tomorrow. */
static int parse_address(struct port_spec *spec, const char *value, const struct vhu_fault *fault)
{
	const char *colon = strrchr(value, ':'), *rest = colon ? colon + 1 : NULL;
	bool brackets = value[0] == '[';
	unsigned long number;
	size_t len;

	if (!colon || !vhu_take_number(&rest, UINT16_MAX, &number) || *rest || !number)
		return vhu_refuse(
			fault, "address wants ADDRESS:PORT such as 127.0.0.1:4000 or [::1]:4000, not \"%s\"", value);
	len = (size_t)(colon - value);
	if (brackets && (len < 2 || colon[-1] != ']'))
		return vhu_refuse(fault, "\"%s\" lacks a ]", value);
	if (brackets) {
		value++;
		len -= 2;
	}
	if (len >= sizeof(spec->host))
		return vhu_refuse(fault, "\"%s\" is no address", value);
	memcpy(spec->host, value, len);
	spec->host[len] = '\0';
	snprintf(spec->service, sizeof(spec->service), "%u", (uint16_t)number);
	return 0;
}

static int parse_word(struct port_spec *spec, unsigned int key, const char *value, const struct vhu_fault *fault)
{
	switch (key) {
	case KEY_NAME: return parse_name(spec, value, fault);
	case KEY_BACKEND: return parse_backend(spec, value, fault);
	case KEY_PATH: return copy(spec->path, sizeof(spec->path), value, "a path", fault);
	case KEY_ADDRESS: return parse_address(spec, value, fault);
	case KEY_ANYONE: spec->anyone = true; return 0;
	case KEY_TIMESTAMPS: spec->timestamps = true; return 0;
	case KEY_ESCAPE:
		if (escape_parse(value, &spec->escape))
			return vhu_refuse(
				fault, "escape wants a character, ^ and a capital letter, or none, not \"%s\"", value);
		return 0;
	case KEY_SIZE: return parse_size(spec, value, fault);
	case KEY_BUFFER: return parse_buffer(spec, value, fault);
	case KEY_CONSOLE: spec->role = PORT_CONSOLE; return 0;
	default: spec->role = PORT_GENERIC; return 0;
	}
}

static int check(const struct port_spec *spec, unsigned int seen, const struct vhu_fault *fault)
{
	for (unsigned int key = 0; key < NUM_KEYS; key++) {
		if (seen & BIT(key) && meant_for[key] && !(meant_for[key] & BIT(spec->backend)))
			return vhu_refuse(
				fault, "%s means nothing to the back-end %s", keys[key], backends[spec->backend]);
	}
	if (!(seen & BIT(KEY_BACKEND)))
		return vhu_refuse(fault, "backend= is missing: pty, unix, tcp, file or stdio");
	if (!spec->path[0] && (spec->backend == PORT_UNIX || spec->backend == PORT_FILE))
		return vhu_refuse(fault, "the back-end %s wants path=", backends[spec->backend]);
	if (seen & BIT(KEY_CONSOLE) && seen & BIT(KEY_GENERIC))
		return vhu_refuse(fault, "a port is either a console or generic");
	if (spec->backend != PORT_TCP)
		return 0;
	return spec->host[0] ? check_address(spec, fault) : vhu_refuse(fault, "the back-end tcp wants address=");
}

int port_spec_parse(const char *text, struct port_spec *spec, char *error, size_t size)
{
	const struct vhu_fault fault = { error, size };
	char *words = strdup(text), *rest = words, *value;
	unsigned int seen = 0;
	int ret = 0;

	if (!words)
		return vhu_refuse(&fault, "out of memory");
	memset(spec, 0, sizeof(*spec));
	spec->buffer = PORT_BUFFER;
	spec->escape = ']' - '@';
	while (!ret && *rest) {
		char *word = rest;
		int key = getsubopt(&rest, (char *const *)keys, &value);

		if (key < 0)
			ret = vhu_refuse(&fault, "\"%s\" means nothing in a port", word);
		else if (seen & BIT(key))
			ret = vhu_refuse(&fault, "%s twice", keys[key]);
		else if (!!value != takes_value((unsigned int)key))
			ret = vhu_refuse(&fault, value ? "%s takes no value" : "%s= lacks its value", keys[key]);
		else
			ret = parse_word(spec, (unsigned int)key, value, &fault);
		seen |= key < 0 ? 0 : BIT(key);
	}
	free(words);
	return ret ? ret : check(spec, seen, &fault);
}

bool port_spec_equal(const struct port_spec *a, const struct port_spec *b)
{
	return !strcmp(a->name, b->name) && a->backend == b->backend && a->role == b->role &&
		!strcmp(a->path, b->path) && !strcmp(a->host, b->host) && !strcmp(a->service, b->service) &&
		a->anyone == b->anyone && a->timestamps == b->timestamps && a->escape == b->escape &&
		a->cols == b->cols && a->rows == b->rows && a->buffer == b->buffer;
}

static bool named_before(const struct port_spec *specs, unsigned int num, const char *name)
{
	for (unsigned int i = 0; i < num; i++) {
		if (!strcmp(specs[i].name, name))
			return true;
	}
	return false;
}

/* Without the spaces around it. */
static char *trim(char *line)
{
	char *end = line + strlen(line);

	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*line))
		line++;
	return line;
}

int port_spec_read(FILE *file, struct port_spec *specs, unsigned int max, char *error, size_t size)
{
	const struct vhu_fault fault = { error, size };
	char line[1024], why[256];
	unsigned int num = 0;

	for (unsigned int n = 1; fgets(line, sizeof(line), file); n++) {
		const char *text = trim(line);

		if (!*text || *text == '#')
			continue;
		if (num == max)
			return vhu_refuse(&fault, "line %u: more than %u ports; --max-ports allows more", n, max);
		if (port_spec_parse(text, &specs[num], why, sizeof(why)))
			return vhu_refuse(&fault, "line %u: %s", n, why);
		if (!specs[num].name[0])
			return vhu_refuse(&fault, "line %u: name= is missing", n);
		if (named_before(specs, num, specs[num].name))
			return vhu_refuse(&fault, "line %u: a second port \"%s\"", n, specs[num].name);
		num++;
	}
	return ferror(file) ? vhu_refuse(&fault, "cannot be read") : (int)num;
}
