// SPDX-License-Identifier: MIT
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_LINES   10
#define LIMIT_SECONDS 5

struct level_name {
	const char *name;
	const char *prefix;
};

static const struct level_name levels[] = {
	[VHU_LOG_ERROR] = { "error", SD_ERR },
	[VHU_LOG_WARN] = { "warn", SD_WARNING },
	[VHU_LOG_INFO] = { "info", SD_INFO },
	[VHU_LOG_DEBUG] = { "debug", SD_DEBUG },
};

/*
 * The one file with state of its own: a log has to work wherever it is called
 * from, so there is nobody who could hand it a context.
 */
static int current_level = -1;
static struct {
	time_t since;
	unsigned int lines;
	unsigned int dropped;
} limit;

static int find_level(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (!strcmp(name, levels[i].name))
			return (int)i;
	return -EINVAL;
}

int vhu_log_set_level(const char *name)
{
	int level = find_level(name);

	if (level < 0)
		return level;
	current_level = level;
	return 0;
}

bool vhu_log_enabled(enum vhu_log_level level)
{
	if (current_level < 0) {
		const char *name = getenv("VHU_LOG_LEVEL");

		current_level = name ? find_level(name) : VHU_LOG_INFO;
		if (current_level < 0)
			current_level = VHU_LOG_INFO;
	}
	return (int)level <= current_level;
}

/* systemd.exec(5): stderr is the journal's only if device and inode are those it names. */
static bool journal_reads_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
		st.st_dev == dev && st.st_ino == ino;
}

static void write_line(enum vhu_log_level level, const char *fmt, va_list ap)
{
	char line[1024];
	int len;

	if (journal_reads_stderr())
		len = snprintf(line, sizeof(line), "%s", levels[level].prefix);
	else
		len = snprintf(line, sizeof(line), "%s: ", program_invocation_short_name);
	if (len < 0 || (size_t)len >= sizeof(line))
		len = 0;
	vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, ap);
	/* one call a line, so that programs that share a terminal do not mix theirs */
	fprintf(stderr, "%s\n", line);
}

void vhu_log(enum vhu_log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!vhu_log_enabled(level))
		return;
	va_start(ap, fmt);
	write_line(level, fmt, ap);
	va_end(ap);
}

/* May one more line pass? Tells of those that did not when a new period begins. */
static bool limit_passes(void)
{
	struct timespec ts;
	unsigned int dropped;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (ts.tv_sec - limit.since >= LIMIT_SECONDS) {
		dropped = limit.dropped;
		limit.since = ts.tv_sec;
		limit.lines = 0;
		limit.dropped = 0;
		if (dropped)
			vhu_log(VHU_LOG_WARN, "%u further messages of this kind were not shown", dropped);
	}
	if (limit.lines >= LIMIT_LINES) {
		limit.dropped++;
		return false;
	}
	limit.lines++;
	return true;
}

void vhu_log_limited(enum vhu_log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!vhu_log_enabled(level) || !limit_passes())
		return;
	va_start(ap, fmt);
	write_line(level, fmt, ap);
	va_end(ap);
}
