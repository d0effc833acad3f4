// SPDX-License-Identifier: MIT
/* test-gpio-irq DAEMON OPTION...: interrupts of vhost-user-gpio, and chips that come and go. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/protocol/gpio-visit.h"

#define NONE	VIRTIO_GPIO_IRQ_TYPE_NONE
#define RISING	VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING
#define FALLING VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING
#define BOTH	VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH
#define HIGH	VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH
#define LOW	VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW
#define VALID	VIRTIO_GPIO_IRQ_STATUS_VALID
#define INVALID VIRTIO_GPIO_IRQ_STATUS_INVALID

/* As Linux does it. */
static struct visit *enable(void **state, uint16_t line, uint32_t type)
{
	struct visit *v = *state;

	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, line, VIRTIO_GPIO_DIRECTION_IN), 0);
	assert_int_equal(visit_irq_type(v, line, type), 0);
	return v;
}

static void every_edge_of_a_type(struct visit *v, uint32_t type, bool rising, bool falling)
{
	assert_int_equal(visit_irq_type(v, SMALL, type), 0);
	visit_unmask(v, 0, SMALL);
	for (int i = 0; i < 200; i++) {
		bool level = i % 2 == 0;

		visit_drive(v, OFFSET_SMALL, level);
		if (level ? rising : falling) {
			visit_expect(v, 0, VALID);
			visit_unmask(v, 0, SMALL);
		}
	}
	visit_expect_none(v);
	assert_int_equal(visit_irq_type(v, SMALL, NONE), 0);
	visit_expect(v, 0, INVALID);
}

static void edges_are_counted_one_by_one(void **state)
{
	struct visit *v = *state;

	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, VIRTIO_GPIO_DIRECTION_IN), 0);
	every_edge_of_a_type(v, RISING, true, false);
	every_edge_of_a_type(v, FALLING, false, true);
	every_edge_of_a_type(v, BOTH, true, true);
}

static void edges_of_an_active_low_line(void **state)
{
	struct visit *v = enable(state, BUTTON, RISING);

	visit_unmask(v, 3, BUTTON);
	visit_drive(v, OFFSET_BUTTON, false);
	visit_expect(v, 3, VALID);
	visit_unmask(v, 3, BUTTON);
	visit_drive(v, OFFSET_BUTTON, true);
	visit_expect_none(v);
}

static void masked_edges_are_latched_once(void **state)
{
	struct visit *v = enable(state, SMALL, BOTH);

	for (int i = 0; i < 7; i++)
		visit_drive(v, OFFSET_SMALL, i % 2 == 0);
	visit_settle(v);
	visit_unmask(v, 0, SMALL);
	visit_expect(v, 0, VALID);
	visit_unmask(v, 0, SMALL);
	visit_expect_none(v);
	/* What is latched when the interrupt is disabled is forgotten. */
	visit_drive(v, OFFSET_SMALL, false);
	visit_expect(v, 0, VALID);
	visit_drive(v, OFFSET_SMALL, true);
	visit_settle(v);
	assert_int_equal(visit_irq_type(v, SMALL, NONE), 0);
	assert_int_equal(visit_irq_type(v, SMALL, BOTH), 0);
	visit_unmask(v, 0, SMALL);
	visit_expect_none(v);
}

static void a_level_fires_while_it_lasts(struct visit *v, uint32_t type, bool active)
{
	visit_drive(v, OFFSET_SMALL, !active);
	assert_int_equal(visit_irq_type(v, SMALL, type), 0);
	visit_unmask(v, 0, SMALL);
	visit_expect_none(v);
	visit_drive(v, OFFSET_SMALL, active);
	for (int i = 0; i < 50; i++) {
		visit_expect(v, 0, VALID);
		visit_unmask(v, 0, SMALL);
	}
	visit_expect(v, 0, VALID);
	visit_drive(v, OFFSET_SMALL, !active);
	/* Up and down while it is masked: no level was there when it could have counted. */
	visit_drive(v, OFFSET_SMALL, active);
	visit_drive(v, OFFSET_SMALL, !active);
	visit_unmask(v, 0, SMALL);
	visit_expect_none(v);
	visit_drive(v, OFFSET_SMALL, active);
	visit_expect(v, 0, VALID);
	assert_int_equal(visit_irq_type(v, SMALL, NONE), 0);
	visit_expect_none(v);
}

