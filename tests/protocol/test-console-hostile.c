// SPDX-License-Identifier: MIT
/*
 * test-console-hostile DAEMON OPTION...: drivers of vhost-user-console that misbehave on any of its queues, while
 * test-hostile attacks one as it does of any daemon.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/protocol/console-tests.h"

#define CONTROL_RECEIVE	 2
#define CONTROL_TRANSMIT 3
#define TABLE		 (FE_BUFFERS - 0x1000ul) /* of an indirect descriptor; no queue has its ring there */
#define DATA_AT		 FE_BUFFERS
#define MESSAGES	 (FE_BUFFERS + 0x70000ul)

/* One descriptor, or a chain that begins with the first, is there for the daemon. */
static void offer(struct frontend *fe, unsigned int queue, uint16_t head)
{
	drv_make_avail(&fe->queues[queue].ring, head);
	fe_kick(fe, queue);
}

/* A message to the daemon, as the @i-th of the control queue, whether it is still taken or not. */
static void say(struct frontend *fe, uint16_t i, uint32_t id, uint16_t event)
{
	const struct virtio_console_control msg = { .id = htole32(id), .event = htole16(event), .value = htole16(1) };
	size_t at = MESSAGES + i * sizeof(msg);

	memcpy(fe->mem + at, &msg, sizeof(msg));
	drv_desc(&fe->queues[CONTROL_TRANSMIT].ring, i, FE_GUEST + at, sizeof(msg), 0, 0);
	offer(fe, CONTROL_TRANSMIT, i);
}

/* So that there is something to be received: by the control queue and the first two ports. */
static void have_something_to_say(struct frontend *fe)
{
	static const char *const ends[] = { "login", "data" };
	uint16_t n = 0;

	for (uint32_t id = LOGIN; id <= DATA; id++) {
		int fd = con_client(ends[id]);

		assert_int_equal(write(fd, "something", 9), 9);
		close(fd);
	}
	say(fe, n++, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY);
	for (uint32_t id = LOGIN; id <= DATA; id++) {
		say(fe, n++, id, VIRTIO_CONSOLE_PORT_READY);
		say(fe, n++, id, VIRTIO_CONSOLE_PORT_OPEN);
	}
}

/* After an attack that the daemon may answer as it likes it serves the next front-end. */
static void next_one_is_served(void **state)
{
	struct visit *v = *state;
	struct virtio_console_control msg;
	char rest[CON_ROOM];

	fe_close(&v->fe);
	assert_true(server_lives(v->server));
	assert_int_equal(fe_connect(&v->fe, v->server->path), 0);
	start(state);
	assert_true(con_send(&v->fe, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY, 1));
	assert_true(con_hear(&v->fe, &msg, rest, CON_WAIT_MS) >= 0);
	assert_int_equal(le16toh(msg.event), VIRTIO_CONSOLE_PORT_ADD);
}

/* Every event that there is and some that are not, about ports that exist and do not. */
static void control_of_every_kind(void **state)
{
	static const uint32_t ids[] = { LOGIN, DATA, MAX_PORTS - 1, MAX_PORTS, 31, 32, 255, 0x7fffffff, 0x80000000,
		CON_ALL };
	static const uint16_t values[] = { 0, 1, 2, 0xffff };
	struct frontend *fe = start_ports(state);

	for (uint16_t event = 0; event < 20; event++) {
		for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
			for (unsigned int k = 0; k < sizeof(values) / sizeof(values[0]); k++)
				assert_true(con_send(
					fe, ids[i], event < 16 ? event : (uint16_t)(event << 12 | 1), values[k]));
		}
	}
	assert_true(fe_alive(fe));
	next_one_is_served(state);
}

/* A message of @len bytes in descriptors of @piece bytes, in a table of its own if @indirect. */
static void send_pieces(struct frontend *fe, uint32_t len, uint32_t piece, bool indirect)
{
	struct drv_ring *ring = &fe->queues[CONTROL_TRANSMIT].ring;
	struct vring_desc *table = indirect ? (void *)(fe->mem + TABLE) : ring->desc;
	uint16_t n = 0;

	for (uint32_t at = 0; at < len || !n; at += piece, n++) {
		uint32_t left = len - at;

		table[n] = (struct vring_desc) { .addr = FE_GUEST + DATA_AT + at,
			.len = left < piece ? left : piece,
			.flags = VRING_DESC_F_NEXT,
			.next = (uint16_t)(n + 1) };
	}
	table[n - 1].flags = 0;
	if (indirect)
		drv_desc(ring, 0, FE_GUEST + TABLE, (uint32_t)(n * sizeof(*table)), VRING_DESC_F_INDIRECT, 0);
	offer(fe, CONTROL_TRANSMIT, 0);
}

static void expect_taken(struct frontend *fe, unsigned int queue)
{
	struct drv_ring *ring = &fe->queues[queue].ring;
	struct vring_used_elem used;

	for (int left = CON_WAIT_MS; !drv_get_used(ring, &used); left--) {
		assert_true(left > 0);
		usleep(1000);
	}
	assert_int_equal(used.id, 0);
	assert_int_equal(used.len, 0);
}

