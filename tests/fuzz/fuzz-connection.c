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

#include "tests/fuzz/chance.h"
#include "vhost-user/backend.h"
#include "vhost-user/channel.h"
#include "vhost-user/guard.h"
#include "vhost-user/log.h"

#define QUEUES	  2
#define RING_SIZE 8
#define MEM_BYTES 0x8000u
#define GUEST	  UINT64_C(0x10000)
#define USER	  UINT64_C(0x7f0000000000)
#define STEPS	  80
#define BATCH	  200 /* runs of one child */
#define MAX_LOOPS 200 /* turns of the event loop for one step; endless work is a failure, too */

/* One connection with its front-end's side. */
struct run {
	struct chance chance;
	sd_event *event;
	struct vhu_dev *dev;
	int socket;
	int memory;
	uint8_t *bytes;
	int kick[QUEUES];
};

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

static uint64_t any_address(struct chance *c, uint64_t base)
{
	switch (chance_below(c, 8)) {
	case 0: return base + MEM_BYTES - chance_below(c, 64);
	case 1: return chance_u64(c);
	case 2: return UINT64_MAX - chance_below(c, 64);
	default: return base + chance_below(c, MEM_BYTES / 16) * UINT64_C(16);
	}
}

static uint32_t any_index(struct chance *c)
{
	return chance_below(c, 20) ? chance_below(c, QUEUES) : chance_u32(c) >> chance_below(c, 32);
}

static void fill_mem_table(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;
	uint32_t i, num = chance_below(c, 10) ? 1 : chance_below(c, VHU_MAX_REGIONS + 1);

	msg->size = offsetof(struct vhu_mem_table, regions) + (uint32_t)(num * sizeof(struct vhu_mem_region));
	msg->payload.mem.num_regions = num;
	for (i = 0; i < num; i++) {
		bool right = chance_below(c, 20);

		msg->payload.mem.regions[i] = (struct vhu_mem_region) {
			.guest_addr = GUEST + i * UINT64_C(0x10000),
			.size = right ? MEM_BYTES : chance_u64(c) >> chance_below(c, 64),
			.user_addr = right ? USER + i * UINT64_C(0x10000) : any_address(c, USER),
			.mmap_offset = right ? 0 : chance_below(c, MEM_BYTES),
		};
		msg->fds[i] = run->memory;
	}
	msg->num_fds = num;
}

static void fill_ring_addr(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;
	struct vhu_vring_addr *a = &msg->payload.addr;

	msg->size = sizeof(*a);
	a->index = any_index(c);
	a->desc = USER + (a->index % QUEUES) * 0x1000ul;
	a->avail = a->desc + 0x200;
	a->used = a->desc + 0x400;
	if (!chance_below(c, 40))
		a->desc = any_address(c, USER);
	if (!chance_below(c, 40))
		a->avail = any_address(c, USER);
	if (!chance_below(c, 40))
		a->used = any_address(c, USER);
}

static void fill_state(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;

	msg->size = sizeof(msg->payload.state);
	msg->payload.state.index = any_index(c);
	switch (msg->request) {
	case VHU_SET_VRING_NUM:
		msg->payload.state.num = chance_below(c, 8) ? RING_SIZE : chance_u32(c) >> chance_below(c, 32);
		break;
	case VHU_SET_VRING_ENABLE: msg->payload.state.num = chance_below(c, 12) ? 1 : chance_below(c, 3); break;
	default: msg->payload.state.num = chance_below(c, 3) ? 0 : chance_below(c, 70000);
	}
}

static void fill_ring_fd(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;
	uint32_t index = any_index(c);

	msg->size = sizeof(uint64_t);
	msg->payload.u64 = index;
	msg->num_fds = 1;
	switch (chance_below(c, 16)) {
	case 0: msg->fds[0] = run->memory; break;
	case 1: msg->fds[0] = STDIN_FILENO; break;
	default: msg->fds[0] = run->kick[index % QUEUES];
	}
	if (!chance_below(c, 16)) {
		msg->payload.u64 |= VHU_VRING_NOFD;
		msg->num_fds = 0;
	}
}

static void fill_u64(struct run *run, struct vhu_msg *msg)
{
	static const uint64_t features[] = { 0x170000000, 0x150000000, 0x130000000, 0x160000000 };
	static const uint64_t protocol[] = { 0x2229, 0x9, 0x2209, 0x228 };
	const uint64_t *usual = msg->request == VHU_SET_FEATURES ? features : protocol;
	struct chance *c = &run->chance;

	msg->size = sizeof(uint64_t);
	msg->payload.u64 = chance_below(c, 60) ? usual[chance_below(c, 4)] : chance_u64(c);
}

static void fill_config(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;

	msg->payload.config.offset = chance_below(c, 8) ? chance_below(c, 18) : chance_u32(c);
	msg->payload.config.size = chance_below(c, 8) ? chance_below(c, 18) : chance_below(c, 300);
	msg->size = VHU_CONFIG_HEADER + msg->payload.config.size;
	if (msg->size > sizeof(msg->payload))
		msg->size = sizeof(msg->payload);
}

