// SPDX-License-Identifier: MIT
/* What can be wrong with the messages that set a queue up, and with its kick and call. */
#include "tests/protocol/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))

static struct vhu_msg state_msg(uint32_t request, uint32_t index, uint32_t num)
{
	return (struct vhu_msg) {
		.request = request, .size = sizeof(struct vhu_vring_state), .payload.state = { index, num }
	};
}

static void bad_state(struct frontend *fe, uint32_t request, uint32_t index, uint32_t num)
{
	struct vhu_msg msg = state_msg(request, index, num);

	hostile_set_up(fe);
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
	hostile_set_up(fe);
	fe_set_fd(fe, VHU_SET_VRING_KICK, 255, fe->mem_fd);
}

static void index_255_in_call(struct frontend *fe)
{
	hostile_set_up(fe);
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
	fe_queue_start(fe, 0, HOSTILE_SIZE, 0);
}

static void no_kick_descriptor(struct frontend *fe)
{
	hostile_set_up(fe);
	fe_set_fd(fe, VHU_SET_VRING_KICK, 0, -1);
}

static void kick_that_cannot_be_polled(struct frontend *fe)
{
	hostile_set_up(fe);
	fe_set_fd(fe, VHU_SET_VRING_KICK, 0, fe->mem_fd);
}

/* Always readable, and hung up: a loop that listens to it would spin. */
static void kick_from_a_closed_pipe(struct frontend *fe)
{
	int fds[2];

	hostile_ring(fe);
	if (pipe(fds) < 0 || write(fds[1], "12345678", 8) != 8)
		return;
	fe_set_fd(fe, VHU_SET_VRING_KICK, hostile_queue(fe), fds[0]);
	close(fds[1]);
	close(fds[0]);
}

static void call_that_is_no_eventfd(struct frontend *fe)
{
	struct drv_ring *r = hostile_ring(fe);
	int fds[2];

	if (pipe(fds) < 0)
		return;
	fe_set_fd(fe, VHU_SET_VRING_CALL, hostile_queue(fe), fds[1]);
	close(fds[0]);
	close(fds[1]);
	drv_desc(r, 0, FE_GUEST + FE_BUFFERS, 8, 0, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, hostile_queue(fe));
}

static void call_that_is_full(struct frontend *fe)
{
	const uint64_t almost_full = UINT64_MAX - 1;
	struct drv_ring *r = hostile_ring(fe);
	int fd = eventfd(0, EFD_CLOEXEC);

	if (write(fd, &almost_full, sizeof(almost_full)) < 0)
		return;
	fe_set_fd(fe, VHU_SET_VRING_CALL, hostile_queue(fe), fd);
	close(fd);
	drv_desc(r, 0, FE_GUEST + FE_BUFFERS, 8, 0, 0);
	drv_make_avail(r, 0);
	fe_kick(fe, hostile_queue(fe));
}

static void kicks_without_buffers(struct frontend *fe)
{
	int i;

	hostile_ring(fe);
	for (i = 0; i < 1000; i++)
		fe_kick(fe, hostile_queue(fe));
}

enum ring_part {
	DESC,
	AVAIL,
	USED,
};

static void move_ring(struct frontend *fe, enum ring_part part, uint64_t addr)
{
	struct vhu_msg num = state_msg(VHU_SET_VRING_NUM, 0, HOSTILE_SIZE), msg;
	int fd = eventfd(0, EFD_CLOEXEC);

	hostile_set_up(fe);
	fe->queues[0].ring.size = HOSTILE_SIZE;
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
	move_ring(fe, DESC, FE_USER + FE_MEM_BYTES - 16ul * HOSTILE_SIZE + 16);
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

	hostile_ring(fe);
	msg = state_msg(VHU_SET_VRING_NUM, hostile_queue(fe), 2 * HOSTILE_SIZE);
	raw_msg(fe, &msg);
}

static void address_of_a_running_ring(struct frontend *fe)
{
	struct vhu_msg msg;

	hostile_ring(fe);
	msg = fe_ring_addr(fe, hostile_queue(fe));
	msg.payload.addr.desc += 0x1000;
	raw_msg(fe, &msg);
}

static void base_of_a_running_ring(struct frontend *fe)
{
	struct vhu_msg msg;

	hostile_ring(fe);
	msg = state_msg(VHU_SET_VRING_BASE, hostile_queue(fe), 5);
	raw_msg(fe, &msg);
}

static void features_of_a_running_device(struct frontend *fe)
{
	hostile_ring(fe);
	fe_set_u64(fe, VHU_SET_FEATURES, BIT(VHU_F_PROTOCOL_FEATURES));
}

const struct hostile hostile_queues[] = {
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
};

const unsigned int num_hostile_queues = sizeof(hostile_queues) / sizeof(hostile_queues[0]);