/* Too short, too long, in any pieces: what the first eight bytes say counts, and less says nothing. */
static void control_of_every_length(void **state)
{
	const struct virtio_console_control ready = {
		.id = htole32(DATA), .event = htole16(VIRTIO_CONSOLE_PORT_READY), .value = htole16(1)
	};
	struct frontend *fe = start_ports(state);

	memset(fe->mem + DATA_AT, 0xff, 0x2000);
	memcpy(fe->mem + DATA_AT, &ready, sizeof(ready));
	for (uint32_t len = 64; len; len--) {
		for (uint32_t piece = 1; piece <= 64; piece *= 4) {
			send_pieces(fe, len, piece, (len + piece - 1) / piece > CON_SIZE);
			expect_taken(fe, CONTROL_TRANSMIT);
			if (len < sizeof(ready))
				continue;
			con_expect_name(fe, DATA, "data");
			con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 0);
		}
	}
	con_expect_no_message(fe);
	send_pieces(fe, 0, 1, false);
	expect_taken(fe, CONTROL_TRANSMIT);
	send_pieces(fe, 0x2000, 0x1000, false);
	expect_taken(fe, CONTROL_TRANSMIT);
	con_expect_name(fe, DATA, "data");
	con_expect_message(fe, DATA, VIRTIO_CONSOLE_PORT_OPEN, 0);
}

/* A buffer of the driver's that is smaller than what it is to hear. */
static void offer_room(struct frontend *fe, uint16_t i, uint32_t len)
{
	drv_desc(&fe->queues[CONTROL_RECEIVE].ring, i, FE_GUEST + DATA_AT + i * 64ul, len, VRING_DESC_F_WRITE, 0);
	offer(fe, CONTROL_RECEIVE, i);
}

static void room_for_half_a_message(void **state)
{
	struct visit *v = *state;
	struct frontend *fe = &v->fe;
	struct vring_used_elem used;
	bool named = false;
	int left = CON_WAIT_MS / 10;

	assert_int_equal(fe_start_all(fe, CON_SIZE), 0);
	say(fe, 0, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY);
	say(fe, 1, DATA, VIRTIO_CONSOLE_PORT_READY);
	/* names are cut */
	for (uint16_t i = 0; i < CON_SIZE - 1; i++)
		offer_room(fe, i, sizeof(struct virtio_console_control) + 2);
	/* a kick may be looked at later than a message */
	for (; !named && left; left--) {
		while (drv_get_used(&fe->queues[CONTROL_RECEIVE].ring, &used)) {
			assert_in_range(used.len, sizeof(struct virtio_console_control),
				sizeof(struct virtio_console_control) + 2);
			named |= used.len == sizeof(struct virtio_console_control) + 2;
		}
		usleep(10000);
	}
	assert_true(named);
	assert_true(fe_alive(fe));
	/* all buffers that are left, one after the other, and one that is too small */
	for (uint16_t i = 2; fe_alive(fe) && i < CON_SIZE; i++) {
		say(fe, i, CON_ALL, VIRTIO_CONSOLE_DEVICE_READY);
		offer_room(fe, CON_SIZE - 1, sizeof(struct virtio_console_control) - 1);
		usleep(10000);
	}
	assert_true(fe_wait_closed(fe, CON_WAIT_MS));
	next_one_is_served(state);
}

/* An address that is not in the memory, in the middle of a chain. */
static void outside(struct frontend *fe, unsigned int queue, uint16_t write)
{
	struct drv_ring *ring = &fe->queues[queue].ring;

	drv_desc(ring, 0, FE_GUEST + DATA_AT, 16, VRING_DESC_F_NEXT | write, 1);
	drv_desc(ring, 1, FE_GUEST + FE_MEM_BYTES - 8, 16, write, 0);
	offer(fe, queue, 0);
}

static void endless(struct frontend *fe, unsigned int queue, uint16_t write)
{
	struct drv_ring *ring = &fe->queues[queue].ring;

	drv_desc(ring, 0, FE_GUEST + DATA_AT, 16, VRING_DESC_F_NEXT | write, 1);
	drv_desc(ring, 1, FE_GUEST + DATA_AT, 16, VRING_DESC_F_NEXT | write, 0);
	offer(fe, queue, 0);
}

static void table_without_end(struct frontend *fe, unsigned int queue, uint16_t write)
{
	struct vring_desc *table = (void *)(fe->mem + TABLE);
	struct drv_ring *ring = &fe->queues[queue].ring;

	for (uint16_t i = 0; i < 200; i++)
		table[i] = (struct vring_desc) { FE_GUEST + DATA_AT, 16, VRING_DESC_F_NEXT | write,
			(uint16_t)((i + 1) % 200) };
	drv_desc(ring, 0, FE_GUEST + TABLE, 200 * sizeof(*table), VRING_DESC_F_INDIRECT, 0);
	offer(fe, queue, 0);
}

static void jump(struct frontend *fe, unsigned int queue, uint16_t write)
{
	fe->queues[queue].ring.avail->idx += CON_SIZE + 1;
	fe_kick(fe, queue);
}

