// SPDX-License-Identifier: MIT
/*
 * A vhost-user daemon that behaves until a driver has its device, and then, for
 * a moment at a time and as a seed wants it, in every way that it should not.
 * What is tested is the other side, the kernel's above all.
 */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "tests/hostile/misdeeds.h"

#define MAX_MISDEEDS 32
#define TAKE_MAX     256 /* heads of a ring in a row */

struct arguments {
	const char *socket_path;
	const struct model *model;
	uint64_t seed;
	unsigned int polite_ms;
	uint32_t chosen; /* bit per misdeed */
};

/**
 * struct run - what goes on now
 * @now: the misdeed
 * @until: its end, milliseconds of CLOCK_MONOTONIC
 * @times: how often each was begun
 */
struct run {
	struct scribbler s;
	const struct arguments *args;
	int listener;
	const struct misdeed *now;
	int64_t until;
	bool was_driving;
	unsigned long times[MAX_MISDEEDS];
};

static volatile sig_atomic_t ended; /* by a signal */

static volatile sig_atomic_t grow; /* SIGUSR1 */

static void on_signal(int signal)
{
	if (signal == SIGUSR1)
		grow = 1;
	else
		ended = 1;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int find_misdeed(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < num_misdeeds; i++)
		if (strlen(misdeeds[i].name) == len && !strncmp(misdeeds[i].name, name, len))
			return (int)i;
	return -1;
}

/* A list such as "twice,lengths" as bits */
static uint32_t parse_misdeeds(const char *text, struct argp_state *state)
{
	uint32_t bits = 0;

	while (*text) {
		size_t len = strcspn(text, ",");
		int index = find_misdeed(text, len);

		if (index < 0)
			argp_error(state, "no misdeed '%.*s': see --list", (int)len, text);
		else
			bits |= 1U << index;
		text += len + (text[len] == ',');
	}
	return bits;
}

enum {
	KEY_SOCKET = 256,
	KEY_TYPE,
	KEY_SEED,
	KEY_POLITE,
	KEY_ONLY,
	KEY_WITHOUT,
	KEY_LIST
};

static void list_misdeeds(void)
{
	unsigned int i;

	for (i = 0; i < num_misdeeds; i++)
		puts(misdeeds[i].name);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *args = state->input;

	switch (key) {
	case KEY_SOCKET: args->socket_path = arg; return 0;
	case KEY_TYPE:
		args->model = model_find(arg);
		if (!args->model)
			argp_error(state, "no device type '%s'", arg);
		return 0;
	case KEY_SEED: args->seed = strtoull(arg, NULL, 0); return 0;
	case KEY_POLITE: args->polite_ms = (unsigned int)strtoul(arg, NULL, 0); return 0;
	case KEY_ONLY: args->chosen = parse_misdeeds(arg, state); return 0;
	case KEY_WITHOUT: args->chosen &= ~parse_misdeeds(arg, state); return 0;
	case KEY_LIST: list_misdeeds(); exit(0);
	case ARGP_KEY_END:
		if (!args->socket_path || !args->model)
			argp_error(state, "--socket-path and --type are needed");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "socket-path", KEY_SOCKET, "PATH", 0, "Listen there", 0 },
	{ "type", KEY_TYPE, "TYPE", 0, "blk, input, rng, console, snd, gpio, gpu, net, i2c or can", 0 },
	{ "seed", KEY_SEED, "N", 0, "What happens is the same for the same number, as far as the schedule allows (1)",
		0 },
	{ "polite", KEY_POLITE, "MS", 0, "Behave for so long after each start of the device (300)", 0 },
	{ "only", KEY_ONLY, "LIST", 0, "Only these misdeeds, separated by commas", 0 },
	{ "without", KEY_WITHOUT, "LIST", 0, "All but these", 0 },
	{ "list", KEY_LIST, NULL, 0, "Print the misdeeds and end", 0 },
	{ 0 },
};

static int open_listener(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(addr.sun_path)) {
		vhu_err("%s is too long for a socket", path);
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path));
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 4)) {
		vhu_err("cannot listen at %s: %s", path, strerror(errno));
		return -1;
	}
	return fd;
}

static void begin(struct run *run, unsigned int index, unsigned int ms)
{
	run->now = &misdeeds[index];
	run->until = now_ms() + ms;
	run->times[index]++;
	vhu_debug("%s for %u ms", run->now->name, ms);
	if (run->now->begin)
		run->now->begin(&run->s);
}

static unsigned int any_misdeed(struct run *run)
{
	int pool = find_misdeed("pool", 4);
	unsigned int index;

	/* Whether the kernel refuses what it must is tried in every run, however short. */
	if (pool >= 0 && run->args->chosen & (1U << pool) && !run->times[pool])
		return (unsigned int)pool;
	do
		index = chance_below(&run->s.chance, num_misdeeds);
	while (!(run->args->chosen & (1U << index)));
	return index;
}

