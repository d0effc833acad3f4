// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/protocol/can-bus.h"
#include "tests/protocol/can-fake.h"
#include "tests/protocol/server.h"

/* Where buffer @i of a queue lies, from the beginning of the memory. */
#define ROOM		 128ul
#define BUFFER(queue, i) (FE_BUFFERS + (queue)*0x8000ul + 2ul * (i)*ROOM)

static bool readable(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) == 1;
}

void bus_open(struct bus *bus)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	bus->port = -1;
	bus->starts = 0;
	bus->sock = -1;
	snprintf(bus->path, sizeof(bus->path), "/tmp/vhu-can-%d", getpid());
	unlink(bus->path);
	memcpy(addr.sun_path, bus->path, sizeof(bus->path));
	bus->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(bus->listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(bus->listener, 1) < 0)
		abort();
	setenv("CAN_FAKE", bus->path, 1);
}

void bus_close(struct bus *bus)
{
	close(bus->listener);
	close(bus->port);
	close(bus->sock);
	unlink(bus->path);
}

static int port_of(struct bus *bus)
{
	if (bus->port < 0) {
		assert_true(readable(bus->listener, CAN_WAIT_MS));
		bus->port = accept(bus->listener, NULL, NULL);
		assert_true(bus->port >= 0);
	}
	return bus->port;
}

/* Has the daemon messages to read yet? */
static bool unread(int fd)
{
	int bytes = 0;

	return ioctl(fd, SIOCOUTQ, &bytes) < 0 || bytes > 0;
}

static void report(struct bus *bus, struct can_port_report report, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &report, sizeof(report) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	report.starts = bus->starts;
	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(port_of(bus), &msg, 0), sizeof(report));
	for (int i = 0; i < CAN_WAIT_MS && unread(bus->port); i++)
		usleep(1000);
}

void bus_plug(struct bus *bus, bool up, int room)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (room)
		assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	report(bus, (struct can_port_report) { .present = 1, .up = up, .fd = 1 }, pair[1]);
	close(pair[1]);
	if (bus->sock >= 0)
		close(bus->sock);
	bus->sock = pair[0];
}

void bus_report(struct bus *bus, bool up, bool bus_off)
{
	report(bus, (struct can_port_report) { .present = 1, .up = up, .fd = 1, .bus_off = bus_off }, -1);
}

void bus_unplug(struct bus *bus)
{
	report(bus, (struct can_port_report) { 0 }, -1);
	close(bus->sock);
	bus->sock = -1;
}

enum can_port_order bus_order(struct bus *bus)
{
	uint8_t order = UINT8_MAX;

	assert_true(readable(port_of(bus), CAN_WAIT_MS));
	assert_int_equal(recv(bus->port, &order, sizeof(order), 0), sizeof(order));
	bus->starts += order == CAN_PORT_START;
	return order;
}

void bus_forget_orders(struct bus *bus)
{
	while (readable(port_of(bus), 0))
		bus_order(bus);
}

struct can_msg bus_take(struct bus *bus)
{
	struct can_msg msg = { 0 };
	ssize_t n;

	if (!readable(bus->sock, CAN_WAIT_MS))
		fail_msg("no frame was sent");
	n = recv(bus->sock, &msg.frame, sizeof(msg.frame), 0);
	assert_true(n == CAN_MTU || n == CANFD_MTU);
	msg.fd = n == CANFD_MTU;
	return msg;
}

bool bus_silent(struct bus *bus)
{
	return !readable(bus->sock, CAN_SILENCE_MS);
}

static void put(struct bus *bus, const struct can_msg *msg, struct can_fake_tail tail)
{
	size_t len = msg->fd ? CANFD_MTU : CAN_MTU;
	char bytes[CANFD_MTU + sizeof(tail)];

	memcpy(bytes, &msg->frame, len);
	memcpy(bytes + len, &tail, sizeof(tail));
	assert_int_equal(send(bus->sock, bytes, len + sizeof(tail), 0), len + sizeof(tail));
}

void bus_send(struct bus *bus, const struct can_msg *msg, bool own)
{
	put(bus, msg, (struct can_fake_tail) { .own = own });
}