static void no_head(struct frontend *fe, unsigned int queue, uint16_t write)
{
	offer(fe, queue, CON_SIZE);
}

#define NUM_ATTACKS (sizeof(attacks) / sizeof(attacks[0]))
static void (*const attacks[])(struct frontend *fe, unsigned int queue, uint16_t write) = { outside, endless,
	table_without_end, jump, no_head };

static void expect_noticed(void **state, unsigned int queue, unsigned int attack)
{
	struct visit *v = *state;

	if (!fe_wait_closed(&v->fe, CON_WAIT_MS))
		fail_msg("queue %u, attack %u: the daemon did not notice", queue, attack);
	next_one_is_served(state);
	fe_close(&v->fe);
	assert_int_equal(fe_connect(&v->fe, v->server->path), 0);
}

/* Queues from the driver: a lie is seen at the kick, and costs the connection. */
static void lies_on_every_transmit_queue(void **state)
{
	struct visit *v = *state;
	/* without a reader their queues are not even looked at */
	int data = con_client("data"), extra = con_client("extra");

	for (unsigned int queue = 1; queue < 2 * (MAX_PORTS + 1); queue += 2) {
		for (unsigned int i = 0; i < NUM_ATTACKS; i++) {
			start(state);
			attacks[i](&v->fe, queue, 0);
			expect_noticed(state, queue, i);
		}
	}
	close(data);
	close(extra);
}

/* Queues to the driver: it is seen when there is something to say. */
static void lies_on_receive_queues(void **state)
{
	const unsigned int queues[] = { CONTROL_RECEIVE, con_receive(LOGIN), con_receive(DATA) };
	struct visit *v = *state;

	for (unsigned int k = 0; k < sizeof(queues) / sizeof(queues[0]); k++) {
		for (unsigned int i = 0; i < NUM_ATTACKS; i++) {
			assert_int_equal(fe_start_all(&v->fe, CON_SIZE), 0);
			attacks[i](&v->fe, queues[k], VRING_DESC_F_WRITE);
			have_something_to_say(&v->fe);
			expect_noticed(state, queues[k], i);
		}
	}
}

/* What the daemon wrote itself it does not believe when it reads it again. */
static void used_rings_are_scribbled_over(void **state)
{
	struct frontend *fe = start_ports(state);

	for (int round = 0; round < 200; round++) {
		for (unsigned int i = 0; i < fe->num_queues; i++) {
			struct drv_ring *ring = &fe->queues[i].ring;

			ring->used->idx = (uint16_t)random();
			ring->used->flags = (uint16_t)random();
			for (unsigned int k = 0; k < CON_SIZE; k++)
				ring->used->ring[k] = (struct vring_used_elem) { (uint32_t)random(),
					(uint32_t)random() };
			fe_kick(fe, i);
		}
		assert_true(fe_alive(fe));
	}
	next_one_is_served(state);
}

/* Anything in all rings and messages at once. */
static void random_rings(void **state)
{
	struct visit *v = *state;

	srandom(20261121);
	for (int round = 0; round < 300; round++) {
		struct frontend *fe = &v->fe;

		assert_int_equal(fe_start_all(fe, CON_SIZE), 0);
		for (int step = 0; step < 20; step++) {
			unsigned int queue = (unsigned int)random() % fe->num_queues;
			struct drv_ring *ring = &fe->queues[queue].ring;

			for (unsigned int i = 0; i < 64; i++)
				fe->mem[DATA_AT + i] = (char)(random() % 4 ? random() % 8 : random());
			for (uint16_t i = 0; i < CON_SIZE; i++)
				drv_desc(ring, i, FE_GUEST + DATA_AT + (uint64_t)(random() % 64),
					(uint32_t)(random() % 80),
					(uint16_t)(random() % 16 ? (queue & 1 ? 0 : VRING_DESC_F_WRITE) : random() % 8),
					(uint16_t)(random() % (CON_SIZE + 1)));
			ring->avail->ring[ring->avail->idx % CON_SIZE] = (uint16_t)(random() %
				(CON_SIZE + (random() % 8 == 0)));
			ring->avail->idx = (uint16_t)(ring->avail->idx + random() % 3);
			fe_kick(fe, queue);
		}
		fe_alive(fe);
		fe_close(fe);
		assert_int_equal(fe_connect(fe, v->server->path), 0);
	}
	next_one_is_served(state);
}

int main(int argc, char **argv)
{
	struct server server;
	struct visit visit = { .server = &server };
	const struct CMUnitTest tests[] = {
		VISIT(control_of_every_kind),
		VISIT(control_of_every_length),
		VISIT(room_for_half_a_message),
		VISIT(lies_on_every_transmit_queue),
		VISIT(lies_on_receive_queues),
		VISIT(used_rings_are_scribbled_over),
		VISIT(random_rings),
	};

	return server_test(
		&server, &visit, argv, "console-hostile", tests, sizeof(tests) / sizeof(tests[0]), CON_WAIT_MS);
}
