// SPDX-License-Identifier: MIT
/* test-gpio DAEMON OPTION...: requests to vhost-user-gpio, and what becomes of the lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/protocol/gpio-visit.h"

#define DIRECTION(line, to) visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, line, VIRTIO_GPIO_DIRECTION_##to)
#define SET(line, value)    visit_request(v, VIRTIO_GPIO_MSG_SET_VALUE, line, value)
#define GET(line)	    visit_request(v, VIRTIO_GPIO_MSG_GET_VALUE, line, 0)
#define WHICH(line)	    visit_request(v, VIRTIO_GPIO_MSG_GET_DIRECTION, line, 0)

static void configuration_and_names(void **state)
{
	struct visit *v = *state;
	struct virtio_gpio_config config;
	uint8_t *answer = visit_cell(v, REQUESTS, 1);

	assert_int_equal(fe_get_config(&v->fe, 0, &config, sizeof(config)), 0);
	assert_int_equal(config.ngpio, NUM_LINES);
	assert_int_equal(config.gpio_names_size, sizeof(NAMES));
	memset(visit_cell(v, REQUESTS, 0), 0, 8);
	*visit_cell(v, REQUESTS, 0) = VIRTIO_GPIO_MSG_GET_NAMES;
	memset(answer, MARK, CELL);
	visit_desc(v, REQUESTS, 0, 0, 8, false, false);
	visit_desc(v, REQUESTS, 1, 1, 1 + sizeof(NAMES), true, true);
	assert_int_equal(visit_ask(v, 0), 1 + sizeof(NAMES));
	assert_int_equal(answer[0], VIRTIO_GPIO_STATUS_OK);
	assert_memory_equal(answer + 1, NAMES, sizeof(NAMES));
	/* A driver that has less room gets so much of it. */
	memset(answer, MARK, CELL);
	visit_desc(v, REQUESTS, 1, 1, 5, true, true);
	assert_int_equal(visit_ask(v, 0), 5);
	assert_memory_equal(answer + 1, "butt\xa5", 5);
}

static void unused_lines_are_what_they_are(void **state)
{
	struct visit *v = *state;

	v->chip->lines[OFFSET_SMALL].output = true;
	assert_int_equal(WHICH(SMALL), VIRTIO_GPIO_DIRECTION_OUT);
	v->chip->lines[OFFSET_SMALL].output = false;
	assert_int_equal(WHICH(SMALL), VIRTIO_GPIO_DIRECTION_IN);
	assert_int_equal(GET(SMALL), -1);
	assert_false(v->chip->lines[OFFSET_SMALL].requested);
}

static void an_input(void **state)
{
	struct visit *v = *state;

	assert_int_equal(DIRECTION(BUTTON, IN), 0);
	assert_int_equal(WHICH(BUTTON), VIRTIO_GPIO_DIRECTION_IN);
	assert_int_equal(GET(BUTTON), 0);
	visit_drive(v, OFFSET_BUTTON, false);
	assert_int_equal(GET(BUTTON), 1);
	assert_int_equal(DIRECTION(BUTTON, NONE), 0);
	assert_false(v->chip->lines[OFFSET_BUTTON].requested);
	assert_int_equal(GET(BUTTON), -1);
}

static void an_output_begins_with_its_value(void **state)
{
	struct visit *v = *state;
	const struct fake_line *line = &v->chip->lines[OFFSET_SMALL];

	assert_int_equal(SET(SMALL, 1), 0);
	assert_false(line->requested);
	assert_int_equal(DIRECTION(SMALL, OUT), 0);
	assert_true(line->first && line->driven);
	assert_int_equal(SET(SMALL, 0), 0);
	assert_false(line->driven);
	assert_int_equal(GET(SMALL), 0);
	assert_int_equal(SET(SMALL, 1), 0);
	assert_int_equal(DIRECTION(SMALL, NONE), 0);
	/* And with none that a driver before it said. */
	assert_int_equal(DIRECTION(SMALL, OUT), 0);
	assert_false(line->driven);
}

static void what_is_driven_at_the_end(void **state)
{
	struct visit *v = *state;

	assert_int_equal(SET(LAMP, 0), 0);
	assert_int_equal(DIRECTION(LAMP, OUT), 0);
	assert_int_equal(SET(KEPT, 1), 0);
	assert_int_equal(DIRECTION(KEPT, OUT), 0);
	assert_false(v->chip->lines[OFFSET_LAMP].driven);
	assert_int_equal(DIRECTION(LAMP, NONE), 0);
	assert_int_equal(DIRECTION(KEPT, NONE), 0);
	assert_true(v->chip->lines[OFFSET_LAMP].driven);
	assert_false(v->chip->lines[OFFSET_LAMP].requested);
	assert_true(v->chip->lines[OFFSET_KEPT].driven && v->chip->lines[OFFSET_KEPT].requested);
	assert_int_equal(WHICH(KEPT), VIRTIO_GPIO_DIRECTION_OUT);
	/* To keep an input would be of no use. */
	assert_int_equal(DIRECTION(KEPT, IN), 0);
	assert_int_equal(DIRECTION(KEPT, NONE), 0);
	assert_false(v->chip->lines[OFFSET_KEPT].requested);
}

