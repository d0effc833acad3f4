// SPDX-License-Identifier: MIT
/* What happens to bytes on their way: kept, filtered, stamped. And which kernel reads a size in which order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vhost-user-console/escape.h"
#include "vhost-user-console/resize-order.h"
#include "vhost-user-console/stamps.h"
#include "vhost-user-console/stream.h"

#define KEY 0x1d /* ^] */

/* All that a reader at @pos finds, whose place moves on. */
static size_t drain(const struct stream *s, uint64_t *pos, char *out)
{
	const uint8_t *data;
	size_t len, n = 0;

	while ((len = stream_peek(s, *pos, &data))) {
		memcpy(out + n, data, len);
		n += len;
		*pos += len;
	}
	out[n] = '\0';
	return n;
}

static void readers_at_their_own_pace(void **state)
{
	struct stream s;
	uint64_t quick = 0, slow = 0;
	char got[32];

	assert_int_equal(stream_init(&s, 8), 0);
	stream_append(&s, "abcde", 5);
	assert_int_equal(drain(&s, &quick, got), 5);
	assert_string_equal(got, "abcde");
	stream_append(&s, "fgh", 3);
	assert_int_equal(stream_catch_up(&s, &slow), 0);
	assert_int_equal(drain(&s, &slow, got), 8);
	assert_string_equal(got, "abcdefgh");
	assert_int_equal(drain(&s, &quick, got), 3);
	assert_int_equal(drain(&s, &quick, got), 0);
	stream_free(&s);
}

static void the_oldest_goes_first(void **state)
{
	struct stream s;
	uint64_t pos = 0;
	char got[32];

	assert_int_equal(stream_init(&s, 8), 0);
	stream_append(&s, "abcdefgh", 8);
	stream_append(&s, "ij", 2);
	assert_int_equal(stream_start(&s), 2);
	assert_int_equal(stream_catch_up(&s, &pos), 2);
	assert_int_equal(drain(&s, &pos, got), 8);
	assert_string_equal(got, "cdefghij");
	/* more than there is room for at once */
	stream_append(&s, "0123456789ABCDEF", 16);
	assert_int_equal(s.end, 26);
	assert_int_equal(stream_catch_up(&s, &pos), 8);
	assert_int_equal(drain(&s, &pos, got), 8);
	assert_string_equal(got, "89ABCDEF");
	stream_free(&s);
}

/* Pieces of every size, over every place where the buffer ends. */
static void pieces(void **state)
{
	struct stream s;
	uint64_t pos = 0;
	uint8_t next_in = 0, next_out = 0;
	char got[32];

	assert_int_equal(stream_init(&s, 13), 0);
	for (unsigned int i = 0; i < 1000; i++) {
		uint8_t piece[13];
		size_t len = i % 14;

		for (size_t k = 0; k < len; k++)
			piece[k] = next_in++;
		stream_append(&s, piece, len);
		len = drain(&s, &pos, got);
		for (size_t k = 0; k < len; k++)
			assert_int_equal((uint8_t)got[k], next_out++);
	}
	assert_int_equal(next_in, next_out);
	stream_free(&s);
}

static void filter(struct escape *e, const char *in, const char *want, bool want_quit)
{
	uint8_t out[64];
	bool quit;
	size_t n = escape_filter(e, (const uint8_t *)in, strlen(in), out, &quit);

	out[n] = '\0';
	assert_string_equal((char *)out, want);
	assert_int_equal(quit, want_quit);
}

static void escape_key(void **state)
{
	struct escape e = { .key = KEY };

	filter(&e, "plain", "plain", false);
	filter(&e,
		"a\x1d\x1d"
		"b",
		"a\x1d"
		"b",
		false);
	filter(&e, "a\x1dqb", "a", true);
	/* over two reads */
	filter(&e, "a\x1d", "a", false);
	filter(&e, "q", "", true);
	filter(&e, "\x1d", "", false);
	filter(&e, "xq", "\x1dxq", false);
	filter(&e, "\x1d", "", false);
	filter(&e, "\x1d", "\x1d", false);
	filter(&e, "q", "q", false);
	e.key = ESCAPE_NONE;
	filter(&e, "a\x1dq\xff", "a\x1dq\xff", false);
}

