// SPDX-License-Identifier: MIT
/* Drives a line of a simulated chip from outside and counts what irq_count.c counts: an exact number, or the test fails. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S    1000000000LL
#define PATIENCE_MS 60000 /* for an interrupt that has to come */
#define SILENCE_MS  300 /* for one that must not */
#define SETTLE_MS   2000 /* the same, and the daemon has to have read all edges by then: nothing tells */
#define BURST	    5 /* of toggles while the interrupt is masked */
#define ROUNDS	    5
#define BLIND_SHARE 10 /* percent of the edges that interrupt at least, however many find one latched */

enum {
	OPT_BLIND = 0x100,
	OPT_MASKED,
};

/**
 * struct drive - the run
 * @blind: keep the rate whatever happens; else each interrupt has to be counted before the next toggle
 * @masked: what happens while the interrupt is masked (hold=1) counts
 * @seen: last count read
 * @late: toggles that had to wait for an interrupt longer than the rate allows
 */
struct drive {
	const char *pull;
	const char *type;
	long toggles;
	long rate;
	bool blind;
	bool masked;
	int pull_fd;
	int count_fd;
	int64_t seen;
	long late;
};

static const struct argp_option options[] = {
	{ "pull", 'p', "FILE", 0, "The gpio-sim line's pull attribute", 0 },
	{ "type", 't', "TYPE", 0, "rising, falling, both, high or low, as the module was given", 0 },
	{ "toggles", 'n', "N", 0, "Changes of the line (1000)", 0 },
	{ "rate", 'r', "HZ", 0, "Changes a second, at most (1000)", 0 },
	{ "blind", OPT_BLIND, NULL, 0, "Do not wait for interrupts: an edge may find another one latched", 0 },
	{ "masked", OPT_MASKED, NULL, 0,
		"What comes while the interrupt is masked: an edge is remembered, a level is not", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct drive *d = state->input;

	switch (key) {
	case 'p': d->pull = arg; return 0;
	case 't': d->type = arg; return 0;
	case 'n': d->toggles = strtol(arg, NULL, 10); return 0;
	case 'r': d->rate = strtol(arg, NULL, 10); return 0;
	case OPT_BLIND: d->blind = true; return 0;
	case OPT_MASKED: d->masked = true; return 0;
	case ARGP_KEY_END:
		if (!d->pull || !d->type || d->toggles < 2 || d->rate < 1)
			argp_error(state, "--pull and --type are missing, or a number is none");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void sleep_until(int64_t ns)
{
	const struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static int drive_line(const struct drive *d, bool level)
{
	const char *text = level ? "pull-up" : "pull-down";

	return pwrite(d->pull_fd, text, strlen(text), 0) == (ssize_t)strlen(text) ? 0 : -errno;
}

static int served(const struct drive *d)
{
	return write(d->count_fd, "", 1) == 1 ? 0 : -errno;
}

/* Is the count so, now or within @timeout_ms? -ETIME: it stayed below; -EOVERFLOW: it is above. */
static int counted(struct drive *d, int64_t want, int timeout_ms)
{
	struct pollfd pfd = { .fd = d->count_fd, .events = POLLIN };

	while (d->seen < want) {
		if (poll(&pfd, 1, timeout_ms) != 1)
			return -ETIME;
		if (read(d->count_fd, &d->seen, sizeof(d->seen)) != sizeof(d->seen))
			return -errno;
	}
	return d->seen == want ? 0 : -EOVERFLOW;
}

static int still_for(struct drive *d, int ms)
{
	int64_t before = d->seen;

	return counted(d, before + 1, ms) == -ETIME ? 0 : -EOVERFLOW;
}

static int still(struct drive *d)
{
	return still_for(d, SILENCE_MS);
}

static bool counts(const struct drive *d, bool level)
{
	return !strcmp(d->type, "both") || !strcmp(d->type, level ? "rising" : "falling");
}

static bool too_few(const struct drive *d, int64_t edges)
{
	return d->blind && d->seen * 100 < edges * BLIND_SHARE;
}

/* Edges that did not wait: enough of them have interrupted, and the next one does. */
static int survived(struct drive *d, int64_t edges)
{
	bool edge = strcmp(d->type, "falling") != 0;
	int ret = too_few(d, edges) ? -ETIME : drive_line(d, !edge);

	if (!ret)
		ret = drive_line(d, edge);
	return ret ? ret : counted(d, d->seen + 1, PATIENCE_MS);
}

static int edges(struct drive *d)
{
	int64_t next = now_ns(), want = 0, start = next, end;
	int ret = 0;

	/* A machine that stood still for most of them goes on until enough have interrupted */
	for (long i = 0; !ret && (i < d->toggles || (too_few(d, want) && i < 20 * d->toggles)); i++) {
		next += NS_PER_S / d->rate;
		sleep_until(next);
		ret = drive_line(d, i % 2 == 0);
		if (ret || !counts(d, i % 2 == 0))
			continue;
		want++;
		if (d->blind)
			counted(d, want, 0); /* only looks */
		else
			ret = counted(d, want, PATIENCE_MS);
		/* The rate is the most that is asked for: what was lost is not caught up with. */
		if (!d->blind && now_ns() > next + NS_PER_S / d->rate) {
			d->late++;
			next = now_ns();
		}
	}
	end = now_ns();
	if (!ret)
		ret = counted(d, want, d->blind ? SILENCE_MS : PATIENCE_MS);
	if (!ret)
		ret = still(d);
	printf("%s%s: %ld toggles, %.0f a second, %ld of them late; interrupts: %lld expected, %lld counted\n", d->type,
		d->blind ? " (blind)" : "", d->toggles, (double)d->toggles * NS_PER_S / (double)(end - start), d->late,
		(long long)want, (long long)d->seen);
	return d->blind && (!ret || ret == -ETIME) ? survived(d, want) : ret;
}

/* The device's part of a level: it asks for service, is served, is quiet. */
static int levels(struct drive *d, bool active)
{
	int64_t next = now_ns(), start = next, end;
	long services = d->toggles / 2;
	int ret = 0;

	for (long i = 0; !ret && i < services; i++) {
		next += 2 * NS_PER_S / d->rate;
		sleep_until(next);
		ret = drive_line(d, active);
		if (!ret)
			ret = counted(d, i + 1, PATIENCE_MS);
		if (!ret)
			ret = drive_line(d, !active);
		if (!ret)
			ret = served(d);
		if (now_ns() > next + 2 * NS_PER_S / d->rate) {
			d->late++;
			next = now_ns();
		}
	}
	end = now_ns();
	if (!ret)
		ret = still(d);
	printf("%s: %ld toggles, %.0f a second, %ld of them late; interrupts: %ld expected, %lld counted\n", d->type,
		2 * services, (double)(2 * services) * NS_PER_S / (double)(end - start), d->late, services,
		(long long)d->seen);
	return ret;
}

/* It fires for each service that finds it still there, and not for what came and went meanwhile. */
static int lasting_level(struct drive *d, bool active)
{
	int ret = drive_line(d, active);

	for (int i = 0; !ret && i < 100; i++) {
		ret = counted(d, d->seen + 1, PATIENCE_MS);
		if (!ret && i < 99)
			ret = served(d);
	}
	for (int i = 0; !ret && i < BURST; i++)
		ret = drive_line(d, i % 2 ? active : !active);
	if (!ret)
		ret = served(d);
	return ret ? ret : still(d);
}

/* Edges while the interrupt is masked: one of them is remembered. */
static int latched_edges(struct drive *d)
{
	bool both = !strcmp(d->type, "both"), edge = strcmp(d->type, "falling") != 0;
	int ret = drive_line(d, !edge);

	for (int round = 0; !ret && round < ROUNDS; round++) {
		ret = drive_line(d, edge);
		if (!ret)
			ret = counted(d, d->seen + 1, PATIENCE_MS);
		for (int i = 0; !ret && i < 2 * BURST; i++)
			ret = drive_line(d, i % 2 ? edge : !edge);
		if (!ret)
			ret = still_for(d, SETTLE_MS);
		if (!ret)
			ret = served(d);
		if (!ret)
			ret = counted(d, d->seen + 1, PATIENCE_MS);
		/* Back, which is an edge of both. */
		if (!ret)
			ret = drive_line(d, !edge);
		if (!ret)
			ret = served(d);
		if (!ret && both)
			ret = counted(d, d->seen + 1, PATIENCE_MS);
		if (!ret && both)
			ret = served(d);
		if (!ret)
			ret = still(d);
	}
	return ret;
}

static int run(struct drive *d)
{
	bool level = !strcmp(d->type, "high") || !strcmp(d->type, "low"), active = !strcmp(d->type, "high");

	d->pull_fd = open(d->pull, O_WRONLY | O_CLOEXEC);
	d->count_fd = open("/dev/irq-count", O_RDWR | O_CLOEXEC);
	if (d->pull_fd < 0 || d->count_fd < 0)
		return -errno;
	if (d->masked)
		return level ? lasting_level(d, active) : latched_edges(d);
	return level ? levels(d, active) : edges(d);
}

int main(int argc, char **argv)
{
	const struct argp argp = { options, parse_option, NULL, "Count the interrupts of a GPIO line.", NULL, NULL,
		NULL };
	struct drive d = { .toggles = 1000, .rate = 1000, .pull_fd = -1, .count_fd = -1 };
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &d);
	ret = run(&d);
	if (ret == -ETIME)
		fprintf(stderr, "gpio-irqs: an interrupt is missing after %lld\n", (long long)d.seen);
	else if (ret == -EOVERFLOW)
		fprintf(stderr, "gpio-irqs: one interrupt too many, now %lld\n", (long long)d.seen);
	else if (ret)
		fprintf(stderr, "gpio-irqs: %s; is the module irq_count there, and its line?\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
