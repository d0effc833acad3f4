// SPDX-License-Identifier: MIT
/* test-input DAEMON OPTION...: vhost-user-input-hidraw with a recording of ten fingers, read by front-ends as QEMU has them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/input.h>
#include <linux/virtio_input.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/protocol/visit.h"

#define EVENTS	   0
#define STATUS	   1
#define WAIT_MS	   20000
#define PLAYED_MS  5000 /* of silence: the recording is over */
#define SILENCE_MS 300
#define FINGERS	   10
#define SLOT_BYTES 16ul

/* What a driver has learned. */
struct reader {
	int slot;
	int pressed;
	int tracking[FINGERS];
	int most; /* fingers at a time */
	int frames;
	unsigned int events;
};

static void post_event(struct frontend *fe, uint16_t i, uint32_t len)
{
	drv_desc(&fe->queues[EVENTS].ring, i, FE_GUEST + FE_BUFFERS + i * SLOT_BYTES, len, VRING_DESC_F_WRITE, 0);
	drv_make_avail(&fe->queues[EVENTS].ring, i);
}

static struct frontend *start(void **state, unsigned int size)
{
	struct visit *v = *state;
	unsigned int i;

	assert_int_equal(fe_start_all(&v->fe, size), 0);
	assert_int_equal(v->fe.num_queues, 2);
	for (i = 0; i < size; i++)
		post_event(&v->fe, (uint16_t)i, sizeof(struct virtio_input_event));
	fe_kick(&v->fe, EVENTS);
	return &v->fe;
}

static void reader_init(struct reader *reader)
{
	unsigned int i;

	memset(reader, 0, sizeof(*reader));
	for (i = 0; i < FINGERS; i++)
		reader->tracking[i] = -1;
}

static int down(const struct reader *reader)
{
	int i, count = 0;

	for (i = 0; i < FINGERS; i++)
		count += reader->tracking[i] != -1;
	return count;
}

static void take(struct reader *reader, const struct virtio_input_event *event)
{
	reader->events++;
	if (event->type == EV_SYN) {
		reader->frames++;
		assert_int_equal(reader->pressed, down(reader) > 0);
		if (down(reader) > reader->most)
			reader->most = down(reader);
	} else if (event->type == EV_KEY) {
		assert_int_equal(event->code, BTN_TOUCH);
		reader->pressed = (int)event->value;
	} else {
		assert_int_equal(event->type, EV_ABS);
		if (event->code == ABS_MT_SLOT)
			reader->slot = (int)event->value;
		assert_in_range(reader->slot, 0, FINGERS - 1);
		if (event->code == ABS_MT_TRACKING_ID)
			reader->tracking[reader->slot] = (int)event->value;
	}
}

/* Reads until nothing has come for @silence_ms, giving each buffer back at once. */
static void read_events(struct frontend *fe, struct reader *reader, int silence_ms)
{
	struct drv_ring *ring = &fe->queues[EVENTS].ring;
	struct virtio_input_event event;
	struct vring_used_elem used;
	uint16_t before;

	do {
		before = ring->avail->idx;
		while (drv_get_used(ring, &used)) {
			assert_int_equal(used.len, sizeof(event));
			assert_in_range(used.id, 0, ring->size - 1);
			memcpy(&event, fe->mem + FE_BUFFERS + used.id * SLOT_BYTES, sizeof(event));
			take(reader, &event);
			post_event(fe, (uint16_t)used.id, sizeof(event));
		}
		drv_set_used_event(ring, ring->used_seen);
		if (drv_wants_kick(ring, before))
			fe_kick(fe, EVENTS);
	} while (ring->used->idx != ring->used_seen || fe_wait_call(fe, EVENTS, silence_ms));
}

static void expect_all_up(const struct reader *reader)
{
	assert_int_equal(down(reader), 0);
	assert_int_equal(reader->pressed, 0);
}

/* The first driver gets the recording. A frame of ten fingers is 33 events, and QEMU's ring has room for four. */
static void frames_longer_than_the_ring(void **state)
{
	struct frontend *fe = start(state, 4);
	struct reader reader;

	reader_init(&reader);
	read_events(fe, &reader, PLAYED_MS);
	assert_int_equal(reader.most, FINGERS);
	assert_true(reader.frames > 2);
	expect_all_up(&reader);
}

/* Whoever served the driver before may have left fingers down. */
static void every_driver_is_told_to_lift(void **state)
{
	struct frontend *fe = start(state, 64);
	struct reader reader;
	unsigned int i;

	reader_init(&reader);
	for (i = 0; i < FINGERS; i++)
		reader.tracking[i] = 4711;
	reader.pressed = 1;
	assert_true(fe_wait_call(fe, EVENTS, WAIT_MS));
	read_events(fe, &reader, SILENCE_MS);
	assert_int_equal(reader.frames, 1);
	assert_int_equal(reader.events, 2 * FINGERS + 2);
	expect_all_up(&reader);
}

