// SPDX-License-Identifier: MIT
#include "tests/fuzz/traffic.h"

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "vhost-user/channel.h"

static uint64_t any_address(struct chance *c, uint64_t base)
{
	switch (chance_below(c, 8)) {
	case 0: return base + MEM_BYTES - chance_below(c, 64);
	case 1: return chance_u64(c);
	case 2: return UINT64_MAX - chance_below(c, 64);
	default: return base + chance_below(c, MEM_BYTES / 16) * UINT64_C(16);
	}
}

static uint32_t any_index(struct chance *c)
{
	return chance_below(c, 20) ? chance_below(c, QUEUES) : chance_u32(c) >> chance_below(c, 32);
}

static void fill_mem_table(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;
	uint32_t i, num = chance_below(c, 10) ? 1 : chance_below(c, VHU_MAX_REGIONS + 1);

	msg->size = offsetof(struct vhu_mem_table, regions) + (uint32_t)(num * sizeof(struct vhu_mem_region));
	msg->payload.mem.num_regions = num;
	for (i = 0; i < num; i++) {
		bool right = chance_below(c, 20);

		msg->payload.mem.regions[i] = (struct vhu_mem_region) {
			.guest_addr = GUEST + i * UINT64_C(0x10000),
			.size = right ? MEM_BYTES : chance_u64(c) >> chance_below(c, 64),
			.user_addr = right ? USER + i * UINT64_C(0x10000) : any_address(c, USER),
			.mmap_offset = right ? 0 : chance_below(c, MEM_BYTES),
		};
		msg->fds[i] = run->memory;
	}
	msg->num_fds = num;
}

static void fill_ring_addr(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;
	struct vhu_vring_addr *a = &msg->payload.addr;

	msg->size = sizeof(*a);
	a->index = any_index(c);
	a->desc = USER + (a->index % QUEUES) * 0x1000ul;
	a->avail = a->desc + 0x200;
	a->used = a->desc + 0x400;
	if (!chance_below(c, 40))
		a->desc = any_address(c, USER);
	if (!chance_below(c, 40))
		a->avail = any_address(c, USER);
	if (!chance_below(c, 40))
		a->used = any_address(c, USER);
}

static void fill_state(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;

	msg->size = sizeof(msg->payload.state);
	msg->payload.state.index = any_index(c);
	switch (msg->request) {
	case VHU_SET_VRING_NUM:
		msg->payload.state.num = chance_below(c, 8) ? RING_SIZE : chance_u32(c) >> chance_below(c, 32);
		break;
	case VHU_SET_VRING_ENABLE: msg->payload.state.num = chance_below(c, 12) ? 1 : chance_below(c, 3); break;
	default: msg->payload.state.num = chance_below(c, 3) ? 0 : chance_below(c, 70000);
	}
}

static void fill_ring_fd(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;
	uint32_t index = any_index(c);

	msg->size = sizeof(uint64_t);
	msg->payload.u64 = index;
	msg->num_fds = 1;
	switch (chance_below(c, 16)) {
	case 0: msg->fds[0] = run->memory; break;
	case 1: msg->fds[0] = STDIN_FILENO; break;
	default: msg->fds[0] = run->kick[index % QUEUES];
	}
	if (!chance_below(c, 16)) {
		msg->payload.u64 |= VHU_VRING_NOFD;
		msg->num_fds = 0;
	}
}

static void fill_u64(struct run *run, struct vhu_msg *msg)
{
	static const uint64_t features[] = { 0x170000000, 0x150000000, 0x130000000, 0x160000000 };
	static const uint64_t protocol[] = { 0x2229, 0x9, 0x2209, 0x228 };
	const uint64_t *usual = msg->request == VHU_SET_FEATURES ? features : protocol;
	struct chance *c = &run->chance;

	msg->size = sizeof(uint64_t);
	msg->payload.u64 = chance_below(c, 60) ? usual[chance_below(c, 4)] : chance_u64(c);
}

static void fill_config(struct run *run, struct vhu_msg *msg)
{
	struct chance *c = &run->chance;

	msg->payload.config.offset = chance_below(c, 8) ? chance_below(c, 18) : chance_u32(c);
	msg->payload.config.size = chance_below(c, 8) ? chance_below(c, 18) : chance_below(c, 300);
	msg->size = VHU_CONFIG_HEADER + msg->payload.config.size;
	if (msg->size > sizeof(msg->payload))
		msg->size = sizeof(msg->payload);
}