static void a_line_that_is_read_only(void **state)
{
	struct visit *v = *state;

	assert_int_equal(SET(RESET, 1), -1);
	assert_int_equal(DIRECTION(RESET, OUT), -1);
	assert_false(v->chip->lines[OFFSET_RESET].requested);
	assert_int_equal(DIRECTION(RESET, IN), 0);
	assert_int_equal(DIRECTION(RESET, OUT), -1);
	assert_int_equal(GET(RESET), 0);
	assert_false(v->chip->lines[OFFSET_RESET].output);
}

static void a_line_of_somebody_else(void **state)
{
	struct visit *v = *state;

	v->chip->lines[OFFSET_SMALL].requested = true;
	assert_int_equal(DIRECTION(SMALL, IN), -1);
	v->chip->lines[OFFSET_SMALL].requested = false;
	assert_int_equal(DIRECTION(SMALL, IN), 0);
}

static void requests_that_make_no_sense(void **state)
{
	static const uint32_t types[] = { 5, 6, 7, 9, 16, 255, 256, 0x101, 0x80000000, UINT32_MAX };
	struct visit *v = *state;

	for (uint16_t type = 0; type < 300; type++) {
		if (type < VIRTIO_GPIO_MSG_GET_NAMES || type > VIRTIO_GPIO_MSG_IRQ_TYPE)
			assert_int_equal(visit_request(v, type, SMALL, 0), -1);
	}
	assert_int_equal(visit_request(v, UINT16_MAX, SMALL, 0), -1);
	for (uint16_t type = VIRTIO_GPIO_MSG_GET_DIRECTION; type <= VIRTIO_GPIO_MSG_IRQ_TYPE; type++) {
		assert_int_equal(visit_request(v, type, NUM_LINES, 1), -1);
		assert_int_equal(visit_request(v, type, UINT16_MAX, 1), -1);
	}
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, 3), -1);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, 0x102), -1);
	assert_int_equal(SET(SMALL, 2), -1);
	assert_int_equal(SET(SMALL, UINT32_MAX), -1);
	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(visit_irq_type(v, SMALL, types[i]), -1);
	assert_false(v->chip->lines[OFFSET_SMALL].requested);
}

/* Cut anywhere, too short, too long: what is there counts, not how it came. */
static void chains_of_any_shape(void **state)
{
	struct visit *v = *state;
	const struct virtio_gpio_request request = { VIRTIO_GPIO_MSG_GET_DIRECTION, SMALL, 0 };
	uint8_t *bytes = visit_cell(v, REQUESTS, 0), *answer = visit_cell(v, REQUESTS, 4);
	struct drv_ring *ring = &v->fe.queues[REQUESTS].ring;

	memset(bytes, 0, CELL);
	memcpy(bytes, &request, sizeof(request));
	for (uint32_t len = 0; len <= 16; len++) {
		memset(answer, MARK, CELL);
		visit_desc(v, REQUESTS, 0, 0, len, false, false);
		visit_desc(v, REQUESTS, 1, 4, 64, true, true);
		assert_int_equal(visit_ask(v, 0), 2);
		assert_int_equal(answer[0], len < 8 ? VIRTIO_GPIO_STATUS_ERR : VIRTIO_GPIO_STATUS_OK);
		assert_int_equal(answer[2], MARK);
	}
	for (uint32_t cut = 1; cut < 8; cut++) {
		visit_desc(v, REQUESTS, 0, 0, cut, false, false);
		visit_desc(v, REQUESTS, 1, 0, 8 - cut, false, false);
		ring->desc[1].addr += cut;
		visit_desc(v, REQUESTS, 2, 4, 1, true, false);
		visit_desc(v, REQUESTS, 3, 5, 1, true, true);
		assert_int_equal(visit_ask(v, 0), 2);
		assert_int_equal(answer[0], VIRTIO_GPIO_STATUS_OK);
		assert_int_equal(answer[CELL], VIRTIO_GPIO_DIRECTION_IN);
	}
}

static void no_room_for_the_answer(void **state)
{
	struct visit *v = *state;
	const struct virtio_gpio_request request = { VIRTIO_GPIO_MSG_GET_DIRECTION, SMALL, 0 };
	uint8_t *bytes = visit_cell(v, REQUESTS, 0);

	memcpy(bytes, &request, sizeof(request));
	for (uint32_t room = 0; room < 2; room++) {
		visit_desc(v, REQUESTS, 0, 0, 8, false, false);
		visit_desc(v, REQUESTS, 1, 1, room, true, true);
		assert_int_equal(visit_ask(v, 0), room);
	}
	visit_desc(v, REQUESTS, 0, 0, 8, false, true);
	assert_int_equal(visit_ask(v, 0), 0);
	visit_desc(v, REQUESTS, 0, 1, 8, true, true);
	assert_int_equal(visit_ask(v, 0), 2);
	assert_int_equal(visit_cell(v, REQUESTS, 1)[0], VIRTIO_GPIO_STATUS_ERR);
	assert_int_equal(WHICH(SMALL), VIRTIO_GPIO_DIRECTION_IN);
}

