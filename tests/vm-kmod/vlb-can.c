// SPDX-License-Identifier: MIT
/*
 * Frames by the virtio_can driver, against a device that says what the test wants, also what no device should.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/can/error.h>

#include "can.h"
#include "tap.h"

#define FRAMES	  2000
#define AT_A_TIME 64u
#define LONG_MS	  20000ull

static long statistic(const struct can *c, const char *name)
{
	char path[96], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", c->name, name);
	file = fopen(path, "r");
	FAKE_NEED(file && fgets(text, sizeof(text), file));
	fclose(file);
	return atol(text);
}

static unsigned int valid_fd_length(unsigned int n)
{
	static const unsigned char lengths[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64 };

	return lengths[n % sizeof(lengths)];
}

/* A frame of any kind; its size for write() or read(). */
static size_t random_frame(struct canfd_frame *frame, unsigned int *seed)
{
	unsigned int r = (unsigned int)rand_r(seed), i;
	bool fd = r & 1;

	memset(frame, 0, sizeof(*frame));
	frame->can_id = r & 2 ? ((uint32_t)rand_r(seed) & CAN_EFF_MASK) | CAN_EFF_FLAG : (r >> 4) & CAN_SFF_MASK;
	frame->len = (uint8_t)(fd ? valid_fd_length(r >> 8) : (r >> 8) % 9);
	if (!fd && !(r & 12)) {
		frame->can_id |= CAN_RTR_FLAG;
		return CAN_MTU;
	}
	for (i = 0; i < frame->len; i++)
		frame->data[i] = (uint8_t)rand_r(seed);
	return fd ? CANFD_MTU : CAN_MTU;
}

static void encode(struct can_msg *msg, uint16_t type, const struct canfd_frame *frame, size_t size)
{
	uint32_t flags = 0;

	if (frame->can_id & CAN_EFF_FLAG)
		flags |= CAN_FLAG_EXTENDED;
	if (frame->can_id & CAN_RTR_FLAG)
		flags |= CAN_FLAG_RTR;
	if (size == CANFD_MTU)
		flags |= CAN_FLAG_FD;
	*msg = (struct can_msg) {
		.type = htole16(type),
		.length = htole16(frame->len),
		.flags = htole32(flags),
		.id = htole32(frame->can_id & (frame->can_id & CAN_EFF_FLAG ? CAN_EFF_MASK : CAN_SFF_MASK)),
	};
	memcpy(msg->data, frame->data, frame->len);
}

