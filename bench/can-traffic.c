// SPDX-License-Identifier: MIT
/*
 * Frames from one CAN interface to another, whatever is between them. Each carries its number, and has to arrive in
 * its turn. See usage() for what is measured.
 */
#include <errno.h>
#include <linux/can.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IDENT	 0x123
#define WINDOW	 64 /* frames on their way at a time; the driver takes 128 */
#define PATIENCE 5 /* seconds */
#define BUFFER	 (32 << 20)
#define SECOND	 1000000000LL

/* One end of the way. */
struct end {
	int fd;
	unsigned int size; /* bytes of data in a frame: up to 8 classic, above FD */
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* Room for what comes while somebody else has the processor; root may have as much as it likes. */
static int open_end(struct end *end, const char *name, unsigned int size)
{
	struct can_filter filter = { .can_id = IDENT, .can_mask = CAN_SFF_MASK | CAN_EFF_FLAG };
	struct sockaddr_can address = { .can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(name) };
	struct timeval patience = { .tv_sec = PATIENCE };
	int fd = socket(AF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW), on = 1, buffer = BUFFER;

	if (fd < 0)
		return -errno;
	*end = (struct end) { .fd = fd, .size = size };
	if (!address.can_ifindex || setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, &filter, sizeof(filter)) ||
		setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &on, sizeof(on)) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return 0;
}

static int put(const struct end *end, uint32_t number)
{
	struct canfd_frame frame = { .can_id = IDENT, .len = (uint8_t)end->size };
	size_t len = end->size > CAN_MAX_DLEN ? CANFD_MTU : CAN_MTU;

	memcpy(frame.data, &number, sizeof(number));
	return write(end->fd, &frame, len) == (ssize_t)len ? 0 : -errno;
}

/* 0, -EAGAIN when nothing comes, -EPROTO when it is not the one with that number. */
static int get(const struct end *end, uint32_t number, int flags)
{
	struct canfd_frame frame;
	uint32_t got;

	if (recv(end->fd, &frame, sizeof(frame), flags) < 0)
		return -errno;
	memcpy(&got, frame.data, sizeof(got));
	return got == number && frame.len == end->size ? 0 : -EPROTO;
}

/* Until we are killed: all that arrives goes back, or is counted. */
static void far_end(const struct end *end, bool echo, atomic_uint *received)
{
	for (uint32_t number = 0;; number++) {
		int ret = get(end, number, 0);

		while (ret == -EAGAIN)
			ret = get(end, number, 0);
		if (!ret && echo)
			ret = put(end, number);
		if (ret)
			_exit(EXIT_FAILURE);
		atomic_fetch_add(received, 1);
	}
}

static int trips(const struct end *near, uint32_t count)
{
	int ret = 0;

	for (uint32_t number = 0; !ret && number < count; number++) {
		int64_t start = now_ns();

		ret = put(near, number);
		if (!ret)
			ret = get(near, number, 0);
		if (!ret)
			printf("%lld\n", (long long)(now_ns() - start));
	}
	return ret;
}

/* What has come, at least one. */
static int take(const struct end *end, uint32_t *received)
{
	int ret = get(end, *received, 0);

	while (!ret) {
		ret = get(end, ++*received, MSG_DONTWAIT);
		if (ret == -EAGAIN)
			return 0;
	}
	return ret;
}

/* As many as go through, without ever losing one. */
static int flow(const struct end *from, const struct end *to, double seconds)
{
	int64_t start = now_ns(), end = start + (int64_t)(seconds * SECOND);
	uint32_t sent = 0, received = 0;
	int ret = 0;

	while (!ret && now_ns() < end) {
		while (!ret && sent - received < WINDOW)
			ret = put(from, sent++);
		if (!ret)
			ret = take(to, &received);
	}
	end = now_ns();
	if (!ret)
		printf("%u %lld\n", received, (long long)(end - start));
	while (!ret && received < sent)
		ret = take(to, &received);
	return ret;
}

/* At a given pace: one by one, and those that are late as soon as possible. */
static int load(const struct end *from, atomic_uint *received, double rate, double seconds)
{
	int64_t start = now_ns(), end = start + (int64_t)(seconds * SECOND), now = start;
	uint32_t total = (uint32_t)(rate * seconds), sent = 0, in_time;
	int ret = 0;

	while (!ret && now < end && sent < total) {
		int64_t due = start + (int64_t)(sent * (SECOND / rate));
		struct timespec ts = { .tv_sec = due / SECOND, .tv_nsec = due % SECOND };

		if (due > now)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		ret = put(from, sent++);
		now = now_ns();
	}
	in_time = atomic_load(received);
	for (int i = 0; i < PATIENCE * 100 && atomic_load(received) < sent; i++)
		usleep(10000);
	printf("%u %u %u %lld\n", sent, in_time, atomic_load(received), (long long)(now - start));
	return ret;
}

static int with_far_end(const struct end *near, const struct end *far, char **words, bool echo)
{
	atomic_uint *received = mmap(
		NULL, sizeof(*received), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int ret;

	if (received == MAP_FAILED)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		far_end(far, echo, received);
	if (echo)
		ret = trips(near, (uint32_t)atoi(words[4]));
	else
		ret = load(near, received, atof(words[5]), atof(words[4]));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ret;
}

static int usage(const char *name)
{
	fprintf(stderr,
		"usage: %s trip FROM TO COUNT              a frame there and back: nanoseconds of each\n"
		"       %s flow FROM TO SECONDS SIZE       as many as go through: FRAMES NANOSECONDS\n"
		"       %s load FROM TO SECONDS RATE SIZE  so many a second: SENT IN-TIME RECEIVED NANOSECONDS\n",
		name, name, name);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool trip = argc == 5 && !strcmp(argv[1], "trip"), flows = argc == 6 && !strcmp(argv[1], "flow");
	unsigned int size = trip ? CAN_MAX_DLEN : (unsigned int)atoi(argv[argc - 1]);
	struct end from = { .fd = -1 }, to = from;
	int ret;

	if (!trip && !flows && !(argc == 7 && !strcmp(argv[1], "load")))
		return usage(argv[0]);
	ret = open_end(&from, argv[2], size);
	if (!ret)
		ret = open_end(&to, argv[3], size);
	if (!ret)
		ret = flows ? flow(&from, &to, atof(argv[4])) : with_far_end(&from, &to, argv, trip);
	if (ret)
		fprintf(stderr, "can-traffic: from %s to %s: %s; are both up, and is nobody else on the bus?\n",
			argv[2], argv[3],
			ret == -EPROTO || ret == -EAGAIN ? "a frame was lost or came out of its turn" : strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
