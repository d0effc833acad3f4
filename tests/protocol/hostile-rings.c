// SPDX-License-Identifier: MIT
/* What can be wrong with queues, their descriptors and the memory behind them. */
#include "tests/protocol/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))
#define SIZE   8

static struct vhu_msg state_msg(uint32_t request, uint32_t index, uint32_t num)
{
	return (struct vhu_msg) {
		.request = request, .size = sizeof(struct vhu_vring_state), .payload.state = { index, num }
	};
}

/* Without REPLY_ACK: the daemon cannot say no, so it has to hang up. */
static void set_up(struct frontend *fe)
{
	fe_negotiate(fe, UINT64_MAX, UINT64_MAX & ~BIT(VHU_PF_REPLY_ACK));
	fe_share_memory(fe);
}

/* The last queue is one that any device empties as soon as it is kicked. */
static unsigned int last(const struct frontend *fe)
{
	return fe->num_queues ? fe->num_queues - 1 : 0;
}

static struct drv_ring *running_ring(struct frontend *fe)
{
	set_up(fe);
	fe_queue_start(fe, last(fe), SIZE, 0);
	fe_alive(fe);
	return &fe->queues[last(fe)].ring;
}

static void bad_state(struct frontend *fe, uint32_t request, uint32_t index, uint32_t num)
{
	struct vhu_msg msg = state_msg(request, index, num);

	set_up(fe);
	raw_msg(fe, &msg);
}

static void index_255_in_num(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_NUM, 255, 8);
}

static void huge_index_in_num(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_NUM, UINT32_MAX, 8);
}

static void index_255_in_base(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_BASE, 255, 8);
}

static void index_255_in_get_base(struct frontend *fe)
{
	bad_state(fe, VHU_GET_VRING_BASE, 255, 0);
}

static void index_255_in_enable(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_ENABLE, 255, 1);
}

static void index_255_in_addr(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_SET_VRING_ADDR, .size = 40, .payload.addr.index = 255 };

	raw_msg(fe, &msg);
}

static void index_255_in_kick(struct frontend *fe)
{
	set_up(fe);
	fe_set_fd(fe, VHU_SET_VRING_KICK, 255, fe->mem_fd);
}

static void index_255_in_call(struct frontend *fe)
{
	set_up(fe);
	fe_set_fd(fe, VHU_SET_VRING_CALL, 255, fe->mem_fd);
}

static void no_descriptors(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_NUM, 0, 0);
}

static void three_descriptors(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_NUM, 0, 3);
}

static void descriptors_65535(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_NUM, 0, 65535);
}

static void descriptors_65536(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_NUM, 0, 65536);
}

static void base_65536(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_BASE, 0, 65536);
}

static void enable_2(struct frontend *fe)
{
	bad_state(fe, VHU_SET_VRING_ENABLE, 0, 2);
}

static void kick_before_anything(struct frontend *fe)
{
	int fd = eventfd(1, EFD_CLOEXEC);

	fe_set_fd(fe, VHU_SET_VRING_KICK, 0, fd);
	close(fd);
}

static void start_without_memory(struct frontend *fe)
{
	fe_negotiate(fe, UINT64_MAX, 0);
	fe_queue_start(fe, 0, SIZE, 0);
}

static void no_kick_descriptor(struct frontend *fe)
{
	set_up(fe);
	fe_set_fd(fe, VHU_SET_VRING_KICK, 0, -1);
}

static void kick_that_cannot_be_polled(struct frontend *fe)
{
	set_up(fe);
	fe_set_fd(fe, VHU_SET_VRING_KICK, 0, fe->mem_fd);
}

/* Always readable, and hung up: a loop that listens to it would spin. */
static void kick_from_a_closed_pipe(struct frontend *fe)
{
	int fds[2];

	running_ring(fe);
	if (pipe(fds) < 0 || write(fds[1], "12345678", 8) != 8)
		return;
	fe_set_fd(fe, VHU_SET_VRING_KICK, last(fe), fds[0]);
	close(fds[1]);
	close(fds[0]);
}

static void call_that_is_no_eventfd(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);
	int fds[2];

	if (pipe(fds) < 0)
		return;
	fe_set_fd(fe, VHU_SET_VRING_CALL, last(fe), fds[1]);
	close(fds[0]);
	close(fds[1]);
	drv_desc(r, 0, FE_GUEST + FE_BUFFERS, 8, 0, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, last(fe));
}

static void call_that_is_full(struct frontend *fe)
{
	const uint64_t almost_full = UINT64_MAX - 1;
	struct drv_ring *r = running_ring(fe);
	int fd = eventfd(0, EFD_CLOEXEC);

	if (write(fd, &almost_full, sizeof(almost_full)) < 0)
		return;
	fe_set_fd(fe, VHU_SET_VRING_CALL, last(fe), fd);
	close(fd);
	drv_desc(r, 0, FE_GUEST + FE_BUFFERS, 8, 0, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, last(fe));
}