/* The kernel marks FD frames as such, and gives BRS and ESI back that virtio cannot carry: only the rest counts. */
static bool same_frame(const struct canfd_frame *a, const struct canfd_frame *b)
{
	return a->can_id == b->can_id && a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static void transmits(struct can *c)
{
	unsigned int i, seed = 1, wrong = 0, echoes = 0;
	int fd = can_socket(c, false, true);
	struct canfd_frame frame, echo;
	struct can_msg msg;
	size_t size;

	for (i = 0; i < FRAMES; i++) {
		size = random_frame(&frame, &seed);
		FAKE_NEED(write(fd, &frame, size) == (ssize_t)size);
		FAKE_NEED(can_wait_for(&c->logged, i + 1));
		encode(&msg, CAN_MSG_TX, &frame, size);
		wrong += c->size[i] != CAN_HEADER + frame.len || memcmp(&c->log[i], &msg, c->size[i]) != 0;
		echoes += read(fd, &echo, sizeof(echo)) == (ssize_t)size && same_frame(&frame, &echo);
	}
	check(!wrong && c->logged == FRAMES, "2000 frames of all kinds are sent, byte for byte, in order");
	check(echoes == FRAMES, "and echoed");
	check(statistic(c, "tx_packets") == FRAMES, "and counted");
	close(fd);
}

static void receives(struct can *c)
{
	unsigned int i, seed = 2, wrong = 0;
	int fd = can_socket(c, false, false);
	struct canfd_frame frame, got;
	struct can_msg msg;
	size_t size;

	for (i = 0; i < FRAMES; i++) {
		size = random_frame(&frame, &seed);
		encode(&msg, CAN_MSG_RX, &frame, size);
		FAKE_NEED(can_receive(c, &msg, CAN_HEADER + frame.len));
		wrong += read(fd, &got, sizeof(got)) != (ssize_t)size || !same_frame(&frame, &got);
	}
	check(!wrong, "2000 frames of all kinds are received, byte for byte, in order");
	/* a remote frame without the bytes that it has not */
	msg = (struct can_msg) { htole16(CAN_MSG_RX), htole16(8), .flags = htole32(CAN_FLAG_RTR), .id = htole32(5) };
	FAKE_NEED(can_receive(c, &msg, CAN_HEADER));
	check(read(fd, &got, sizeof(got)) == CAN_MTU && got.can_id == (5 | CAN_RTR_FLAG) && got.len == 8,
		"a remote frame without data");
	close(fd);
}

static unsigned int next_but(int fd, unsigned int other)
{
	struct can_frame frame;

	do
		FAKE_NEED(read(fd, &frame, sizeof(frame)) == sizeof(frame));
	while (frame.can_id == other);
	return frame.can_id;
}

/*
 * Who asks hears his question before the answer, also when the driver finds both at once, or both come while it is at @others:
 * J1939 insists.
 */
static void in_order(struct can *c, unsigned int others, const char *name)
{
	const struct can_msg answer = { htole16(CAN_MSG_RX), htole16(1), .id = htole32(6) };
	const struct can_msg other = { htole16(CAN_MSG_RX), .id = htole32(8) };
	const struct can_frame question = { .can_id = 5, .len = 1 };
	unsigned int i, first, right = 0, rounds = 200;
	int fd = can_socket(c, false, true);

	c->keep_tx = true;
	for (i = 0; i < rounds; i++) {
		FAKE_NEED(write(fd, &question, sizeof(question)) == sizeof(question));
		FAKE_NEED(can_answer_busy(c, &answer, CAN_HEADER + 1, &other, others));
		first = next_but(fd, 8);
		right += first == 5 && next_but(fd, 8) == 6;
	}
	c->keep_tx = false;
	if (!check(right == rounds, name))
		printf("# %u times of %u\n", right, rounds);
	close(fd);
}

static void shuffle(unsigned int *order, unsigned int num, unsigned int *seed)
{
	unsigned int i, j, was;

	for (i = num - 1; i; i--) {
		j = (unsigned int)rand_r(seed) % (i + 1);
		was = order[i];
		order[i] = order[j];
		order[j] = was;
	}
}

/*
 * Many frames at a time, which the device finishes in the order of @order and refuses some of: who listens hears those that
 * were sent, in the order in which they were. False: something else.
 */
static bool finished_in(struct can *c, int fd, const unsigned int *order, unsigned int group, unsigned int *seed)
{
	const struct can_frame last = { .can_id = 7, .len = 1 };
	struct canfd_frame frames[AT_A_TIME], echo;
	uint8_t results[AT_A_TIME];
	size_t sizes[AT_A_TIME];
	bool right = true;
	unsigned int i;

	c->keep_tx = true;
	for (i = 0; i < AT_A_TIME; i++) {
		sizes[i] = random_frame(&frames[i], seed);
		results[i] = (unsigned int)rand_r(seed) % 4 == 0;
		FAKE_NEED(write(fd, &frames[i], sizes[i]) == (ssize_t)sizes[i]);
	}
	FAKE_NEED(can_wait_for(&c->num_kept, AT_A_TIME));
	can_finish_kept(c, order, results, AT_A_TIME, group);
	c->keep_tx = false;
	for (i = 0; right && i < AT_A_TIME; i++) {
		if (!results[order[i]])
			right = read(fd, &echo, sizeof(echo)) == (ssize_t)sizes[order[i]] &&
				same_frame(&echo, &frames[order[i]]);
	}
	FAKE_NEED(write(fd, &last, sizeof(last)) == sizeof(last));
	return right && read(fd, &echo, sizeof(echo)) == sizeof(last) && echo.can_id == last.can_id;
}

static void any_order(struct can *c)
{
	unsigned int order[AT_A_TIME], round = 0, i, seed = 3, rounds = 20;
	int fd = can_socket(c, false, true);

	for (i = 0; i < AT_A_TIME; i++)
		order[i] = i;
	while (round < rounds && finished_in(c, fd, order, round % 2 ? 1 : AT_A_TIME, &seed)) {
		/* twice in their own order, with the driver told once and each time */
		if (round++)
			shuffle(order, AT_A_TIME, &seed);
	}
	if (!check(round == rounds,
		    "many at a time, finished in any order, some refused: echoes are those that were sent"))
		printf("# round %u of %u is wrong\n", round + 1, rounds);
	close(fd);
}

static void bad_frames(struct can *c)
{
	static const struct {
		struct can_msg msg;
		unsigned int used;
	} bad[] = {
		{ { .type = CAN_MSG_RX, .length = 1 }, 0 },
		{ { .type = CAN_MSG_RX, .length = 1 }, CAN_HEADER - 1 },
		{ { .type = CAN_MSG_RX, .length = 2 }, CAN_HEADER + 1 },
		{ { .type = CAN_MSG_RX, .length = 9 }, CAN_HEADER + 9 },
		{ { .type = CAN_MSG_RX, .length = 0xffff }, CAN_HEADER + 64 },
		{ { .type = CAN_MSG_RX, .length = 65, .flags = CAN_FLAG_FD }, CAN_HEADER + 64 },
		{ { .type = CAN_MSG_RX, .length = 1, .flags = CAN_FLAG_FD | CAN_FLAG_RTR }, CAN_HEADER + 1 },
		{ { .type = CAN_MSG_RX, .length = 1, .flags = 1 }, CAN_HEADER + 1 },
		{ { .type = CAN_MSG_RX, .length = 1, .id = 0x800 }, CAN_HEADER + 1 },
		{ { .type = CAN_MSG_RX, .length = 1, .flags = CAN_FLAG_EXTENDED, .id = 0x20000000 }, CAN_HEADER + 1 },
		{ { .type = CAN_MSG_TX, .length = 1 }, CAN_HEADER + 1 },
		{ { .type = 0, .length = 0 }, CAN_HEADER },
	};
	unsigned int i, num = sizeof(bad) / sizeof(bad[0]);
	const struct can_msg good = { .type = htole16(CAN_MSG_RX), .length = htole16(1), .id = htole32(0x7ff) };
	int fd = can_socket(c, false, false);
	long before = statistic(c, "rx_errors");
	struct canfd_frame got;

	for (i = 0; i < num; i++) {
		struct can_msg msg = bad[i].msg;

		msg.type = htole16(msg.type);
		msg.length = htole16(msg.length);
		msg.flags = htole32(msg.flags);
		msg.id = htole32(msg.id);
		FAKE_NEED(can_receive(c, &msg, bad[i].used));
	}
	FAKE_NEED(can_receive(c, &good, CAN_HEADER + 1));
	check(read(fd, &got, sizeof(got)) == CAN_MTU && got.can_id == 0x7ff,
		"no malformed frame comes through, a good one does");
	check(statistic(c, "rx_errors") == before + (long)num, "each is counted");
	close(fd);
}

static void refused(struct can *c)
{
	const struct can_frame frame = { .can_id = 1, .len = 1 };
	int fd = can_socket(c, false, true);
	struct pollfd p = { fd, POLLIN, 0 };
	long before = statistic(c, "tx_dropped");
	uint64_t end = fake_now() + LONG_MS;
	unsigned int logged = c->logged;

	c->tx_result = 1;
	FAKE_NEED(write(fd, &frame, sizeof(frame)) == sizeof(frame));
	FAKE_NEED(can_wait_for(&c->logged, logged + 1));
	check(poll(&p, 1, 200) == 0, "a frame that the device refuses is not echoed");
	while (statistic(c, "tx_dropped") == before && fake_now() < end)
		usleep(1000);
	check(statistic(c, "tx_dropped") == before + 1, "but counted");
	c->tx_result = 0;
	close(fd);
}

/* The device finishes nothing for a while: the interface takes what it can, then says so, and loses nothing. */
static void back_pressure(struct can *c)
{
	unsigned int sent = 0, echoes = 0, logged = c->logged;
	int fd = can_socket(c, false, true);
	struct can_frame frame = { .len = 1 };

	c->keep_tx = true;
	while (sent < 1000) {
		frame.can_id = sent;
		if (write(fd, &frame, sizeof(frame)) != sizeof(frame))
			break;
		sent++;
	}
	check(errno == ENOBUFS && sent > 128 && sent < 1000, "a device that is slow: ENOBUFS in the end");
	FAKE_NEED(can_wait_for(&c->logged, logged + 128));
	usleep(50000);
	check(c->logged == logged + 128, "128 frames are under way");
	c->keep_tx = false;
	while (echoes < sent && read(fd, &frame, sizeof(frame)) == sizeof(frame))
		echoes++;
	check(echoes == sent && c->logged == logged + sent, "all that was taken is sent when it goes on");
	close(fd);
}

static void features(uint64_t bits, bool fd, bool rtr, const char *name)
{
	const struct can_frame remote = { .can_id = 4 | CAN_RTR_FLAG, .len = 2 }, plain = { .can_id = 4, .len = 2 };
	const struct canfd_frame large = { .can_id = 4, .len = 64 };
	unsigned int want = 1 + rtr;
	struct can c;
	int sock;

	can_start(&c, bits);
	FAKE_NEED(!can_ip(&c, "up"));
	sock = can_socket(&c, false, false);
	FAKE_NEED(write(sock, &remote, sizeof(remote)) == sizeof(remote));
	if ((write(sock, &large, sizeof(large)) == sizeof(large)) != fd)
		want = 100;
	want += fd;
	FAKE_NEED(write(sock, &plain, sizeof(plain)) == sizeof(plain));
	can_wait_for(&c.logged, want < 100 ? want : 1);
	usleep(20000);
	check(c.logged == want, name);
	close(sock);
	can_end(&c);
}

int main(void)
{
	struct can *c = calloc(1, sizeof(*c));

	FAKE_NEED(c);
	can_start(c, CAN_F_CLASSIC | CAN_F_FD | CAN_F_BIT_2 | CAN_F_BIT_3);
	check(!c->starts && !can_ip(c, "up") && c->starts == 1, "up starts the controller");
	transmits(c);
	receives(c);
	in_order(c, 0, "an echo comes before its answer");
	in_order(c, 60, "also when the driver is busy as they come");
	any_order(c);
	bad_frames(c);
	refused(c);
	back_pressure(c);
	can_end(c);
	free(c);
	features(CAN_F_CLASSIC, false, false, "classic frames only");
	features(CAN_F_CLASSIC | CAN_F_BIT_2, false, true, "remote frames by the standard's bit");
	features(CAN_F_CLASSIC | CAN_F_BIT_3, false, true, "and by that of the drafts");
	features(CAN_F_CLASSIC | CAN_F_FD | CAN_F_BIT_3, true, true, "FD");
	return tap_end();
}
