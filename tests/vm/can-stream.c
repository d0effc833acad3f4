// SPDX-License-Identifier: MIT
/*
 * Streams of CAN frames of all kinds, each of which both ends can make up again: what arrives is compared frame by
 * frame, so one that is lost, changed, doubled or out of its place is noticed, also a remote frame, which has no data
 * to carry a number.
 */
#include <argp.h>
#include <errno.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_STREAMS   2
#define WINDOW	      512 /* frames that can be on their way at a time, generously */
#define MAX_GAP	      1000000
#define RECEIVE_BYTES (32 << 20)
#define NO_ROOM_US    300
#define BURST	      8
#define SILENCE_MS    1000 /* after the last frame, for one too many */
#define END_MS	      15000 /* after SIGTERM, for what is on its way */

static const char doc[] =
	"Send a stream of CAN frames of all kinds, or check what arrives of one or two\v"
	"STREAM is N:COUNT[:WORD...]: number 0 or 1, frames (0: until SIGTERM). Words for check: \"plain\" or \"brs\", what "
	"all its FD frames are to be; \"gaps\", frames may be missing; \"twice\", frames may come again a moment later.\n"
	"check ends a second after the last frame, or after SIGTERM and fifteen seconds of silence; its status is 0 when nothing "
	"else arrived than should.";
static const char args_doc[] = "send IFACE STREAM\ncheck IFACE STREAM...";

static const struct argp_option options[] = {
	{ "gap", 'g', "US", 0, "send: microseconds between two frames, on average", 0 },
	{ 0 },
};

struct frame {
	struct canfd_frame raw;
	size_t size; /* CAN_MTU or CANFD_MTU */
};

/**
 * struct stream
 * @number: also the lowest bit of its identifiers
 * @random: state of the generator
 * @next: the frame that is due
 * @recent: the last ones before it
 * @done: frames before it
 */
struct stream {
	unsigned int number;
	unsigned long count;
	bool plain, brs, gaps, twice;
	uint64_t random;
	struct frame next;
	struct frame recent[WINDOW];
	unsigned long done;
	unsigned long missing;
	unsigned long again;
};

struct setup {
	bool send;
	const char *iface;
	unsigned int gap_us;
	struct stream streams[MAX_STREAMS];
	unsigned int num_streams;
};

static volatile sig_atomic_t ending;

static void on_term(int sig)
{
	ending = 1;
}

static uint32_t draw(struct stream *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (uint32_t)(s->random >> 32);
}

/* Makes up @s->next. */
static void make_next(struct stream *s)
{
	static const unsigned char lengths[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64 };
	struct canfd_frame *raw = &s->next.raw;
	uint32_t kind = draw(s), number = (uint32_t)s->done;
	bool fd = kind & 1, extended = kind & 2, remote = !fd && !(kind & 0x1c);

	memset(raw, 0, sizeof(*raw));
	s->next.size = fd ? CANFD_MTU : CAN_MTU;
	raw->can_id = (draw(s) & (extended ? CAN_EFF_MASK : CAN_SFF_MASK) & ~1u) | s->number;
	raw->can_id |= (extended ? CAN_EFF_FLAG : 0) | (remote ? CAN_RTR_FLAG : 0);
	raw->len = (uint8_t)(fd ? lengths[(kind >> 8) % sizeof(lengths)] : (kind >> 8) % (CAN_MAX_DLEN + 1));
	if (fd)
		raw->flags = (uint8_t)((kind >> 16) & (CANFD_BRS | CANFD_ESI));
	if (remote)
		return;
	for (unsigned int i = 0; i < raw->len; i++)
		raw->data[i] = (uint8_t)draw(s);
	if (raw->len >= sizeof(number))
		memcpy(raw->data, &number, sizeof(number));
}

static void step(struct stream *s)
{
	s->recent[s->done % WINDOW] = s->next;
	s->done++;
	make_next(s);
}

/* Flags apart, which virtio has no place for. */
static bool same(const struct frame *a, const struct frame *b)
{
	return a->size == b->size && a->raw.can_id == b->raw.can_id && a->raw.len == b->raw.len &&
		!memcmp(a->raw.data, b->raw.data, a->raw.len);
}

static void print_frame(const char *what, const struct frame *f)
{
	fprintf(stderr, "%s%X#%s%u bytes,", what, f->raw.can_id, f->size == CANFD_MTU ? "FD " : "", f->raw.len);
	for (unsigned int i = 0; i < f->raw.len; i++)
		fprintf(stderr, " %02x", f->raw.data[i]);
	fprintf(stderr, "\n");
}

static int wrong(const struct stream *s, const struct frame *got, const char *why)
{
	fprintf(stderr, "stream %u, after %lu frames: %s\n", s->number, s->done, why);
	print_frame("  came: ", got);
	print_frame("  due: ", &s->next);
	return 1;
}

static bool was_recent(const struct stream *s, const struct frame *got)
{
	for (unsigned int i = 0; i < WINDOW && i < s->done; i++) {
		if (same(&s->recent[i], got))
			return true;
	}
	return false;
}

/* Is @got a later frame? Those between are missing then. */
static bool skip_to(struct stream *s, const struct frame *got)
{
	struct stream ahead = *s;

	while (ahead.done - s->done < MAX_GAP && !same(&ahead.next, got)) {
		ahead.missing++;
		step(&ahead);
	}
	if (!same(&ahead.next, got))
		return false;
	step(&ahead);
	*s = ahead;
	return true;
}