/* A driver that has just come is left alone for a moment; then it is one thing after the other. */
static void choose(struct run *run)
{
	struct peer *peer = &run->s.peer;
	bool fresh = peer->driving && !run->was_driving;
	unsigned int index;

	run->was_driving = peer->driving;
	if (fresh || !peer->driving) {
		if (fresh || run->now != &misdeeds[0])
			begin(run, 0, run->args->polite_ms);
		return;
	}
	if (now_ms() < run->until)
		return;
	peer->garble_config = false;
	index = any_misdeed(run);
	begin(run, index, 1 + chance_below(&run->s.chance, misdeeds[index].longest));
}

static void serve(struct run *run, unsigned int queue, uint16_t head)
{
	if (run->now->chain)
		run->now->chain(&run->s, queue, head);
	else
		answer_honestly(&run->s, queue, head);
}

static void serve_ring(struct run *run, unsigned int queue)
{
	struct ring *r = &run->s.peer.rings[queue];
	unsigned int i;
	int head;

	if (run->s.peer.model->unasked & (1U << queue)) {
		while (r->num_held < HELD_MAX && (head = ring_take(r)) >= 0)
			r->held[r->num_held++] = (uint16_t)head;
		for (i = 0; r->num_held && i < 2; i++)
			serve(run, queue, r->held[--r->num_held]);
		return;
	}
	for (i = 0; ring_usable(r) && i < TAKE_MAX && (head = ring_take(r)) >= 0; i++)
		serve(run, queue, (uint16_t)head);
}

static void wait_for_something(struct run *run)
{
	struct peer *peer = &run->s.peer;
	struct pollfd fds[3 + RINGS_MAX] = {
		{ run->listener, POLLIN, 0 },
		{ run->now->deaf < 2 ? peer->conn : -1, POLLIN, 0 },
		{ peer->backend, POLLIN, 0 },
	};
	unsigned int i, num = 3;

	for (i = 0; i < peer->model->num_queues && run->now->deaf < 1; i++)
		fds[num++] = (struct pollfd) { peer->rings[i].kick, POLLIN, 0 };
	if (poll(fds, num, peer->driving ? 1 : 20) < 0)
		return;
	for (i = 3; i < num; i++) {
		uint64_t count;

		if (fds[i].revents & POLLIN && read(fds[i].fd, &count, sizeof(count)) < 0)
			vhu_debug("a kick that went");
	}
	if (fds[2].revents)
		peer_backend_input(peer);
	if (fds[1].revents)
		peer_input(peer);
	if (fds[0].revents) {
		int conn = accept4(run->listener, NULL, NULL, SOCK_CLOEXEC);

		if (conn >= 0)
			peer_connected(peer, conn);
	}
}

static void step(struct run *run)
{
	struct peer *peer = &run->s.peer;
	unsigned int queue;

	wait_for_something(run);
	if (grow) {
		grow = 0;
		peer->state.grown++;
		peer_config_changed(peer);
	}
	choose(run);
	if (!peer->driving)
		return;
	for (queue = 0; queue < peer->model->num_queues && !run->now->deaf; queue++)
		if (ring_usable(&peer->rings[queue]))
			serve_ring(run, queue);
	if (run->now->tick && peer->driving)
		run->now->tick(&run->s);
}

static void report(const struct run *run)
{
	const struct scribbler *s = &run->s;
	unsigned int i;

	printf("seed=%llu messages=%lu given=%lu calls=%lu bytes=%lu config-changes=%lu refused=%lu faults=%lu through=%lu\n",
		(unsigned long long)run->args->seed, s->peer.messages, s->given, s->calls, s->bytes, s->peer.changes,
		s->refusals.refused, s->refusals.faults, s->refusals.through);
	for (i = 0; i < num_misdeeds; i++)
		printf("%s=%lu%c", misdeeds[i].name, run->times[i], i + 1 < num_misdeeds ? ' ' : '\n');
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "A vhost-user daemon that misbehaves on purpose. At its end (SIGTERM) it prints what it did; "
		       "it fails if the kernel let it do what has to be refused.",
	};
	struct arguments args = { .seed = 1, .polite_ms = 300, .chosen = (1U << num_misdeeds) - 1 };
	static struct run state; /* too large for a stack */
	struct run *run = &state;

	if (argp_parse(&argp, argc, argv, 0, NULL, &args))
		return 2;
	run->args = &args;
	run->now = &misdeeds[0];
	chance_seed(&run->s.chance, args.seed);
	peer_init(&run->s.peer, args.model, &run->s.chance);
	sigaction(SIGTERM, &(struct sigaction) { .sa_handler = on_signal }, NULL);
	sigaction(SIGUSR1, &(struct sigaction) { .sa_handler = on_signal }, NULL);
	sigaction(SIGINT, &(struct sigaction) { .sa_handler = on_signal }, NULL);
	signal(SIGPIPE, SIG_IGN);
	run->listener = open_listener(args.socket_path);
	if (run->listener < 0)
		return 1;
	printf("LISTENING\n");
	fflush(stdout);
	while (!ended)
		step(run);
	peer_hang_up(&run->s.peer);
	report(run);
	return run->s.refusals.through ? 1 : 0;
}