/* A driver that dies in the middle of a frame is no trouble for the next one. */
static void half_a_frame(void **state)
{
	struct visit *v = *state;
	struct frontend *fe = start(state, 4);
	struct reader reader;

	assert_true(fe_wait_call(fe, EVENTS, WAIT_MS));
	fe_close(fe);
	assert_int_equal(fe_connect(fe, v->server->path), 0);
	fe = start(state, 4);
	reader_init(&reader);
	assert_true(fe_wait_call(fe, EVENTS, WAIT_MS));
	read_events(fe, &reader, SILENCE_MS);
	assert_int_equal(reader.events, 2 * FINGERS + 2);
}

static struct virtio_input_config ask(struct frontend *fe, uint8_t select, uint8_t subsel)
{
	struct virtio_input_config config;

	assert_int_equal(fe_set_config(fe, 0, &select, 1), 0);
	assert_int_equal(fe_set_config(fe, 1, &subsel, 1), 0);
	assert_int_equal(fe_get_config(fe, 0, &config, sizeof(config)), 0);
	return config;
}

static void configuration(void **state)
{
	struct frontend *fe = start(state, 64);
	struct virtio_input_config config;

	assert_true(ask(fe, VIRTIO_INPUT_CFG_ID_NAME, 0).size > 0);
	config = ask(fe, VIRTIO_INPUT_CFG_PROP_BITS, 0);
	assert_int_equal(config.u.bitmap[0], 1 << INPUT_PROP_DIRECT);
	config = ask(fe, VIRTIO_INPUT_CFG_ABS_INFO, ABS_MT_SLOT);
	assert_int_equal(config.size, sizeof(config.u.abs));
	assert_int_equal(config.u.abs.max, FINGERS - 1);
	config = ask(fe, VIRTIO_INPUT_CFG_ABS_INFO, ABS_MT_POSITION_X);
	assert_int_equal(config.u.abs.max, 16383);
	assert_int_equal(config.u.abs.res, 106);
	assert_int_equal(ask(fe, VIRTIO_INPUT_CFG_EV_BITS, EV_REP).size, 0);
	assert_int_equal(ask(fe, 0x77, 0x77).size, 0);
}

/* QEMU 7.2 knows 128 bytes of the 136, and writes all of them back for each byte that its driver writes. */
static void configuration_as_qemu_asks(void **state)
{
	struct frontend *fe = start(state, 64);
	uint8_t space[128] = { VIRTIO_INPUT_CFG_ID_DEVIDS, 0 };

	assert_int_equal(fe_set_config(fe, 0, space, sizeof(space)), 0);
	assert_int_equal(fe_get_config(fe, 0, space, sizeof(space)), 0);
	assert_int_equal(space[2], 8);
	assert_memory_equal(space + 8, "\x03\x00\x3d\x1b\xc9\x14", 6);
	assert_int_not_equal(fe_get_config(fe, 100, space, 64), 0);
	assert_true(fe_alive(fe) || fe_wait_closed(fe, WAIT_MS));
}

static void status_comes_back(void **state)
{
	struct frontend *fe = start(state, 8);
	struct drv_ring *ring = &fe->queues[STATUS].ring;
	struct vring_used_elem used;
	uint16_t i;

	drv_set_used_event(ring, 7);
	for (i = 0; i < 8; i++) {
		drv_desc(ring, i, FE_GUEST + FE_BUFFERS + 0x1000, 8, 0, 0);
		drv_make_avail(ring, i);
	}
	fe_kick(fe, STATUS);
	assert_true(fe_wait_call(fe, STATUS, WAIT_MS));
	for (i = 0; i < 8; i++) {
		assert_true(drv_get_used(ring, &used));
		assert_int_equal(used.id, i);
		assert_int_equal(used.len, 0);
	}
}

static void buffers_too_small_for_an_event(void **state)
{
	struct visit *v = *state;

	assert_int_equal(fe_start_all(&v->fe, 4), 0);
	post_event(&v->fe, 0, sizeof(struct virtio_input_event) - 1);
	fe_kick(&v->fe, EVENTS);
	assert_true(fe_wait_closed(&v->fe, WAIT_MS));
	assert_true(server_lives(v->server));
}

int main(int argc, char **argv)
{
	struct server server;
	struct visit visit = { .server = &server };
	const struct CMUnitTest tests[] = {
		VISIT(frames_longer_than_the_ring),
		VISIT(every_driver_is_told_to_lift),
		VISIT(half_a_frame),
		VISIT(configuration),
		VISIT(configuration_as_qemu_asks),
		VISIT(status_comes_back),
		VISIT(buffers_too_small_for_an_event),
	};

	return server_test(&server, &visit, argv, "input", tests, sizeof(tests) / sizeof(tests[0]), WAIT_MS);
}
