// SPDX-License-Identifier: MIT
/*
 * fuzz-connection [--seconds N] [--first SEED] [--runs N]
 *
 * One run is one connection: a few dozen messages, ring contents and kicks, most of
 * them nearly right, all drawn from the run's number. The library is in
 * the same process, built with the sanitizers, so that a wrong access ends the
 * run; the parent then says which number to repeat.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_ring.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/traffic.h"
#include "vhost-user/backend.h"
#include "vhost-user/channel.h"
#include "vhost-user/guard.h"
#include "vhost-user/log.h"

#define STEPS	  80
#define BATCH	  200 /* runs of one child */
#define MAX_LOOPS 200 /* turns of the event loop for one step; endless work is a failure, too */

struct options {
	unsigned long seconds;
	unsigned long first;
	unsigned long runs;
};

struct device {
	bool in_use[QUEUES][VIRTQ_MAX_SIZE];
};

static int device_init(struct vhu_dev *dev, void *state)
{
	vhu_dev_set_queues(dev, QUEUES);
	vhu_dev_set_config_size(dev, 16);
	return 0;
}

static void *device_new(void)
{
	return calloc(1, sizeof(struct device));
}

static void device_stop(struct vhu_dev *dev, struct virtq *vq)
{
	struct device *device = vhu_dev_state(dev);

	memset(device->in_use[virtq_index(vq)], 0, sizeof(device->in_use[0]));
}

/* Touches what it is given, and insists that it has not got it already. */
static void device_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct device *device = vhu_dev_state(dev);
	bool *in_use = device->in_use[virtq_index(vq)];
	struct virtq_elem *elem;
	char buf[256];
	int r;

	while ((r = virtq_pop(vq, &elem)) > 0) {
		size_t n = virtq_iov_read(elem->out, elem->out_num, 0, buf, sizeof(buf));

		if (elem->index >= virtq_size(vq) || in_use[elem->index])
			abort();
		n = virtq_iov_write(elem->in, elem->in_num, 0, buf, n);
		/* queue 1 keeps every other element, so that stops and memory changes meet some */
		in_use[elem->index] = virtq_index(vq) && elem->index % 2 == 0;
		if (!in_use[elem->index])
			virtq_push(vq, elem, (uint32_t)n);
	}
	virtq_notify(vq);
	if (r < 0)
		vhu_dev_fail(dev, virtq_broken(vq));
}

static int device_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len)
{
	char config[16] = "fuzz";

	memcpy(data, config + offset, len);
	return vhu_dev_config_changed(dev) == -ENOTCONN ? 0 : -EIO;
}

static int device_set_config(struct vhu_dev *dev, uint32_t offset, const void *data, uint32_t len)
{
	return len > 8 ? -EINVAL : 0;
}

static void device_reset(struct vhu_dev *dev)
{
	unsigned int i;

	for (i = 0; i < QUEUES; i++)
		if (virtq_started(vhu_dev_queue(dev, i)))
			abort();
}

static const struct vhu_device_type type = {
	.type = "fuzz",
	.new = device_new,
	.init = device_init,
	.free = free,
	.queue_stop = device_stop,
	.reset = device_reset,
	.get_config = device_get_config,
	.set_config = device_set_config,
	.queue_kick = device_kick,
};

static void step(struct run *run)
{
	const uint64_t one = 1;
	unsigned int queue = chance_below(&run->chance, QUEUES);

	switch (chance_below(&run->chance, 40)) {
	case 0 ... 14: traffic_ring(run); break;
	case 15 ... 32:
		if (write(run->kick[queue], &one, sizeof(one)) < 0)
			abort();
		break;
	case 33:
		if (ftruncate(run->memory, chance_below(&run->chance, 4) ? MEM_BYTES : 0x5000) < 0)
			abort();
		break;
	default: traffic_message(run, chance_below(&run->chance, 44));
	}
}

/* A front-end that knows how; most runs begin with it, so that the rest meets a running device. */
static void polite_beginning(struct run *run)
{
	static const uint32_t first[] = { VHU_SET_PROTOCOL_FEATURES, VHU_SET_FEATURES, VHU_SET_MEM_TABLE };
	static const uint32_t ring[] = { VHU_SET_VRING_NUM, VHU_SET_VRING_ADDR, VHU_SET_VRING_CALL, VHU_SET_VRING_KICK,
		VHU_SET_VRING_ENABLE };
	size_t i, k;

	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		traffic_message(run, first[i]);
	/* each three times: the queue is drawn every time, and most often all get their turn */
	for (i = 0; i < sizeof(ring) / sizeof(ring[0]); i++)
		for (k = 0; k < 3; k++)
			traffic_message(run, ring[i]);
}