static void escape_names(void **state)
{
	int key;

	assert_int_equal(escape_parse("^]", &key), 0);
	assert_int_equal(key, KEY);
	assert_int_equal(escape_parse("^A", &key), 0);
	assert_int_equal(key, 1);
	assert_int_equal(escape_parse("~", &key), 0);
	assert_int_equal(key, '~');
	assert_int_equal(escape_parse("none", &key), 0);
	assert_int_equal(key, ESCAPE_NONE);
	assert_int_equal(escape_parse("", &key), -EINVAL);
	assert_int_equal(escape_parse("^a", &key), -EINVAL);
	assert_int_equal(escape_parse("^]]", &key), -EINVAL);
}

#define WHEN "2026-11-21T17:30:00.123Z "

static void stamp(struct stamps *s, const char *in, const char *want)
{
	const struct timespec now = { .tv_sec = 1795282200, .tv_nsec = 123999999 };
	char out[256];
	size_t used, n = stamps_fill(s, &now, (const uint8_t *)in, strlen(in), out, sizeof(out), &used);

	assert_int_equal(used, strlen(in));
	out[n] = '\0';
	assert_string_equal(out, want);
}

static void stamps(void **state)
{
	struct stamps s = { 0 };

	stamp(&s, "one\ntwo\n", WHEN "one\n" WHEN "two\n");
	stamp(&s, "hal", WHEN "hal");
	stamp(&s, "f\n", "f\n");
	stamp(&s, "\n\n", WHEN "\n" WHEN "\n");
	stamp(&s, "", "");
}

/* What does not fit is left for the next time, and never more is written than there is room for. */
static void stamps_in_small_rooms(void **state)
{
	const struct timespec now = { .tv_sec = 1795282200 };
	const char *in = "a\nb\ncc\n";
	struct stamps s = { 0 };
	char out[STAMP_SIZE + 2], all[256] = "";
	size_t used, n;

	for (size_t at = 0; at < strlen(in); at += used) {
		n = stamps_fill(&s, &now, (const uint8_t *)in + at, strlen(in) - at, out, STAMP_SIZE + 1, &used);
		assert_in_range(n, 1, STAMP_SIZE + 1);
		assert_true(used > 0);
		strncat(all, out, n);
	}
	assert_string_equal(
		all, "2026-11-21T17:30:00.000Z a\n2026-11-21T17:30:00.000Z b\n2026-11-21T17:30:00.000Z cc\n");
}

static void orders(void **state)
{
	static const char *const rows[] = { "5.4.302", "5.10.247", "5.15.197", "6.1.159", "6.6.119", "6.12.64",
		"6.12.9", "6.15.11", "6.8.0-45-generic", "4.19.325", "whatever", "" };
	static const char *const cols[] = { "5.10.248", "5.15.198", "6.1.160", "6.1.192-2", "6.6.120", "6.12.65",
		"6.12.117-vlo", "6.16", "6.16.0", "6.17.0", "6.18.5", "7.2.1-amd64", "7.3.4+deb13-amd64" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(resize_order_of_linux(rows[i], ""), CONTROL_ROWS_FIRST);
	for (size_t i = 0; i < sizeof(cols) / sizeof(cols[0]); i++)
		assert_int_equal(resize_order_of_linux(cols[i], ""), CONTROL_COLS_FIRST);
	assert_int_equal(
		resize_order_of_linux("6.1.0-56-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1 (2026-01-01)"),
		CONTROL_COLS_FIRST);
	assert_int_equal(resize_order_of_linux("6.1.0-7-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.20-1 (2023-03-19)"),
		CONTROL_ROWS_FIRST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_at_their_own_pace),
		cmocka_unit_test(the_oldest_goes_first),
		cmocka_unit_test(pieces),
		cmocka_unit_test(escape_key),
		cmocka_unit_test(escape_names),
		cmocka_unit_test(stamps),
		cmocka_unit_test(stamps_in_small_rooms),
		cmocka_unit_test(orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