static void fill(struct run *run, struct vhu_msg *msg)
{
	switch (msg->request) {
	case VHU_SET_MEM_TABLE: fill_mem_table(run, msg); break;
	case VHU_SET_VRING_ADDR: fill_ring_addr(run, msg); break;
	case VHU_SET_VRING_NUM:
	case VHU_SET_VRING_BASE:
	case VHU_GET_VRING_BASE:
	case VHU_SET_VRING_ENABLE: fill_state(run, msg); break;
	case VHU_SET_VRING_KICK:
	case VHU_SET_VRING_CALL:
	case VHU_SET_VRING_ERR: fill_ring_fd(run, msg); break;
	case VHU_SET_FEATURES:
	case VHU_SET_PROTOCOL_FEATURES: fill_u64(run, msg); break;
	case VHU_GET_CONFIG:
	case VHU_SET_CONFIG: fill_config(run, msg); break;
	case VHU_SET_BACKEND_REQ_FD:
		msg->num_fds = 1;
		msg->fds[0] = chance_below(&run->chance, 2) ? run->socket : run->memory;
		break;
	default: break;
	}
}

static void send_message(struct run *run, uint32_t request)
{
	struct chance *c = &run->chance;
	struct vhu_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.request = request;
	msg.flags = VHU_VERSION | (chance_below(c, 12) ? VHU_FLAG_NEED_REPLY : 0);
	fill(run, &msg);
	if (!chance_below(c, 40))
		msg.size = chance_below(c, sizeof(msg.payload));
	if (!chance_below(c, 40)) {
		msg.num_fds = chance_below(c, VHU_MAX_FDS + 1);
		while (msg.num_fds && !msg.fds[msg.num_fds - 1])
			msg.fds[--msg.num_fds] = run->memory;
	}
	vhu_channel_send(run->socket, &msg, 0);
}

/*
 * Mostly as a driver would: a few readable buffers, then a few writable ones. One
 * mistake is enough for the daemon to hang up, so they have to be rare.
 */
static struct vring_desc any_desc(struct chance *c, unsigned int i)
{
	struct vring_desc d = {
		.addr = chance_below(c, 50) ? GUEST + 0x6000 + chance_below(c, 0x100) * UINT64_C(16)
					    : any_address(c, GUEST),
		.len = chance_below(c, 50) ? chance_below(c, 40) : chance_u32(c) >> chance_below(c, 32),
		.next = (uint16_t)(chance_below(c, 50) ? i + 1 : chance_below(c, RING_SIZE + 1)),
	};

	if (i + 1 < RING_SIZE && chance_below(c, 3))
		d.flags |= VRING_DESC_F_NEXT;
	if (i >= RING_SIZE / 2)
		d.flags |= VRING_DESC_F_WRITE;
	if (!chance_below(c, 100))
		d.flags ^= (uint16_t)(1 << chance_below(c, 4));
	return d;
}

static void make_indirect(struct chance *c, struct vring_desc *d)
{
	d->flags = (uint16_t)(VRING_DESC_F_INDIRECT | (chance_below(c, 50) ? 0 : VRING_DESC_F_NEXT));
	d->addr = GUEST + 0x4000;
	d->len = (chance_below(c, RING_SIZE) + 1) * 16;
	if (!chance_below(c, 30))
		d->addr = any_address(c, GUEST);
	if (!chance_below(c, 30))
		d->len = chance_below(c, 2) ? chance_below(c, 200) : chance_u32(c);
}

static void write_ring(struct run *run)
{
	struct chance *c = &run->chance;
	uint8_t *base = run->bytes + chance_below(c, QUEUES) * 0x1000ul;
	struct vring_desc *desc = (void *)base, *table = (void *)(run->bytes + 0x4000);
	struct vring_avail *avail = (void *)(base + 0x200);
	unsigned int i;

	for (i = 0; i < RING_SIZE; i++) {
		desc[i] = any_desc(c, i);
		table[i] = any_desc(c, i);
		if (!chance_below(c, 4))
			make_indirect(c, &desc[i]);
		if (!chance_below(c, 4))
			avail->ring[i] = (uint16_t)chance_below(c, chance_below(c, 50) ? RING_SIZE : 70000);
	}
	avail->idx = (uint16_t)(avail->idx + chance_below(c, chance_below(c, 50) ? 3 : RING_SIZE + 2));
	avail->ring[RING_SIZE] = (uint16_t)chance_u32(c);
}

static void step(struct run *run)
{
	const uint64_t one = 1;
	unsigned int queue = chance_below(&run->chance, QUEUES);

	switch (chance_below(&run->chance, 40)) {
	case 0 ... 14: write_ring(run); break;
	case 15 ... 32:
		if (write(run->kick[queue], &one, sizeof(one)) < 0)
			abort();
		break;
	case 33:
		if (ftruncate(run->memory, chance_below(&run->chance, 4) ? MEM_BYTES : 0x5000) < 0)
			abort();
		break;
	default: send_message(run, chance_below(&run->chance, 44));
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
		send_message(run, first[i]);
	/* each three times: the queue is drawn every time, and most often all get their turn */
	for (i = 0; i < sizeof(ring) / sizeof(ring[0]); i++)
		for (k = 0; k < 3; k++)
			send_message(run, ring[i]);
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
	/* step() cuts the file behind what write_ring() writes */
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