void bus_send_lossy(struct bus *bus, const struct can_msg *msg, uint32_t lost)
{
	put(bus, msg, (struct can_fake_tail) { .lost = lost });
}

void bus_down(struct bus *bus)
{
	assert_int_equal(send(bus->sock, NULL, 0, 0), 0);
}

void bus_error(struct bus *bus, uint32_t kinds)
{
	const struct can_msg msg = { .frame = { .can_id = CAN_ERR_FLAG | kinds, .len = 8 } };

	bus_send(bus, &msg, false);
}

struct can_msg a_frame(uint32_t id, unsigned int len, bool fd)
{
	struct can_msg msg = { .frame = { .can_id = id, .len = (uint8_t)len }, .fd = fd };

	for (unsigned int i = 0; i < len && !(id & CAN_RTR_FLAG); i++)
		msg.frame.data[i] = (uint8_t)(id + i);
	return msg;
}

/* --- the driver */

void drv_send_bytes(struct frontend *fe, unsigned int i, const void *bytes, size_t len, unsigned int room)
{
	struct drv_ring *ring = &fe->queues[CAN_TX].ring;
	unsigned long at = BUFFER(CAN_TX, i);
	uint16_t head = (uint16_t)(2 * i);

	memcpy(fe->mem + at, bytes, len);
	memset(fe->mem + at + ROOM, 0xee, 1);
	drv_desc(ring, head, FE_GUEST + at, (uint32_t)len, room ? VRING_DESC_F_NEXT : 0, (uint16_t)(head + 1));
	if (room)
		drv_desc(ring, (uint16_t)(head + 1), FE_GUEST + at + ROOM, room, VRING_DESC_F_WRITE, 0);
	drv_make_avail(ring, head);
	fe_kick(fe, CAN_TX);
}

/* The message of @msg; its bytes. */
static size_t encode(const struct can_msg *msg, uint8_t bytes[CAN_MESSAGE_BYTES])
{
	const struct canfd_frame *frame = &msg->frame;
	const struct virtio_can_tx_out out = {
		.msg_type = htole16(VIRTIO_CAN_TX),
		.length = htole16(frame->len),
		.flags = htole32((msg->fd ? VIRTIO_CAN_FLAGS_FD : 0u) |
			(frame->can_id & CAN_EFF_FLAG ? VIRTIO_CAN_FLAGS_EXTENDED : 0u) |
			(frame->can_id & CAN_RTR_FLAG ? VIRTIO_CAN_FLAGS_RTR : 0u)),
		.can_id = htole32(frame->can_id & CAN_EFF_MASK),
	};

	memcpy(bytes, &out, sizeof(out));
	memcpy(bytes + sizeof(out), frame->data, frame->len);
	return sizeof(out) + frame->len;
}

void drv_send(struct frontend *fe, unsigned int i, const struct can_msg *msg)
{
	uint8_t bytes[CAN_MESSAGE_BYTES];
	size_t len = encode(msg, bytes);

	drv_send_bytes(fe, i, bytes, len, 1);
}

/* Descriptors from 0 on; returns the next one. */
static uint16_t put_pieces(
	struct drv_ring *ring, unsigned long at, const unsigned int *lengths, unsigned int num, uint16_t flags)
{
	for (unsigned int i = 0; i < num; i++) {
		drv_desc(ring, (uint16_t)i, FE_GUEST + at, lengths[i], (uint16_t)(VRING_DESC_F_NEXT | flags),
			(uint16_t)(i + 1));
		at += lengths[i];
	}
	return (uint16_t)num;
}

void drv_send_pieces(struct frontend *fe, const struct can_msg *msg, const unsigned int *lengths, unsigned int num)
{
	struct drv_ring *ring = &fe->queues[CAN_TX].ring;
	unsigned long at = BUFFER(CAN_TX, 0);
	uint8_t bytes[CAN_MESSAGE_BYTES];
	size_t len = encode(msg, bytes);

	memcpy(fe->mem + at, bytes, len);
	drv_desc(ring, put_pieces(ring, at, lengths, num, 0), FE_GUEST + at + ROOM, 1, VRING_DESC_F_WRITE, 0);
	drv_make_avail(ring, 0);
	fe_kick(fe, CAN_TX);
}