static void levels(void **state)
{
	struct visit *v = *state;

	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, VIRTIO_GPIO_DIRECTION_IN), 0);
	a_level_fires_while_it_lasts(v, HIGH, true);
	a_level_fires_while_it_lasts(v, LOW, false);
}

static void another_type_while_enabled(void **state)
{
	struct visit *v = enable(state, SMALL, RISING);

	visit_unmask(v, 0, SMALL);
	assert_int_equal(visit_irq_type(v, SMALL, FALLING), 0);
	visit_drive(v, OFFSET_SMALL, true);
	visit_expect_none(v);
	visit_drive(v, OFFSET_SMALL, false);
	visit_expect(v, 0, VALID);
	visit_unmask(v, 0, SMALL);
	/* The line is low already. */
	assert_int_equal(visit_irq_type(v, SMALL, LOW), 0);
	visit_expect(v, 0, VALID);
	assert_int_equal(visit_irq_type(v, SMALL, BOTH), 0);
	visit_unmask(v, 0, SMALL);
	visit_drive(v, OFFSET_SMALL, true);
	visit_expect(v, 0, VALID);
}

static void buffers_without_an_interrupt(void **state)
{
	struct visit *v = *state;

	visit_unmask(v, 0, SMALL);
	visit_expect(v, 0, INVALID);
	visit_unmask(v, 1, NUM_LINES);
	visit_expect(v, 1, INVALID);
	visit_unmask(v, 2, UINT16_MAX);
	visit_expect(v, 2, INVALID);
	enable(state, SMALL, RISING);
	visit_unmask(v, 0, SMALL);
	visit_unmask(v, 1, SMALL);
	visit_expect(v, 1, INVALID);
	visit_drive(v, OFFSET_SMALL, true);
	visit_expect(v, 0, VALID);
	visit_unmask(v, 0, SMALL);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, VIRTIO_GPIO_DIRECTION_NONE), 0);
	visit_expect(v, 0, INVALID);
	assert_false(v->chip->lines[OFFSET_SMALL].requested);
}

static void event_chains_of_any_shape(void **state)
{
	struct visit *v = enable(state, SMALL, HIGH);
	struct drv_ring *ring = &v->fe.queues[EVENTS].ring;
	struct vring_used_elem used;

	memset(visit_cell(v, EVENTS, 0), 0, CELL);
	*visit_cell(v, EVENTS, 0) = SMALL;
	visit_drive(v, OFFSET_SMALL, true);
	for (uint32_t in = 0; in < 3; in++) {
		for (uint32_t out = 0; out < 4; out++) {
			drv_set_used_event(ring, ring->used_seen);
			visit_desc(v, EVENTS, 0, 0, out, false, false);
			visit_desc(v, EVENTS, 1, 1, in, true, true);
			drv_make_avail(ring, 0);
			fe_kick(&v->fe, EVENTS);
			while (!drv_get_used(ring, &used))
				assert_true(fe_wait_call(&v->fe, EVENTS, WAIT_MS));
			assert_int_equal(used.len, in > 1 ? 1 : in);
			if (in)
				assert_int_equal(visit_cell(v, EVENTS, 1)[0], out < 2 ? INVALID : VALID);
		}
	}
}

static void no_output_interrupts(void **state)
{
	struct visit *v = *state;

	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, VIRTIO_GPIO_DIRECTION_OUT), 0);
	assert_int_equal(visit_irq_type(v, SMALL, RISING), -1);
	enable(state, BUTTON, RISING);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, BUTTON, VIRTIO_GPIO_DIRECTION_OUT), -1);
	visit_unmask(v, 0, BUTTON);
	visit_drive(v, OFFSET_BUTTON, false);
	visit_expect(v, 0, VALID);
}

