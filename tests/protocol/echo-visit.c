// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/protocol/echo-device.h"
#include "tests/protocol/echo-visit.h"

int visit_begin(void **state)
{
	struct visit *v = *state;

	return fe_connect(&v->fe, v->server->path);
}

int visit_end(void **state)
{
	struct visit *v = *state;

	drv_flood_stop(&v->flood);
	fe_close(&v->fe);
	fe_close(&v->next);
	return 0;
}

struct frontend *visit_start(void **state)
{
	struct visit *v = *state;

	assert_int_equal(fe_start_all(&v->fe, VISIT_SIZE), 0);
	assert_int_equal(v->fe.num_queues, ECHO_QUEUES);
	return &v->fe;
}

char *visit_buffer(struct frontend *fe, unsigned int i)
{
	return fe->mem + FE_BUFFERS + i * VISIT_SLOT;
}

void visit_post(struct frontend *fe, unsigned int queue, uint16_t i, const char *text)
{
	struct drv_ring *r = &fe->queues[queue].ring;
	uint64_t addr = FE_GUEST + FE_BUFFERS + 2ul * i * VISIT_SLOT;

	memcpy(visit_buffer(fe, 2u * i), text, strlen(text) + 1);
	memset(visit_buffer(fe, 2u * i + 1), 0, VISIT_SLOT);
	drv_desc(r, (uint16_t)(2 * i), addr, (uint32_t)strlen(text), VRING_DESC_F_NEXT, (uint16_t)(2 * i + 1));
	drv_desc(r, (uint16_t)(2 * i + 1), addr + VISIT_SLOT, VISIT_SLOT, VRING_DESC_F_WRITE, 0);
	drv_make_avail(r, (uint16_t)(2 * i));
}

void visit_expect(struct frontend *fe, unsigned int queue, uint16_t i, const char *text)
{
	struct vring_used_elem used = { 0 };

	assert_true(drv_get_used(&fe->queues[queue].ring, &used));
	assert_int_equal(used.id, 2 * i);
	assert_int_equal(used.len, strlen(text));
	assert_string_equal(visit_buffer(fe, 2u * i + 1), text);
}

void visit_round_trip(struct frontend *fe, uint16_t i, const char *text)
{
	struct drv_ring *r = &fe->queues[ECHO_NOW].ring;

	drv_set_used_event(r, r->used_seen);
	visit_post(fe, ECHO_NOW, i, text);
	fe_kick(fe, ECHO_NOW);
	assert_true(fe_wait_call(fe, ECHO_NOW, VISIT_MS));
	visit_expect(fe, ECHO_NOW, i, text);
}

bool visit_answered(struct frontend *fe, unsigned int queue)
{
	return fe->queues[queue].ring.used->idx != fe->queues[queue].ring.used_seen;
}

void visit_command(struct frontend *fe, uint8_t what, int expected)
{
	assert_int_equal(fe_set_config(fe, 0, &what, 1), expected);
}