void drv_post_pieces(struct frontend *fe, const unsigned int *lengths, unsigned int num)
{
	struct drv_ring *ring = &fe->queues[CAN_RX].ring;
	unsigned long at = BUFFER(CAN_RX, 0);

	memset(fe->mem + at, 0xee, ROOM);
	put_pieces(ring, at, lengths, num - 1, VRING_DESC_F_WRITE);
	for (unsigned int i = 0; i + 1 < num; i++)
		at += lengths[i];
	drv_desc(ring, (uint16_t)(num - 1), FE_GUEST + at, lengths[num - 1], VRING_DESC_F_WRITE, 0);
	drv_make_avail(ring, 0);
	fe_kick(fe, CAN_RX);
}

void drv_offer(struct frontend *fe, unsigned int queue, uint16_t flags)
{
	struct drv_ring *ring = &fe->queues[queue].ring;
	uint16_t head = flags & VRING_DESC_F_WRITE ? 0 : 2;

	/* where the answer to frame 0 would be */
	drv_desc(ring, head, FE_GUEST + BUFFER(queue, 0) + ROOM, 1, flags, 0);
	drv_make_avail(ring, head);
	fe_kick(fe, queue);
}

static bool get_used(struct frontend *fe, unsigned int queue, struct vring_used_elem *used, int timeout_ms)
{
	struct drv_ring *ring = &fe->queues[queue].ring;

	drv_set_used_event(ring, ring->used_seen);
	while (!drv_get_used(ring, used)) {
		if (!fe_wait_call(fe, queue, timeout_ms))
			return drv_get_used(ring, used);
	}
	return true;
}

bool drv_answered(struct frontend *fe, unsigned int queue, uint32_t len)
{
	struct vring_used_elem used;

	return get_used(fe, queue, &used, CAN_WAIT_MS) && used.len == len;
}

int drv_sent(struct frontend *fe, unsigned int *i)
{
	struct vring_used_elem used;

	if (!get_used(fe, CAN_TX, &used, CAN_WAIT_MS))
		fail_msg("no frame is answered");
	assert_int_equal(used.id % 2, 0);
	assert_in_range(used.len, 0, 1);
	if (i)
		*i = used.id / 2;
	return used.len ? (uint8_t)fe->mem[BUFFER(CAN_TX, used.id / 2) + ROOM] : -1;
}

bool drv_nothing_sent(struct frontend *fe)
{
	struct vring_used_elem used;

	return !get_used(fe, CAN_TX, &used, CAN_SILENCE_MS);
}

void drv_post(struct frontend *fe, unsigned int i, unsigned int room)
{
	struct drv_ring *ring = &fe->queues[CAN_RX].ring;

	memset(fe->mem + BUFFER(CAN_RX, i), 0xee, ROOM);
	drv_desc(ring, (uint16_t)i, FE_GUEST + BUFFER(CAN_RX, i), room, VRING_DESC_F_WRITE, 0);
	drv_make_avail(ring, (uint16_t)i);
	fe_kick(fe, CAN_RX);
}

/* Checks all that a driver checks, and that nothing is behind the message. */
struct can_msg drv_receive(struct frontend *fe)
{
	struct vring_used_elem used;
	struct virtio_can_rx rx;
	struct can_msg msg = { 0 };
	const char *bytes;
	uint32_t flags;

	if (!get_used(fe, CAN_RX, &used, CAN_WAIT_MS))
		fail_msg("no frame is received");
	bytes = fe->mem + BUFFER(CAN_RX, used.id);
	memcpy(&rx, bytes, sizeof(rx));
	flags = le32toh(rx.flags);
	assert_int_equal(le16toh(rx.msg_type), VIRTIO_CAN_RX);
	assert_int_equal(flags & ~0xe000u, 0);
	assert_int_equal(used.len, sizeof(rx) + le16toh(rx.length));
	assert_int_equal((uint8_t)bytes[used.len], 0xee);
	msg.fd = flags & VIRTIO_CAN_FLAGS_FD;
	msg.frame.len = (uint8_t)le16toh(rx.length);
	msg.frame.can_id = le32toh(rx.can_id) | (flags & VIRTIO_CAN_FLAGS_EXTENDED ? CAN_EFF_FLAG : 0) |
		(flags & VIRTIO_CAN_FLAGS_RTR ? CAN_RTR_FLAG : 0);
	memcpy(msg.frame.data, bytes + sizeof(rx), msg.frame.len);
	return msg;
}

