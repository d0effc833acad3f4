// SPDX-License-Identifier: MIT
/* The text of --port and of a line of --config. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vhost-user-console/port-spec.h"

#define MAX 3

static struct port_spec parse(const char *text)
{
	struct port_spec spec;
	char error[256] = "";

	if (port_spec_parse(text, &spec, error, sizeof(error)))
		fail_msg("%s: %s", text, error);
	return spec;
}

static void refused(const char *text, const char *word)
{
	struct port_spec spec;
	char error[256] = "";

	assert_int_equal(port_spec_parse(text, &spec, error, sizeof(error)), -EINVAL);
	if (!strstr(error, word))
		fail_msg("\"%s\" does not say \"%s\" of %s", error, word, text);
}

static void defaults(void **state)
{
	struct port_spec spec = parse("backend=pty");

	assert_int_equal(spec.backend, PORT_PTY);
	assert_int_equal(spec.role, PORT_ANY);
	assert_string_equal(spec.name, "");
	assert_string_equal(spec.path, "");
	assert_int_equal(spec.buffer, PORT_BUFFER);
	assert_int_equal(spec.escape, 0x1d);
	assert_int_equal(spec.cols, 0);
}

static void all_words(void **state)
{
	struct port_spec spec = parse("name=org.x.0,backend=unix,path=/run/x,size=132x43,buffer=1M,console");

	assert_string_equal(spec.name, "org.x.0");
	assert_string_equal(spec.path, "/run/x");
	assert_int_equal(spec.cols, 132);
	assert_int_equal(spec.rows, 43);
	assert_int_equal(spec.buffer, 1 << 20);
	assert_int_equal(spec.role, PORT_CONSOLE);
	spec = parse("backend=file,path=x,timestamps,generic,buffer=32768");
	assert_true(spec.timestamps);
	assert_int_equal(spec.role, PORT_GENERIC);
	assert_int_equal(spec.buffer, 32768);
	spec = parse("backend=stdio,escape=^A");
	assert_int_equal(spec.escape, 1);
}

static void addresses(void **state)
{
	struct port_spec spec = parse("backend=tcp,address=127.0.0.1:4000");

	assert_string_equal(spec.host, "127.0.0.1");
	assert_string_equal(spec.service, "4000");
	spec = parse("backend=tcp,address=[::1]:65535");
	assert_string_equal(spec.host, "::1");
	assert_string_equal(spec.service, "65535");
	parse("backend=tcp,address=127.9.9.9:1");
	parse("backend=tcp,anyone,address=0.0.0.0:1");
	parse("backend=tcp,address=0.0.0.0:1,anyone");
	refused("backend=tcp,address=0.0.0.0:4000", "others can reach");
	refused("backend=tcp,address=[::]:4000", "others can reach");
	refused("backend=tcp,address=[::ffff:127.0.0.1]:4000", "others can reach");
	refused("backend=tcp,address=192.168.1.1:4000", "anyone");
	refused("backend=tcp,address=localhost:4000", "numeric");
	refused("backend=tcp,address=127.0.0.1", "ADDRESS:PORT");
	refused("backend=tcp,address=127.0.0.1:0", "ADDRESS:PORT");
	refused("backend=tcp,address=127.0.0.1:65536", "ADDRESS:PORT");
	refused("backend=tcp,address=127.0.0.1:4000x", "ADDRESS:PORT");
	refused("backend=tcp,address=[::1:4000", "]");
	refused("backend=tcp,address=[:4000", "]");
	refused("backend=tcp,address=:4000", "address=");
	refused("backend=tcp", "address=");
}

static void nonsense(void **state)
{
	refused("", "backend=");
	refused("name=x", "backend=");
	refused("backend=modem", "modem");
	refused("backend=pty,speed=9600", "speed");
	refused("backend=pty,backend=pty", "twice");
	refused("backend=pty,console=yes", "no value");
	refused("backend=pty,size", "lacks");
	refused("backend=unix", "path=");
	refused("backend=file", "path=");
	refused("backend=pty,timestamps", "timestamps");
	refused("backend=stdio,path=x", "path");
	refused("backend=unix,path=x,escape=^]", "escape");
	refused("backend=pty,console,generic", "either");
	refused("backend=pty,size=80", "80x25");
	refused("backend=pty,size=-1x25", "80x25");
	refused("backend=pty,size=80x4097", "80x25");
	refused("backend=pty,buffer=31K", "32K");
	refused("backend=pty,buffer=17M", "16M");
	refused("backend=pty,buffer=64k", "16M");
	refused("backend=pty,name=", "1 to 63");
	refused("backend=pty,name=a b", "others");
	refused("backend=pty,name=a/b", "others");
	refused("backend=pty,name=0123456789012345678901234567890123456789012345678901234567890123", "1 to 63");
	refused("backend=stdio,escape=^^^", "none");
}

/* Two that mean the same are the same port to --config. */
static void equality(void **state)
{
	static const char *const others[] = { "name=b,backend=pty", "name=a,backend=stdio",
		"name=a,backend=pty,console", "name=a,backend=pty,path=x", "name=a,backend=pty,size=1x0",
		"name=a,backend=pty,size=0x1", "name=a,backend=pty,buffer=1M" };
	struct port_spec one = parse("name=a,backend=pty"), two = parse("backend=pty,name=a");

	assert_true(port_spec_equal(&one, &two));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		two = parse(others[i]);
		assert_false(port_spec_equal(&one, &two));
	}
	one = parse("backend=tcp,address=127.0.0.1:1");
	two = parse("backend=tcp,address=127.0.0.1:2");
	assert_false(port_spec_equal(&one, &two));
	two = parse("backend=tcp,address=127.0.0.2:1");
	assert_false(port_spec_equal(&one, &two));
	two = parse("backend=tcp,address=127.0.0.1:1,anyone");
	assert_false(port_spec_equal(&one, &two));
	one = parse("backend=file,path=x");
	two = parse("backend=file,path=x,timestamps");
	assert_false(port_spec_equal(&one, &two));
	one = parse("backend=stdio");
	two = parse("backend=stdio,escape=none");
	assert_false(port_spec_equal(&one, &two));
}

static int read_text(const char *text, struct port_spec *specs, char *error, size_t size)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int ret;

	assert_non_null(file);
	ret = port_spec_read(file, specs, MAX, error, size);
	fclose(file);
	return ret;
}

static void a_file(void **state)
{
	struct port_spec specs[MAX];
	char error[256];

	assert_int_equal(read_text("# ports\n\n  name=a,backend=pty  \nname=b,backend=file,path=/x", specs, error,
				 sizeof(error)),
		2);
	assert_string_equal(specs[0].name, "a");
	assert_string_equal(specs[1].path, "/x");
	assert_int_equal(read_text("# none\n", specs, error, sizeof(error)), 0);
}

static void bad_files(void **state)
{
	struct port_spec specs[MAX];
	char error[256];

	assert_int_equal(read_text("name=a,backend=pty\nbackend=pty\n", specs, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "line 2: name= is missing"));
	assert_int_equal(read_text("name=a,backend=pty\n\nname=a,backend=pty\n", specs, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "line 3: a second port \"a\""));
	assert_int_equal(read_text("name=a,backend=x\n", specs, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "line 1: "));
	assert_int_equal(read_text("name=a,backend=pty\nname=b,backend=pty\nname=c,backend=pty\nname=d,backend=pty\n",
				 specs, error, sizeof(error)),
		-EINVAL);
	assert_non_null(strstr(error, "more than 3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_words),
		cmocka_unit_test(addresses),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(equality),
		cmocka_unit_test(a_file),
		cmocka_unit_test(bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
