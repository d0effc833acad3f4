// SPDX-License-Identifier: MIT
/* What can be wrong with the contents of a running ring and the memory behind it. */
#include "tests/protocol/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void avail_index_jump(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);

	r->avail->idx = HOSTILE_SIZE + 1;
	fe_kick(fe, hostile_queue(fe));
}

static void head_out_of_range(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);

	drv_make_avail(r, 60000);
	fe_kick(fe, hostile_queue(fe));
}

static void endless_chain(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);

	drv_desc(r, 0, FE_GUEST + FE_BUFFERS, 0, VRING_DESC_F_NEXT, 1);
	drv_desc(r, 1, FE_GUEST + FE_BUFFERS, 0, VRING_DESC_F_NEXT, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, hostile_queue(fe));
}

static void indirect_in_indirect(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);
	struct vring_desc *table = (void *)(fe->mem + FE_BUFFERS);

	*table = (struct vring_desc) { FE_GUEST + FE_BUFFERS, 16, VRING_DESC_F_INDIRECT, 0 };
	drv_desc(r, 0, FE_GUEST + FE_BUFFERS, 16, VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, hostile_queue(fe));
}

static void buffer_outside(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);

	drv_desc(r, 0, FE_GUEST + FE_MEM_BYTES - 1, 2, VRING_DESC_F_WRITE, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, hostile_queue(fe));
}

/* Half of the memory file goes away under a running queue; the kick makes the daemon look. */
static void truncated_memory(struct frontend *fe)
{
	hostile_ring(fe);
	if (ftruncate(fe->mem_fd, 0) < 0)
		return;
	fe_kick(fe, hostile_queue(fe));
}

/* Not every device looks into the buffers of this queue, so not every one notices. */
static void truncated_buffers(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);
	unsigned int i;

	if (ftruncate(fe->mem_fd, FE_BUFFERS) < 0)
		return;
	for (i = 0; i < HOSTILE_SIZE; i++) {
		drv_desc(r, (uint16_t)i, FE_GUEST + FE_BUFFERS + i * 64ul, 64, i % 2 ? VRING_DESC_F_WRITE : 0, 0);
		drv_make_avail(r, (uint16_t)i);
	}
	fe_kick(fe, hostile_queue(fe));
}

/* The start itself looks at the ring. */
static void truncated_before_the_start(struct frontend *fe)
{
	hostile_set_up(fe);
	fe_queue_start(fe, hostile_queue(fe), HOSTILE_SIZE, 0);
	fe_set_state(fe, VHU_SET_VRING_ENABLE, hostile_queue(fe), 0);
	if (ftruncate(fe->mem_fd, 0) < 0)
		return;
	fe_set_state(fe, VHU_SET_VRING_ENABLE, hostile_queue(fe), 1);
}

static void memory_without_the_running_ring(struct frontend *fe)
{
	struct vhu_msg msg;

	hostile_ring(fe);
	msg = fe_mem_table(fe);
	msg.payload.mem.regions[0].user_addr += FE_MEM_BYTES;
	raw_msg(fe, &msg);
}

static void memory_table_a_hundred_times(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		drv_desc(r, (uint16_t)(i % HOSTILE_SIZE), FE_GUEST + FE_BUFFERS, 8, 0, 0);
		if (i < HOSTILE_SIZE)
			drv_make_avail(r, (uint16_t)i);
		fe_kick(fe, hostile_queue(fe));
		fe_share_memory(fe);
	}
}

static void start_and_stop_a_hundred_times(struct frontend *fe)
{
	uint16_t base;
	int i;

	hostile_set_up(fe);
	for (i = 0; i < 100; i++) {
		fe_queue_start(fe, hostile_queue(fe), HOSTILE_SIZE, (uint16_t)(i * 1000));
		if (fe_queue_stop(fe, hostile_queue(fe), &base) < 0 || base != (uint16_t)(i * 1000))
			fe_close(fe);
	}
}

/* The ring is never empty. The daemon has to look up from it now and then. */
static void driver_that_never_stops(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);
	struct drv_flood flood;
	uint16_t i;

	for (i = 0; i < HOSTILE_SIZE; i++)
		drv_desc(r, i, FE_GUEST + FE_BUFFERS, 8, 0, 0);
	if (drv_flood_start(&flood, r) < 0)
		return;
	fe_kick(fe, hostile_queue(fe));
	for (i = 0; i < 20; i++)
		if (!fe_alive(fe))
			fe_close(fe);
	drv_flood_stop(&flood);
}

/* Anything in the rings, while they are served. */
static void random_ring(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);
	int i, k;

	for (i = 0; i < 20; i++) {
		for (k = 0; k < HOSTILE_SIZE; k++)
			drv_desc(r, (uint16_t)k, FE_GUEST + (uint64_t)(random() % (FE_MEM_BYTES + 16)),
				(uint32_t)(random() % 300), (uint16_t)(random() % 8),
				(uint16_t)(random() % (HOSTILE_SIZE + 1)));
		r->avail->ring[random() % HOSTILE_SIZE] = (uint16_t)(random() % (HOSTILE_SIZE + 1));
		r->avail->idx = (uint16_t)(r->avail->idx + random() % 3);
		fe_kick(fe, hostile_queue(fe));
	}
	fe_alive(fe);
}

const struct hostile hostile_rings[] = {
	CLOSED(avail_index_jump),
	CLOSED(head_out_of_range),
	CLOSED(endless_chain),
	CLOSED(indirect_in_indirect),
	CLOSED(buffer_outside),
	CLOSED(truncated_memory),
	ANY(truncated_buffers),
	CLOSED(truncated_before_the_start),
	CLOSED(memory_without_the_running_ring),
	ALIVE(memory_table_a_hundred_times),
	ALIVE(start_and_stop_a_hundred_times),
	ALIVE(driver_that_never_stops),
	ANY(random_ring),
};

const unsigned int num_hostile_rings = sizeof(hostile_rings) / sizeof(hostile_rings[0]);