static void kicks_without_buffers(struct frontend *fe)
{
	int i;

	running_ring(fe);
	for (i = 0; i < 1000; i++)
		fe_kick(fe, last(fe));
}

enum ring_part {
	DESC,
	AVAIL,
	USED,
};

static void move_ring(struct frontend *fe, enum ring_part part, uint64_t addr)
{
	struct vhu_msg num = state_msg(VHU_SET_VRING_NUM, 0, SIZE), msg;
	int fd = eventfd(0, EFD_CLOEXEC);

	set_up(fe);
	fe->queues[0].ring.size = SIZE;
	msg = fe_ring_addr(fe, 0);
	switch (part) {
	case DESC: msg.payload.addr.desc = addr; break;
	case AVAIL: msg.payload.addr.avail = addr; break;
	case USED: msg.payload.addr.used = addr; break;
	}
	raw_msg(fe, &num);
	raw_msg(fe, &msg);
	fe_set_fd(fe, VHU_SET_VRING_KICK, 0, fd);
	close(fd);
	if (fe->features & BIT(VHU_F_PROTOCOL_FEATURES))
		fe_set_state(fe, VHU_SET_VRING_ENABLE, 0, 1);
}

static void descriptors_outside(struct frontend *fe)
{
	move_ring(fe, DESC, FE_USER + FE_MEM_BYTES - 16ul * SIZE + 16);
}

static void available_ring_outside(struct frontend *fe)
{
	move_ring(fe, AVAIL, FE_USER + FE_MEM_BYTES - 2);
}

static void used_ring_outside(struct frontend *fe)
{
	move_ring(fe, USED, FE_USER - 4);
}

static void ring_at_a_guest_address(struct frontend *fe)
{
	move_ring(fe, DESC, FE_GUEST);
}

static void ring_at_the_end_of_all_addresses(struct frontend *fe)
{
	move_ring(fe, DESC, UINT64_MAX - 15);
}

static void ring_not_aligned(struct frontend *fe)
{
	move_ring(fe, USED, FE_USER + 0x1002);
}

static void size_of_a_running_ring(struct frontend *fe)
{
	struct vhu_msg msg;

	running_ring(fe);
	msg = state_msg(VHU_SET_VRING_NUM, last(fe), 2 * SIZE);
	raw_msg(fe, &msg);
}

static void address_of_a_running_ring(struct frontend *fe)
{
	struct vhu_msg msg;

	running_ring(fe);
	msg = fe_ring_addr(fe, last(fe));
	msg.payload.addr.desc += 0x1000;
	raw_msg(fe, &msg);
}

static void base_of_a_running_ring(struct frontend *fe)
{
	struct vhu_msg msg;

	running_ring(fe);
	msg = state_msg(VHU_SET_VRING_BASE, last(fe), 5);
	raw_msg(fe, &msg);
}

static void features_of_a_running_device(struct frontend *fe)
{
	running_ring(fe);
	fe_set_u64(fe, VHU_SET_FEATURES, BIT(VHU_F_PROTOCOL_FEATURES));
}

static void avail_index_jump(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);

	r->avail->idx = SIZE + 1;
	fe_kick(fe, last(fe));
}

static void head_out_of_range(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);

	drv_make_avail(r, 60000);
	fe_kick(fe, last(fe));
}

static void endless_chain(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);

	drv_desc(r, 0, FE_GUEST + FE_BUFFERS, 0, VRING_DESC_F_NEXT, 1);
	drv_desc(r, 1, FE_GUEST + FE_BUFFERS, 0, VRING_DESC_F_NEXT, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, last(fe));
}

static void indirect_in_indirect(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);
	struct vring_desc *table = (void *)(fe->mem + FE_BUFFERS);

	*table = (struct vring_desc) { FE_GUEST + FE_BUFFERS, 16, VRING_DESC_F_INDIRECT, 0 };
	drv_desc(r, 0, FE_GUEST + FE_BUFFERS, 16, VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, last(fe));
}

static void buffer_outside(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);

	drv_desc(r, 0, FE_GUEST + FE_MEM_BYTES - 1, 2, VRING_DESC_F_WRITE, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, last(fe));
}

/* Half of the memory file goes away under a running queue; the kick makes the daemon look. */
static void truncated_memory(struct frontend *fe)
{
	running_ring(fe);
	if (ftruncate(fe->mem_fd, 0) < 0)
		return;
	fe_kick(fe, last(fe));
}

/* Not every device looks into the buffers of this queue, so not every one notices. */
static void truncated_buffers(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);
	unsigned int i;

	if (ftruncate(fe->mem_fd, FE_BUFFERS) < 0)
		return;
	for (i = 0; i < SIZE; i++) {
		drv_desc(r, (uint16_t)i, FE_GUEST + FE_BUFFERS + i * 64ul, 64, i % 2 ? VRING_DESC_F_WRITE : 0, 0);
		drv_make_avail(r, (uint16_t)i);
	}
	fe_kick(fe, last(fe));
}