/* A chip without interrupts. A buffer that came back would be given again, by Linux, for ever. */
static void a_chip_that_cannot_interrupt(void **state)
{
	struct visit *v = *state;

	v->chip->lines[OFFSET_SMALL].refuse_edges = ENODEV;
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, VIRTIO_GPIO_DIRECTION_IN), 0);
	assert_int_equal(visit_irq_type(v, SMALL, RISING), -1);
	visit_unmask(v, 0, SMALL);
	visit_expect_none(v);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_GET_VALUE, SMALL, 0), 0);
	assert_int_equal(visit_irq_type(v, SMALL, NONE), 0);
	visit_expect(v, 0, INVALID);
}

static void a_driver_without_interrupts(void **state)
{
	struct visit *v = *state;

	fe_close(&v->fe);
	assert_int_equal(fe_connect(&v->fe, v->server->path), 0);
	assert_int_equal(fe_negotiate(&v->fe, ~(uint64_t)(1 << VIRTIO_GPIO_F_IRQ), UINT64_MAX), 0);
	assert_int_equal(fe_share_memory(&v->fe), 0);
	assert_int_equal(fe_queue_start(&v->fe, REQUESTS, RING, 0), 0);
	assert_int_equal(visit_irq_type(v, SMALL, RISING), -1);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, VIRTIO_GPIO_DIRECTION_IN), 0);
}

/* Each buffer comes back as invalid, and the driver has given the next one by then. Requests have their turn all the same. */
static void a_driver_that_never_stops(void **state)
{
	struct visit *v = *state;
	struct drv_flood flood;

	for (unsigned int i = 0; i < RING; i++)
		visit_desc(v, EVENTS, i, 0, 8, false, true);
	memset(visit_cell(v, EVENTS, 0), 0, CELL);
	assert_int_equal(drv_flood_start(&flood, &v->fe.queues[EVENTS].ring), 0);
	fe_kick(&v->fe, EVENTS);
	for (int i = 0; i < 50; i++)
		assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_GET_DIRECTION, SMALL, 0), VIRTIO_GPIO_DIRECTION_IN);
	drv_flood_stop(&flood);
}

/* With buffers and edges on their way: the buffers come back, and then nothing is written into memory that is the driver's again. */
static void the_queue_stops(void **state)
{
	struct visit *v = enable(state, SMALL, BOTH);
	uint16_t base;

	visit_unmask(v, 0, SMALL);
	visit_settle(v);
	assert_int_equal(fe_queue_stop(&v->fe, EVENTS, &base), 0);
	assert_int_equal(base, 1);
	visit_expect(v, 0, INVALID);
	visit_cell(v, EVENTS, 1)[0] = MARK;
	visit_drive(v, OFFSET_SMALL, true);
	visit_expect_none(v);
	assert_int_equal(visit_cell(v, EVENTS, 1)[0], MARK);
	/* The edge was latched. */
	assert_int_equal(fe_queue_start(&v->fe, EVENTS, RING, 0), 0);
	visit_unmask(v, 1, SMALL);
	visit_expect(v, 1, VALID);
	/* And the other queue: requests wait for it. */
	visit_unmask(v, 1, SMALL);
	visit_settle(v);
	assert_int_equal(fe_queue_stop(&v->fe, REQUESTS, &base), 0);
	visit_drive(v, OFFSET_SMALL, false);
	visit_expect(v, 1, VALID);
	assert_int_equal(fe_queue_start(&v->fe, REQUESTS, RING, base), 0);
	visit_settle(v);
}

/* Not at once: the kernel may still be taking the chip apart. */
static void released(const struct visit *v, int offset)
{
	const volatile bool *requested = &v->chip->lines[offset].requested;

	for (int i = 0; *requested && i < WAIT_MS; i++)
		usleep(1000);
	assert_false(*requested);
}

