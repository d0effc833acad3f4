// SPDX-License-Identifier: MIT
/*
 * Measures lines of GPIO chips, by each way in turns, and prints one line a sample:
 *
 *	CASE WAY RUN NANOSECONDS
 *
 * set-get: one output is set, and read back. interrupt: from the change of a line, by its pull attribute of gpio-sim,
 * until the edge can be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_WAYS       4
#define EVENT_PATIENCE 5000 /* milliseconds */

/* NAME:CHIP:OUTPUT:INPUT:PULL of the command line, and what was opened for it. */
struct way {
	char name[16];
	char chip[32];
	unsigned int output;
	unsigned int input;
	char pull[160];
	int output_fd;
	int input_fd;
	int pull_fd;
	bool level;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int request(const char *chip, unsigned int offset, uint64_t flags)
{
	struct gpio_v2_line_request line = { .offsets = { offset }, .num_lines = 1, .config = { .flags = flags } };
	int fd = open(chip, O_RDWR | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	snprintf(line.consumer, sizeof(line.consumer), "bench");
	ret = ioctl(fd, GPIO_V2_GET_LINE_IOCTL, &line) ? -errno : line.fd;
	close(fd);
	return ret;
}

static int open_way(struct way *way, const char *text)
{
	if (sscanf(text, "%15[^:]:%31[^:]:%u:%u:%159s", way->name, way->chip, &way->output, &way->input, way->pull) !=
		5)
		return -EINVAL;
	way->output_fd = request(way->chip, way->output, GPIO_V2_LINE_FLAG_OUTPUT);
	way->input_fd = request(way->chip, way->input,
		GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING);
	way->pull_fd = open(way->pull, O_WRONLY | O_CLOEXEC);
	if (way->output_fd < 0)
		return way->output_fd;
	if (way->input_fd < 0)
		return way->input_fd;
	return way->pull_fd < 0 ? -errno : 0;
}

static int set_get(struct way *way, int64_t *sample)
{
	struct gpio_v2_line_values values = { .bits = way->level, .mask = 1 };
	int64_t start = now_ns();

	if (ioctl(way->output_fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values))
		return -errno;
	values.bits = !way->level;
	if (ioctl(way->output_fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values))
		return -errno;
	*sample = now_ns() - start;
	if ((values.bits & 1) != way->level)
		return -EIO;
	way->level = !way->level;
	return 0;
}

static int interrupt(struct way *way, int64_t *sample)
{
	struct pollfd pfd = { .fd = way->input_fd, .events = POLLIN };
	const char *pull = way->level ? "pull-down" : "pull-up";
	struct gpio_v2_line_event event;
	int64_t start;

	/* Longer than the one before needs to come to rest, and off the beat of any timer. */
	usleep(1500 + (useconds_t)(*sample % 1000));
	start = now_ns();
	if (pwrite(way->pull_fd, pull, strlen(pull), 0) < 0)
		return -errno;
	if (poll(&pfd, 1, EVENT_PATIENCE) != 1)
		return -ETIMEDOUT;
	*sample = now_ns() - start;
	if (read(way->input_fd, &event, sizeof(event)) != sizeof(event))
		return -EIO;
	if (event.id != (way->level ? GPIO_V2_LINE_EVENT_FALLING_EDGE : GPIO_V2_LINE_EVENT_RISING_EDGE))
		return -EPROTO;
	way->level = !way->level;
	return 0;
}

static int turn(const char *name, int (*one)(struct way *way, int64_t *sample), struct way *way, int run, int count)
{
	int64_t sample = 0;
	int ret = 0;

	for (int i = 0; !ret && i < count; i++) {
		ret = one(way, &sample);
		if (!ret)
			printf("%s %s %d %lld\n", name, way->name, run, (long long)sample);
	}
	return ret;
}

/* An input is low at first. */
static int all(
	const char *name, int (*one)(struct way *way, int64_t *sample), struct way *ways, int num, int runs, int count)
{
	int ret = 0;

	for (int i = 0; i < num; i++)
		ways[i].level = false;
	for (int run = 0; !ret && run < runs; run++) {
		for (int i = 0; !ret && i < num; i++)
			ret = turn(name, one, &ways[i], run, count);
	}
	return ret;
}

int main(int argc, char **argv)
{
	int runs = argc > 3 ? atoi(argv[1]) : 0, count = argc > 3 ? atoi(argv[2]) : 0, num = argc - 3, ret = 0;
	struct way ways[MAX_WAYS] = { 0 };

	if (runs < 1 || count < 1 || num > MAX_WAYS) {
		fprintf(stderr, "usage: %s RUNS COUNT NAME:CHIP:OUTPUT:INPUT:PULL...\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (int i = 0; !ret && i < num; i++)
		ret = open_way(&ways[i], argv[i + 3]);
	if (!ret)
		ret = all("set-get", set_get, ways, num, runs, count);
	if (!ret)
		ret = all("interrupt", interrupt, ways, num, runs, count);
	if (ret)
		fprintf(stderr, "gpio-latency: cannot measure: %s; is one of the lines in use?\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