/* The start itself looks at the ring. */
static void truncated_before_the_start(struct frontend *fe)
{
	set_up(fe);
	fe_queue_start(fe, last(fe), SIZE, 0);
	fe_set_state(fe, VHU_SET_VRING_ENABLE, last(fe), 0);
	if (ftruncate(fe->mem_fd, 0) < 0)
		return;
	fe_set_state(fe, VHU_SET_VRING_ENABLE, last(fe), 1);
}

static void memory_without_the_running_ring(struct frontend *fe)
{
	struct vhu_msg msg;

	running_ring(fe);
	msg = fe_mem_table(fe);
	msg.payload.mem.regions[0].user_addr += FE_MEM_BYTES;
	raw_msg(fe, &msg);
}

static void memory_table_a_hundred_times(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		drv_desc(r, (uint16_t)(i % SIZE), FE_GUEST + FE_BUFFERS, 8, 0, 0);
		if (i < SIZE)
			drv_make_avail(r, (uint16_t)i);
		fe_kick(fe, last(fe));
		fe_share_memory(fe);
	}
}

static void start_and_stop_a_hundred_times(struct frontend *fe)
{
	uint16_t base;
	int i;

	set_up(fe);
	for (i = 0; i < 100; i++) {
		fe_queue_start(fe, last(fe), SIZE, (uint16_t)(i * 1000));
		if (fe_queue_stop(fe, last(fe), &base) < 0 || base != (uint16_t)(i * 1000))
			fe_close(fe);
	}
}

/* The ring is never empty. The daemon has to look up from it now and then. */
static void driver_that_never_stops(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);
	struct drv_flood flood;
	uint16_t i;

	for (i = 0; i < SIZE; i++)
		drv_desc(r, i, FE_GUEST + FE_BUFFERS, 8, 0, 0);
	if (drv_flood_start(&flood, r) < 0)
		return;
	fe_kick(fe, last(fe));
	for (i = 0; i < 20; i++)
		if (!fe_alive(fe))
			fe_close(fe);
	drv_flood_stop(&flood);
}

/* Anything in the rings, while they are served. */
static void random_ring(struct frontend *fe)
{
	struct drv_ring *r = running_ring(fe);
	int i, k;

	for (i = 0; i < 20; i++) {
		for (k = 0; k < SIZE; k++)
			drv_desc(r, (uint16_t)k, FE_GUEST + (uint64_t)(random() % (FE_MEM_BYTES + 16)),
				(uint32_t)(random() % 300), (uint16_t)(random() % 8),
				(uint16_t)(random() % (SIZE + 1)));
		r->avail->ring[random() % SIZE] = (uint16_t)(random() % (SIZE + 1));
		r->avail->idx = (uint16_t)(r->avail->idx + random() % 3);
		fe_kick(fe, last(fe));
	}
	fe_alive(fe);
}

#define CLOSED(f) \
	{ \
#f, EXPECT_CLOSED, f \
	}
#define ALIVE(f) \
	{ \
#f, EXPECT_ALIVE, f \
	}
#define ANY(f) \
	{ \
#f, EXPECT_ANY, f \
	}

const struct hostile hostile_rings[] = {
	CLOSED(index_255_in_num),
	CLOSED(huge_index_in_num),
	CLOSED(index_255_in_base),
	CLOSED(index_255_in_get_base),
	CLOSED(index_255_in_enable),
	CLOSED(index_255_in_addr),
	CLOSED(index_255_in_kick),
	CLOSED(index_255_in_call),
	CLOSED(no_descriptors),
	CLOSED(three_descriptors),
	CLOSED(descriptors_65535),
	CLOSED(descriptors_65536),
	CLOSED(base_65536),
	CLOSED(enable_2),
	CLOSED(kick_before_anything),
	CLOSED(start_without_memory),
	CLOSED(no_kick_descriptor),
	CLOSED(kick_that_cannot_be_polled),
	ALIVE(kick_from_a_closed_pipe),
	ALIVE(call_that_is_no_eventfd),
	ALIVE(call_that_is_full),
	ALIVE(kicks_without_buffers),
	CLOSED(descriptors_outside),
	CLOSED(available_ring_outside),
	CLOSED(used_ring_outside),
	CLOSED(ring_at_a_guest_address),
	CLOSED(ring_at_the_end_of_all_addresses),
	CLOSED(ring_not_aligned),
	CLOSED(size_of_a_running_ring),
	CLOSED(address_of_a_running_ring),
	CLOSED(base_of_a_running_ring),
	CLOSED(features_of_a_running_device),
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