/* Errors while it is away, and then all is as the driver made it. */
static void a_chip_is_unplugged_and_comes_back(void **state)
{
	struct visit *v = enable(state, SMALL, RISING);

	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_VALUE, KEPT, 1), 0);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, KEPT, VIRTIO_GPIO_DIRECTION_OUT), 0);
	enable(state, BUTTON, HIGH);
	visit_unmask(v, 0, SMALL);
	visit_unmask(v, 1, BUTTON);
	visit_settle(v);
	visit_plug(v, false);
	visit_expect_none(v);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_GET_VALUE, SMALL, 0), -1);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_VALUE, KEPT, 0), -1);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_GET_DIRECTION, LAMP, 0), -1);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, LAMP, VIRTIO_GPIO_DIRECTION_IN), -1);
	for (int i = 0; i < FAKE_LINES; i++)
		released(v, i);
	v->chip->lines[OFFSET_KEPT].driven = false;
	v->chip->lines[OFFSET_BUTTON].level = false;
	visit_plug(v, true);
	/* The level is there when it comes back. */
	visit_expect(v, 1, VALID);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_GET_VALUE, KEPT, 0), 1);
	assert_true(v->chip->lines[OFFSET_KEPT].requested && v->chip->lines[OFFSET_KEPT].driven);
	visit_drive(v, OFFSET_SMALL, true);
	visit_expect(v, 0, VALID);
	assert_false(v->chip->lines[OFFSET_LAMP].requested);
}

/* Freed and disabled while it is away: nothing of that comes back. */
static void freed_while_the_chip_is_away(void **state)
{
	struct visit *v = enable(state, SMALL, RISING);

	visit_unmask(v, 0, SMALL);
	visit_settle(v);
	visit_plug(v, false);
	visit_settle(v);
	assert_int_equal(visit_irq_type(v, SMALL, NONE), 0);
	visit_expect(v, 0, INVALID);
	assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_SET_DIRECTION, SMALL, VIRTIO_GPIO_DIRECTION_NONE), 0);
	visit_plug(v, true);
	while (visit_request(v, VIRTIO_GPIO_MSG_GET_DIRECTION, SMALL, 0) < 0)
		;
	assert_false(v->chip->lines[OFFSET_SMALL].requested);
	assert_int_equal(visit_irq_type(enable(state, SMALL, RISING), SMALL, NONE), 0);
}

/* Under the same name, but not the same. */
static void another_chip_comes_instead(void **state)
{
	struct visit *v = enable(state, SMALL, RISING);

	visit_plug(v, false);
	visit_settle(v);
	v->chip->label[0] = 'x';
	visit_plug(v, true);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(visit_request(v, VIRTIO_GPIO_MSG_GET_DIRECTION, LAMP, 0), -1);
		assert_false(fe_wait_call(&v->fe, EVENTS, 500));
	}
	v->chip->label[0] = '\0';
	while (visit_request(v, VIRTIO_GPIO_MSG_GET_DIRECTION, LAMP, 0) < 0)
		;
	assert_true(v->chip->lines[OFFSET_SMALL].requested);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		VISIT(edges_are_counted_one_by_one),
		VISIT(edges_of_an_active_low_line),
		VISIT(masked_edges_are_latched_once),
		VISIT(levels),
		VISIT(another_type_while_enabled),
		VISIT(buffers_without_an_interrupt),
		VISIT(event_chains_of_any_shape),
		VISIT(no_output_interrupts),
		VISIT(a_chip_that_cannot_interrupt),
		VISIT(a_driver_without_interrupts),
		VISIT(a_driver_that_never_stops),
		VISIT(the_queue_stops),
		VISIT(a_chip_is_unplugged_and_comes_back),
		VISIT(freed_while_the_chip_is_away),
		VISIT(another_chip_comes_instead),
	};

	return visit_test(argv, "gpio-irq", tests, sizeof(tests) / sizeof(tests[0]));
}
