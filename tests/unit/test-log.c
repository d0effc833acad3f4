// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

struct capture {
	int file;
	int saved;
	char text[8192];
};

static int set_up(void **state)
{
	struct capture *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	unsetenv("JOURNAL_STREAM");
	c->file = memfd_create("stderr", MFD_CLOEXEC);
	c->saved = dup(STDERR_FILENO);
	assert_true(c->file >= 0 && c->saved >= 0);
	assert_true(dup2(c->file, STDERR_FILENO) >= 0);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct capture *c = *state;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->file);
	free(c);
	return vhu_log_set_level("info");
}

static const char *text(struct capture *c)
{
	ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);

	assert_true(n >= 0);
	c->text[n] = '\0';
	return c->text;
}

static void names_of_levels(void **state)
{
	assert_int_equal(vhu_log_set_level("loud"), -EINVAL);
	assert_int_equal(vhu_log_set_level(""), -EINVAL);
	assert_int_equal(vhu_log_set_level("warn"), 0);
	assert_true(vhu_log_enabled(VHU_LOG_ERROR));
	assert_true(vhu_log_enabled(VHU_LOG_WARN));
	assert_false(vhu_log_enabled(VHU_LOG_INFO));
	vhu_info("not to be seen");
	vhu_warn("seen %d", 7);
	assert_string_equal(text(*state), "test-log: seen 7\n");
}

static void prefix_for_the_journal_only(void **state)
{
	struct capture *c = *state;
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(c->file, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	vhu_err("e");
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1); /* inherited, but stderr was redirected since */
	vhu_err("f");
	assert_string_equal(text(c), "<3>e\ntest-log: f\n");
}

static void long_lines_are_cut(void **state)
{
	struct capture *c = *state;
	char line[4000];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	vhu_err("%s", line);
	assert_true(strlen(text(c)) < 2000);
	assert_int_equal(c->text[strlen(c->text) - 1], '\n');
}

static void a_peer_cannot_flood(void **state)
{
	struct capture *c = *state;
	unsigned int lines = 0, i;
	const char *p;

	for (i = 0; i < 100; i++)
		vhu_log_limited(VHU_LOG_WARN, "again");
	vhu_warn("ours");
	for (p = text(c); (p = strstr(p, "again")); p++)
		lines++;
	assert_int_equal(lines, 10);
	assert_non_null(strstr(c->text, "ours"));
	sleep(6);
	vhu_log_limited(VHU_LOG_WARN, "later");
	assert_non_null(strstr(text(c), "90 further"));
	assert_non_null(strstr(c->text, "later"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_of_levels),
		TEST(prefix_for_the_journal_only),
		TEST(long_lines_are_cut),
		TEST(a_peer_cannot_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
