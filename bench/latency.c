// SPDX-License-Identifier: MIT
/*
 * Measures, in turns, the same thing by two ways, and prints one line a sample:
 *
 *	CASE WAY RUN NANOSECONDS
 *
 * kick-call: what passes between two reads of /dev/hwrng, each of which is one
 * request to the virtio-rng daemon (driver's kick, daemon, call, driver), against
 * an eventfd that goes to another process and another one that comes back.
 *
 * touch: from the write of a touch report to uhid until the event node is readable,
 * of the panel's own node and of the one that comes through virtio-loopback.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/panel.h"

#define NATIVE_SERIAL	"bench-native"
#define LOOPBACK_SERIAL "bench-loopback"
#define NODE_PATIENCE	60 /* seconds; a daemon and an adapter have to start */
#define EVENT_PATIENCE	5000 /* milliseconds */
#define RNG_BYTES	64 /* what virtio-rng asks the daemon for at once */

struct bench {
	const char *what;
	int runs;
	int count;
	int64_t *samples;
};

static const struct argp_option options[] = {
	{ "runs", 'r', "N", 0, "How often each way has its turn, default 5", 0 },
	{ "count", 'n', "N", 0, "Samples a turn, default 1000", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static int parse_count(struct argp_state *state, const char *arg)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (end == arg || *end || n < 1 || n > 1000000)
		argp_failure(state, 1, 0, "\"%s\" is no number from 1 to 1000000", arg);
	return (int)n;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct bench *b = state->input;

	switch (key) {
	case 'r': b->runs = parse_count(state, arg); break;
	case 'n': b->count = parse_count(state, arg); break;
	case ARGP_KEY_ARG: b->what = arg; break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void print_samples(const struct bench *b, const char *way, int run)
{
	for (int i = 0; i < b->count; i++)
		printf("%s %s %d %lld\n", b->what, way, run, (long long)b->samples[i]);
}

/* The other process of the floor: an answer for each question. */
static void answer_for_ever(int ask, int answer)
{
	eventfd_t value;

	while (!eventfd_read(ask, &value) && !eventfd_write(answer, 1))
		;
	_exit(0);
}

static int floor_turn(const struct bench *b)
{
	int ask = eventfd(0, EFD_CLOEXEC), answer = eventfd(0, EFD_CLOEXEC), err = 0;
	int64_t last, now;
	eventfd_t value;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		answer_for_ever(ask, answer);
	last = now_ns();
	for (int i = 0; i < b->count && !err; i++) {
		if (eventfd_write(ask, 1) || eventfd_read(answer, &value))
			err = -errno;
		now = now_ns();
		b->samples[i] = now - last;
		last = now;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ask);
	close(answer);
	return err;
}

static int rng_turn(const struct bench *b, int fd)
{
	char bytes[RNG_BYTES];
	int64_t last, now;
	ssize_t n;

	/* The driver asks ahead: the first read only takes what has been there for long. */
	n = read(fd, bytes, sizeof(bytes));
	last = now_ns();
	for (int i = 0; i < b->count && n == RNG_BYTES; i++) {
		n = read(fd, bytes, sizeof(bytes));
		now = now_ns();
		b->samples[i] = now - last;
		last = now;
	}
	if (n == RNG_BYTES)
		return 0;
	return n < 0 ? -errno : -EIO;
}

static int kick_call(struct bench *b)
{
	int fd = open("/dev/hwrng", O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : 0;

	for (int run = 0; !err && run < b->runs; run++) {
		err = floor_turn(b);
		if (!err)
			print_samples(b, "floor", run);
		if (!err)
			err = rng_turn(b, fd);
		if (!err)
			print_samples(b, "loopback", run);
	}
	return err;
}

static int wait_for_node(const char *serial, bool virtio)
{
	int fd = -ENODEV;

	for (int i = 0; i < NODE_PATIENCE * 10 && fd < 0; i++) {
		fd = panel_open_node(serial, virtio);
		if (fd < 0)
			usleep(100000);
	}
	return fd;
}

static void drain(int fd)
{
	struct input_event events[64];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

static int touch_turn(const struct bench *b, int panel, int node)
{
	struct pollfd pfd = { .fd = node, .events = POLLIN };
	int64_t start;
	int err;

	for (int i = 0; i < b->count; i++) {
		/* Longer than the daemon needs for the one before, and off the beat of any timer. */
		usleep(1500 + (useconds_t)(i * 37 % 1000));
		drain(node);
		start = now_ns();
		err = panel_touch(panel, (uint16_t)(100 + i % 3900), true);
		if (err)
			return err;
		if (poll(&pfd, 1, EVENT_PATIENCE) != 1)
			return -ETIMEDOUT;
		b->samples[i] = now_ns() - start;
	}
	return panel_touch(panel, 0, false);
}

static void *serve_panels(void *data)
{
	struct pollfd *panels = data;

	for (;;) {
		poll(panels, 2, -1);
		for (int i = 0; i < 2; i++) {
			if (panels[i].revents)
				panel_serve(panels[i].fd);
		}
	}
	return NULL;
}

static int touch(struct bench *b)
{
	struct pollfd panels[2] = {
		{ .fd = panel_create(NATIVE_SERIAL), .events = POLLIN },
		{ .fd = panel_create(LOOPBACK_SERIAL), .events = POLLIN },
	};
	int native, loopback, err;
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		if (panels[i].fd < 0)
			return panels[i].fd;
	}
	err = -pthread_create(&thread, NULL, serve_panels, panels);
	if (err)
		return err;
	native = wait_for_node(NATIVE_SERIAL, false);
	loopback = native < 0 ? native : wait_for_node(LOOPBACK_SERIAL, true);
	err = loopback < 0 ? loopback : 0;
	for (int run = 0; !err && run < b->runs; run++) {
		err = touch_turn(b, panels[0].fd, native);
		if (!err)
			print_samples(b, "native", run);
		if (!err)
			err = touch_turn(b, panels[1].fd, loopback);
		if (!err)
			print_samples(b, "loopback", run);
	}
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	return err;
}

int main(int argc, char **argv)
{
	const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "kick-call|touch",
		.doc = "Measure virtio-loopback against the direct way, in turns.",
	};
	struct bench b = { .what = "", .runs = 5, .count = 1000 };
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &b);
	b.samples = calloc((size_t)b.count, sizeof(*b.samples));
	if (!b.samples)
		err = -ENOMEM;
	else if (!strcmp(b.what, "kick-call"))
		err = kick_call(&b);
	else if (!strcmp(b.what, "touch"))
		err = touch(&b);
	else
		err = -EINVAL;
	free(b.samples);
	if (err)
		fprintf(stderr,
			"latency: cannot measure \"%s\" (%s): give kick-call with a virtio-rng device, or touch "
			"with /dev/uhid and a device of the panel %s\n",
			b.what, strerror(-err), LOOPBACK_SERIAL);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
