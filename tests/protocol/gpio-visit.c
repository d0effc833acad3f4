// SPDX-License-Identifier: MIT
#include "tests/protocol/gpio-visit.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENT_CELLS (FE_BUFFERS + 0x10000u)

uint8_t *visit_cell(struct visit *v, unsigned int queue, unsigned int cell)
{
	return (uint8_t *)v->fe.mem + (queue == EVENTS ? EVENT_CELLS : FE_BUFFERS) + (size_t)cell * CELL;
}

void visit_desc(
	struct visit *v, unsigned int queue, unsigned int i, unsigned int cell, uint32_t len, bool write, bool last)
{
	uint64_t at = FE_GUEST + (uint64_t)(visit_cell(v, queue, cell) - (uint8_t *)v->fe.mem);

	drv_desc(&v->fe.queues[queue].ring, (uint16_t)i, at, len,
		(uint16_t)((write ? VRING_DESC_F_WRITE : 0) | (last ? 0 : VRING_DESC_F_NEXT)), (uint16_t)(i + 1));
}

uint32_t visit_ask(struct visit *v, uint16_t head)
{
	struct drv_ring *ring = &v->fe.queues[REQUESTS].ring;
	struct vring_used_elem used;

	drv_set_used_event(ring, ring->used_seen);
	drv_make_avail(ring, head);
	fe_kick(&v->fe, REQUESTS);
	while (!drv_get_used(ring, &used))
		assert_true(fe_wait_call(&v->fe, REQUESTS, WAIT_MS));
	assert_int_equal(used.id, head);
	return used.len;
}

int visit_request(struct visit *v, uint16_t type, uint16_t line, uint32_t value)
{
	const struct virtio_gpio_request request = { type, line, value };
	uint8_t *answer = visit_cell(v, REQUESTS, 1);

	memcpy(visit_cell(v, REQUESTS, 0), &request, sizeof(request));
	memset(answer, MARK, CELL);
	visit_desc(v, REQUESTS, 0, 0, sizeof(request), false, false);
	visit_desc(v, REQUESTS, 1, 1, 2, true, true);
	assert_int_equal(visit_ask(v, 0), 2);
	assert_int_equal(answer[2], MARK);
	if (answer[0] == VIRTIO_GPIO_STATUS_OK)
		return answer[1];
	assert_int_equal(answer[0], VIRTIO_GPIO_STATUS_ERR);
	return -1;
}

int visit_irq_type(struct visit *v, uint16_t line, uint32_t type)
{
	return visit_request(v, VIRTIO_GPIO_MSG_IRQ_TYPE, line, type);
}

void visit_settle(struct visit *v)
{
	/* Two: one may be served in the same turn of the loop in which an edge is only seen to wait. */
	for (int i = 0; i < 2; i++)
		visit_request(v, VIRTIO_GPIO_MSG_GET_DIRECTION, SMALL, 0);
}

void visit_unmask(struct visit *v, unsigned int id, uint16_t line)
{
	const struct virtio_gpio_irq_request request = { line };

	memcpy(visit_cell(v, EVENTS, 2 * id), &request, sizeof(request));
	memset(visit_cell(v, EVENTS, 2 * id + 1), MARK, CELL);
	visit_desc(v, EVENTS, 2 * id, 2 * id, sizeof(request), false, false);
	visit_desc(v, EVENTS, 2 * id + 1, 2 * id + 1, 1, true, true);
	drv_set_used_event(&v->fe.queues[EVENTS].ring, v->fe.queues[EVENTS].ring.used_seen);
	drv_make_avail(&v->fe.queues[EVENTS].ring, (uint16_t)(2 * id));
	fe_kick(&v->fe, EVENTS);
}

void visit_expect(struct visit *v, unsigned int id, uint8_t status)
{
	struct drv_ring *ring = &v->fe.queues[EVENTS].ring;
	struct vring_used_elem used;

	while (!drv_get_used(ring, &used)) {
		drv_set_used_event(ring, ring->used_seen);
		if (ring->used->idx == ring->used_seen)
			assert_true(fe_wait_call(&v->fe, EVENTS, WAIT_MS));
	}
	assert_int_equal(used.id, 2 * id);
	assert_int_equal(used.len, 1);
	assert_int_equal(visit_cell(v, EVENTS, 2 * id + 1)[0], status);
}

void visit_expect_none(struct visit *v)
{
	struct vring_used_elem used;

	visit_settle(v);
	assert_false(drv_get_used(&v->fe.queues[EVENTS].ring, &used));
}

/* To whoever watches the line. */
static void tell(struct visit *v, unsigned int offset, uint8_t what)
{
	char fifo[FAKE_PATH];
	int fd;

	fake_chip_fifo(fifo, v->path, offset);
	fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, &what, 1), 1);
	close(fd);
}

void visit_drive(struct visit *v, unsigned int offset, bool level)
{
	struct fake_line *line = &v->chip->lines[offset];
	uint8_t edge = level ^ line->active_low ? GPIO_EDGE_RISING : GPIO_EDGE_FALLING;

	if (line->level == level)
		return;
	line->level = level;
	if (line->edges & edge)
		tell(v, offset, edge);
}

void visit_plug(struct visit *v, bool plugged)
{
	v->chip->unplugged = !plugged;
	for (unsigned int i = 0; !plugged && i < FAKE_LINES; i++) {
		if (v->chip->lines[i].edges)
			tell(v, i, 0);
	}
}

int visit_begin(void **state)
{
	struct visit *v = *state;
	int ret = fe_connect(&v->fe, v->server->path);

	if (!ret)
		ret = fe_start_all(&v->fe, RING);
	for (unsigned int i = 0; i < FAKE_LINES; i++) {
		struct fake_line *line = &v->chip->lines[i];

		line->level = i == OFFSET_BUTTON;
		line->refuse = 0;
		line->refuse_edges = 0;
		line->output &= line->requested;
	}
	v->chip->unplugged = false;
	return ret;
}

int visit_end(void **state)
{
	struct visit *v = *state;

	fe_close(&v->fe);
	return server_lives(v->server) ? 0 : -1;
}

int visit_test(char **argv, const char *name, const struct CMUnitTest *tests, size_t count)
{
	struct server server;
	struct visit visit = { .server = &server, .path = getenv("GPIO_CHIP") };

	visit.chip = visit.path ? fake_chip_map(visit.path) : NULL;
	if (!visit.chip) {
		fprintf(stderr, "%s: GPIO_CHIP has to name the file that --chip names\n", argv[0]);
		return 1;
	}
	snprintf(visit.chip->lines[OFFSET_RESET].name, sizeof(visit.chip->lines[0].name), "RESET");
	return server_test(&server, &visit, argv, name, tests, count, WAIT_MS);
}