/* The answer goes where the question was, and the question changes while it is read. */
static void overlapping_buffers(void **state)
{
	struct visit *v = *state;
	const struct virtio_gpio_request request = { VIRTIO_GPIO_MSG_GET_DIRECTION, SMALL, 0 };
	uint8_t *bytes = visit_cell(v, REQUESTS, 0);

	memcpy(bytes, &request, sizeof(request));
	visit_desc(v, REQUESTS, 0, 0, 8, false, false);
	visit_desc(v, REQUESTS, 1, 0, 8, true, true);
	assert_int_equal(visit_ask(v, 0), 2);
	assert_int_equal(bytes[0], VIRTIO_GPIO_STATUS_OK);
	assert_int_equal(bytes[1], VIRTIO_GPIO_DIRECTION_IN);
}

static void a_reset_releases_the_lines(void **state)
{
	struct visit *v = *state;
	struct vhu_msg reset = { .request = VHU_RESET_DEVICE };

	assert_int_equal(DIRECTION(SMALL, OUT), 0);
	assert_int_equal(DIRECTION(BUTTON, IN), 0);
	assert_int_equal(visit_irq_type(v, BUTTON, VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH), 0);
	visit_unmask(v, 0, BUTTON);
	assert_int_equal(fe_send(&v->fe, &reset), 0);
	assert_false(v->chip->lines[OFFSET_SMALL].requested);
	assert_false(v->chip->lines[OFFSET_BUTTON].requested);
	assert_int_equal(fe_queue_start(&v->fe, REQUESTS, RING, 0), 0);
	assert_int_equal(GET(BUTTON), -1);
}

static void so_does_the_end_of_the_front_end(void **state)
{
	struct visit *v = *state;

	assert_int_equal(SET(LAMP, 0), 0);
	assert_int_equal(DIRECTION(LAMP, OUT), 0);
	fe_close(&v->fe);
	assert_int_equal(visit_begin(state), 0);
	assert_int_equal(WHICH(SMALL), VIRTIO_GPIO_DIRECTION_IN);
	assert_false(v->chip->lines[OFFSET_LAMP].requested);
	assert_true(v->chip->lines[OFFSET_LAMP].driven);
}

/* A chain that the device does not have, or -1. */
static int free_chain(struct visit *v, bool *taken, int num)
{
	struct vring_used_elem used;

	while (drv_get_used(&v->fe.queues[EVENTS].ring, &used))
		taken[used.id / 2] = false;
	for (int i = 0; i < num; i++) {
		if (!taken[i])
			return i;
	}
	return -1;
}

/* Anything at all, a few thousand times; afterwards the lines are still those of a polite driver. */
static void random_requests(void **state)
{
	struct visit *v = *state;
	uint8_t *bytes = visit_cell(v, REQUESTS, 0);
	bool taken[RING / 2] = { false };
	int chain;

	srandom(4711);
	for (int i = 0; i < 3000; i++) {
		const struct virtio_gpio_request request = { (uint16_t)(random() % 8), (uint16_t)(random() % 7),
			(uint32_t)(random() % 10) };

		memcpy(bytes, &request, sizeof(request));
		visit_desc(v, REQUESTS, 0, 0, (uint32_t)(6 + random() % 4), false, false);
		visit_desc(v, REQUESTS, 1, 1, (uint32_t)(random() % 80), true, true);
		assert_true(visit_ask(v, 0) <= 1 + sizeof(NAMES));
		chain = free_chain(v, taken, RING / 2);
		if (chain >= 0 && i % 4 == 0) {
			visit_unmask(v, (unsigned int)chain, (uint16_t)(random() % 7));
			taken[chain] = true;
		}
		if (i % 4 == 2)
			visit_drive(v, OFFSET_BUTTON, random() % 2);
	}
	for (int line = 0; line < NUM_LINES; line++)
		assert_int_equal(DIRECTION((uint16_t)line, NONE), 0);
	assert_int_equal(DIRECTION(SMALL, IN), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		VISIT(configuration_and_names),
		VISIT(unused_lines_are_what_they_are),
		VISIT(an_input),
		VISIT(an_output_begins_with_its_value),
		VISIT(what_is_driven_at_the_end),
		VISIT(a_line_that_is_read_only),
		VISIT(a_line_of_somebody_else),
		VISIT(requests_that_make_no_sense),
		VISIT(chains_of_any_shape),
		VISIT(no_room_for_the_answer),
		VISIT(overlapping_buffers),
		VISIT(a_reset_releases_the_lines),
		VISIT(so_does_the_end_of_the_front_end),
		VISIT(random_requests),
	};

	return visit_test(argv, "gpio", tests, sizeof(tests) / sizeof(tests[0]));
}