static void fill(struct run *run, struct vhu_msg *msg)
{
	switch (msg->request) {
	case VHU_SET_MEM_TABLE: fill_mem_table(run, msg); break;
	case VHU_SET_VRING_ADDR: fill_ring_addr(run, msg); break;
	case VHU_SET_VRING_NUM:
	case VHU_SET_VRING_BASE:
	case VHU_GET_VRING_BASE:
	case VHU_SET_VRING_ENABLE: fill_state(run, msg); break;
	case VHU_SET_VRING_KICK:
	case VHU_SET_VRING_CALL:
	case VHU_SET_VRING_ERR: fill_ring_fd(run, msg); break;
	case VHU_SET_FEATURES:
	case VHU_SET_PROTOCOL_FEATURES: fill_u64(run, msg); break;
	case VHU_GET_CONFIG:
	case VHU_SET_CONFIG: fill_config(run, msg); break;
	case VHU_SET_BACKEND_REQ_FD:
		msg->num_fds = 1;
		msg->fds[0] = chance_below(&run->chance, 2) ? run->socket : run->memory;
		break;
	default: break;
	}
}

void traffic_message(struct run *run, uint32_t request)
{
	struct chance *c = &run->chance;
	struct vhu_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.request = request;
	msg.flags = VHU_VERSION | (chance_below(c, 12) ? VHU_FLAG_NEED_REPLY : 0);
	fill(run, &msg);
	if (!chance_below(c, 40))
		msg.size = chance_below(c, sizeof(msg.payload));
	if (!chance_below(c, 40)) {
		msg.num_fds = chance_below(c, VHU_MAX_FDS + 1);
		while (msg.num_fds && !msg.fds[msg.num_fds - 1])
			msg.fds[--msg.num_fds] = run->memory;
	}
	vhu_channel_send(run->socket, &msg, 0);
}

/*
 * Mostly as a driver would: a few readable buffers, then a few writable ones. One
 * mistake is enough for the daemon to hang up, so they have to be rare.
 */
static struct vring_desc any_desc(struct chance *c, unsigned int i)
{
	struct vring_desc d = {
		.addr = chance_below(c, 50) ? GUEST + 0x6000 + chance_below(c, 0x100) * UINT64_C(16)
					    : any_address(c, GUEST),
		.len = chance_below(c, 50) ? chance_below(c, 40) : chance_u32(c) >> chance_below(c, 32),
		.next = (uint16_t)(chance_below(c, 50) ? i + 1 : chance_below(c, RING_SIZE + 1)),
	};

	if (i + 1 < RING_SIZE && chance_below(c, 3))
		d.flags |= VRING_DESC_F_NEXT;
	if (i >= RING_SIZE / 2)
		d.flags |= VRING_DESC_F_WRITE;
	if (!chance_below(c, 100))
		d.flags ^= (uint16_t)(1 << chance_below(c, 4));
	return d;
}

static void make_indirect(struct chance *c, struct vring_desc *d)
{
	d->flags = (uint16_t)(VRING_DESC_F_INDIRECT | (chance_below(c, 50) ? 0 : VRING_DESC_F_NEXT));
	d->addr = GUEST + 0x4000;
	d->len = (chance_below(c, RING_SIZE) + 1) * 16;
	if (!chance_below(c, 30))
		d->addr = any_address(c, GUEST);
	if (!chance_below(c, 30))
		d->len = chance_below(c, 2) ? chance_below(c, 200) : chance_u32(c);
}

void traffic_ring(struct run *run)
{
	struct chance *c = &run->chance;
	uint8_t *base = run->bytes + chance_below(c, QUEUES) * 0x1000ul;
	struct vring_desc *desc = (void *)base, *table = (void *)(run->bytes + 0x4000);
	struct vring_avail *avail = (void *)(base + 0x200);
	unsigned int i;

	for (i = 0; i < RING_SIZE; i++) {
		desc[i] = any_desc(c, i);
		table[i] = any_desc(c, i);
		if (!chance_below(c, 4))
			make_indirect(c, &desc[i]);
		if (!chance_below(c, 4))
			avail->ring[i] = (uint16_t)chance_below(c, chance_below(c, 50) ? RING_SIZE : 70000);
	}
	avail->idx = (uint16_t)(avail->idx + chance_below(c, chance_below(c, 50) ? 3 : RING_SIZE + 2));
	avail->ring[RING_SIZE] = (uint16_t)chance_u32(c);
}