bool drv_nothing_received(struct frontend *fe)
{
	struct vring_used_elem used;

	return !get_used(fe, CAN_RX, &used, CAN_SILENCE_MS);
}

int drv_control_bytes(struct frontend *fe, const void *bytes, size_t len)
{
	struct drv_ring *ring = &fe->queues[CAN_CTRL].ring;
	struct vring_used_elem used;
	unsigned long at = BUFFER(CAN_CTRL, 0);

	memcpy(fe->mem + at, bytes, len);
	fe->mem[at + ROOM] = (char)0xee;
	drv_desc(ring, 0, FE_GUEST + at, (uint32_t)len, VRING_DESC_F_NEXT, 1);
	drv_desc(ring, 1, FE_GUEST + at + ROOM, 1, VRING_DESC_F_WRITE, 0);
	drv_make_avail(ring, 0);
	fe_kick(fe, CAN_CTRL);
	if (!get_used(fe, CAN_CTRL, &used, CAN_WAIT_MS))
		fail_msg("a control message is not answered");
	assert_int_equal(used.len, 1);
	return (uint8_t)fe->mem[at + ROOM];
}

int drv_control(struct frontend *fe, uint16_t type)
{
	const struct virtio_can_control_out out = { htole16(type) };

	return drv_control_bytes(fe, &out, sizeof(out));
}

uint16_t drv_status(struct frontend *fe)
{
	struct virtio_can_config config;

	assert_int_equal(fe_get_config(fe, 0, &config, sizeof(config)), 0);
	return le16toh(config.status);
}

/* --- both */

int visit_connect(void **state)
{
	struct can_visit *v = *state;

	bus_plug(&v->bus, true, 0);
	return fe_connect(&v->fe, v->server->path);
}

int visit_end(void **state)
{
	struct can_visit *v = *state;

	fe_close(&v->fe);
	return 0;
}

struct frontend *visit_begin(void **state)
{
	struct can_visit *v = *state;

	assert_int_equal(fe_start_all(&v->fe, CAN_RING), 0);
	assert_int_equal(v->fe.num_queues, 3);
	return &v->fe;
}

struct frontend *visit_start(void **state)
{
	struct frontend *fe = visit_begin(state);

	assert_int_equal(drv_control(fe, VIRTIO_CAN_SET_CTRL_MODE_START), VIRTIO_CAN_RESULT_OK);
	return fe;
}

struct bus *visit_bus(void **state)
{
	return &((struct can_visit *)*state)->bus;
}

void assert_counted(const struct can_visit *v, const char *text)
{
	char log[16384];

	for (int left = CAN_WAIT_MS; left > 0; left -= 100) {
		FILE *f = fopen(v->server->log, "r");

		assert_non_null(f);
		log[fread(log, 1, sizeof(log) - 1, f)] = '\0';
		fclose(f);
		if (strstr(log, text))
			return;
		kill(v->server->pid, SIGUSR1);
		usleep(100000);
	}
	fail_msg("the daemon does not say \"%s\"", text);
}

void assert_same_frame(struct can_msg got, struct can_msg want)
{
	assert_int_equal(got.frame.can_id, want.frame.can_id);
	assert_int_equal(got.frame.len, want.frame.len);
	assert_int_equal(got.fd, want.fd);
	assert_memory_equal(got.frame.data, want.frame.data, want.frame.len);
}

/* A frame there, with its echo, and another one back. */
void exchange(struct frontend *fe, struct bus *bus, uint32_t id)
{
	struct can_msg msg = a_frame(id, 8, false);

	drv_send(fe, 0, &msg);
	assert_same_frame(bus_take(bus), msg);
	bus_send(bus, &msg, true);
	assert_int_equal(drv_sent(fe, NULL), VIRTIO_CAN_RESULT_OK);
	msg = a_frame(id ^ 1, 5, false);
	drv_post(fe, 0, CAN_MESSAGE_BYTES);
	bus_send(bus, &msg, false);
	assert_same_frame(drv_receive(fe), msg);
}