static void turn_loop(struct run *run)
{
	char replies[4096];
	int i, r = 1;

	for (i = 0; i < MAX_LOOPS && r > 0; i++) {
		r = sd_event_run(run->event, 0);
		while (recv(run->socket, replies, sizeof(replies), MSG_DONTWAIT) > 0)
			;
	}
	/* nobody refills the rings meanwhile: all work has to come to an end */
	if (r > 0 || r < 0)
		abort();
}

static void set_up(struct run *run, unsigned long seed)
{
	int sv[2], i;

	memset(run, 0, sizeof(*run));
	chance_seed(&run->chance, seed);
	run->memory = memfd_create("fuzz", MFD_CLOEXEC);
	if (run->memory < 0 || ftruncate(run->memory, MEM_BYTES) < 0 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv) < 0)
		abort();
	/* step() cuts the file behind what traffic_ring() writes */
	run->bytes = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, run->memory, 0);
	for (i = 0; i < QUEUES; i++)
		run->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (run->bytes == MAP_FAILED || sd_event_new(&run->event) < 0 ||
		vhu_dev_new(&type, run->event, &run->dev) < 0 || vhu_dev_init(run->dev) < 0 ||
		vhu_backend_connect(run->dev, sv[1], NULL, NULL) < 0)
		abort();
	run->socket = sv[0];
}

static void one_run(unsigned long seed)
{
	struct run run;
	unsigned int i;

	set_up(&run, seed);
	if (chance_below(&run.chance, 10))
		polite_beginning(&run);
	turn_loop(&run);
	for (i = 0; i < STEPS && run.dev->backend; i++) {
		step(&run);
		turn_loop(&run);
	}
	vhu_dev_free(run.dev);
	sd_event_unref(run.event);
	close(run.socket);
	for (i = 0; i < QUEUES; i++)
		close(run.kick[i]);
	munmap(run.bytes, MEM_BYTES);
	close(run.memory);
}

/* A memory table that nobody unmapped is no leak to the sanitizer: the list of guards leads to it. */
static void expect_no_mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[1024];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "/memfd:fuzz"))
			abort();
	if (f)
		fclose(f);
}

/* In a child of its own: does it survive the runs from @first on? */
static bool survives(unsigned long first, unsigned long num, bool quiet)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (pid == 0) {
		if (quiet)
			dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		signal(SIGPIPE, SIG_IGN);
		alarm(120);
		for (; num; num--)
			one_run(first++);
		expect_no_mappings();
		exit(0); /* not _exit(): that is where leaks are found */
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	char *end = NULL;
	unsigned long value = arg ? strtoul(arg, &end, 10) : 0;

	if (arg && (end == arg || *end))
		argp_error(state, "%s: not a number", arg);
	switch (key) {
	case 's': o->seconds = value; return 0;
	case 'f': o->first = value; return 0;
	case 'r': o->runs = value; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static unsigned long find_culprit(unsigned long first)
{
	unsigned long i;

	for (i = first; i < first + BATCH && survives(i, 1, true); i++)
		;
	return i;
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "seconds", 's', "N", 0, "Stop after so long (10)", 0 },
		{ "first", 'f', "SEED", 0, "The first run's number (1)", 0 },
		{ "runs", 'r', "N", 0, "So many runs instead of a time", 0 },
		{ 0 },
	};
	static const struct argp argp = { options, parse_option, NULL, "Connections that go nearly right", NULL, NULL,
		NULL };
	struct options o = { .seconds = 10, .first = 1 };
	unsigned long next;
	time_t end;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return 2;
	if (vhu_log_set_level("error") < 0 || vhu_guard_install(-1) < 0)
		return 2;
	end = time(NULL) + (time_t)o.seconds;
	for (next = o.first; o.runs ? next < o.first + o.runs : time(NULL) < end; next += BATCH) {
		unsigned long num = o.runs && o.first + o.runs - next < BATCH ? o.first + o.runs - next : BATCH;

		if (!survives(next, num, false)) {
			unsigned long culprit = find_culprit(next);

			printf("1..1\nnot ok 1 - connections\n# repeat with: %s --first=%lu --runs=1\n", argv[0],
				culprit);
			return 1;
		}
	}
	printf("1..1\nok 1 - connections\n# %lu runs, from %lu on\n", next - o.first, o.first);
	return 0;
}