/* 0, or 1 after a message. */
static int take(struct stream *s, const struct frame *got)
{
	bool over = s->count && s->done >= s->count;

	if (got->size == CANFD_MTU && s->plain && got->raw.flags & (CANFD_BRS | CANFD_ESI))
		return wrong(s, got, "BRS or ESI is set");
	if (got->size == CANFD_MTU && s->brs && (got->raw.flags & (CANFD_BRS | CANFD_ESI)) != CANFD_BRS)
		return wrong(s, got, "BRS is not set, or ESI is");
	if (!over && same(&s->next, got)) {
		step(s);
		return 0;
	}
	if (s->gaps && skip_to(s, got))
		return 0;
	if (!was_recent(s, got))
		return wrong(s, got, over ? "there are no more of them" : "another frame came");
	s->again++;
	return s->twice ? 0 : wrong(s, got, "a frame came twice, or one that is equal came too early");
}

static int open_socket(const struct setup *setup)
{
	const struct sockaddr_can addr = { .can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(setup->iface) };
	const int one = 1, bytes = RECEIVE_BYTES;
	int fd = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);

	if (fd < 0 || !addr.can_ifindex || setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one)) ||
		(setup->send && setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, NULL, 0)) ||
		(!setup->send && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes))) ||
		setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one)) ||
		bind(fd, (const struct sockaddr *)&addr, sizeof(addr))) {
		fprintf(stderr, "can-stream: cannot open a socket on %s: %s\n", setup->iface, strerror(errno));
		exit(2);
	}
	return fd;
}

static int run_send(const struct setup *setup, struct stream *s)
{
	int fd = open_socket(setup);

	while (!ending && (!s->count || s->done < s->count)) {
		if (write(fd, &s->next.raw, s->next.size) == (ssize_t)s->next.size) {
			step(s);
			if (setup->gap_us && s->done % BURST == 0)
				usleep(setup->gap_us * BURST);
		} else if (errno == ENOBUFS || errno == EAGAIN) {
			usleep(NO_ROOM_US);
		} else if (errno != EINTR) {
			fprintf(stderr, "can-stream: frame %lu: %s\n", s->done, strerror(errno));
			return 2;
		}
	}
	printf("%lu\n", s->done);
	return 0;
}

/* The next frame; 1, or 0: there was none for @timeout_ms or a signal came. Ends the program when the kernel dropped some. */
static int receive(int fd, struct frame *frame, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
	} control;
	struct iovec iov = { &frame->raw, sizeof(frame->raw) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
	const struct cmsghdr *cmsg;

	if (n < 0)
		return errno == EAGAIN && poll(&pfd, 1, timeout_ms) == 1 ? receive(fd, frame, 0) : 0;
	frame->size = (size_t)n;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SO_RXQ_OVFL && *(const uint32_t *)CMSG_DATA(cmsg)) {
		fprintf(stderr, "can-stream: it did not get its turn, and the kernel dropped frames before it\n");
		exit(2);
	}
	return 1;
}

static bool complete(const struct setup *setup)
{
	for (unsigned int i = 0; i < setup->num_streams; i++) {
		if (!setup->streams[i].count || setup->streams[i].done < setup->streams[i].count)
			return false;
	}
	return true;
}

static struct stream *stream_of(struct setup *setup, const struct frame *frame)
{
	for (unsigned int i = 0; i < setup->num_streams; i++) {
		if ((frame->raw.can_id & 1) == setup->streams[i].number)
			return &setup->streams[i];
	}
	return NULL;
}

static int run_check(struct setup *setup)
{
	int fd = open_socket(setup), status = 0;
	struct frame frame;
	struct stream *s;

	for (;;) {
		bool last = complete(setup);

		if (receive(fd, &frame, last ? SILENCE_MS : END_MS)) {
			s = stream_of(setup, &frame);
			if (s && take(s, &frame))
				return 1;
		} else if (last || ending == 2) {
			break;
		} else if (ending) {
			ending = 2; /* from now on a whole silence */
		}
	}
	for (s = setup->streams; s < setup->streams + setup->num_streams; s++) {
		printf("stream %u: in order %lu, missing %lu, twice %lu\n", s->number, s->done - s->missing, s->missing,
			s->again);
		if (s->done < s->count || !s->done)
			status = 1;
	}
	return status;
}

static void parse_stream(struct setup *setup, struct argp_state *state, char *arg)
{
	struct stream *s = &setup->streams[setup->num_streams];
	int used = 0;

	if (setup->num_streams == MAX_STREAMS || sscanf(arg, "%u:%lu%n", &s->number, &s->count, &used) != 2 ||
		s->number >= MAX_STREAMS)
		argp_error(state, "%s: that is no stream, or one too many", arg);
	for (char *word = strtok(arg + used, ":"); word; word = strtok(NULL, ":")) {
		s->plain |= !strcmp(word, "plain");
		s->brs |= !strcmp(word, "brs");
		s->gaps |= !strcmp(word, "gaps");
		s->twice |= !strcmp(word, "twice");
	}
	s->random = 0x9e3779b97f4a7c15ull * (s->number + 1);
	make_next(s);
	setup->num_streams++;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct setup *setup = state->input;

	switch (key) {
	case 'g': setup->gap_us = (unsigned int)atoi(arg); return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			setup->send = !strcmp(arg, "send");
		else if (state->arg_num == 1)
			setup->iface = arg;
		else
			parse_stream(setup, state, arg);
		return 0;
	case ARGP_KEY_END:
		if (!setup->num_streams || (setup->send && setup->num_streams > 1))
			argp_usage(state);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options, .parser = parse_option, .args_doc = args_doc, .doc = doc
	};
	const struct sigaction action = { .sa_handler = on_term };
	struct setup *setup = calloc(1, sizeof(*setup));

	if (!setup)
		return 2;
	argp_parse(&argp, argc, argv, 0, NULL, setup);
	sigaction(SIGTERM, &action, NULL);
	return setup->send ? run_send(setup, &setup->streams[0]) : run_check(setup);
}
