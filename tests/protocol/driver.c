// SPDX-License-Identifier: MIT
#include "driver.h"

#include <string.h>

#define USED_ALIGN 64

size_t drv_avail_offset(unsigned int size)
{
	return size * sizeof(struct vring_desc);
}

size_t drv_used_offset(unsigned int size)
{
	size_t end = drv_avail_offset(size) + sizeof(struct vring_avail) + (size + 1) * sizeof(__virtio16);

	return (end + USED_ALIGN - 1) & ~(size_t)(USED_ALIGN - 1);
}

size_t drv_ring_bytes(unsigned int size)
{
	return drv_used_offset(size) + sizeof(struct vring_used) + size * sizeof(struct vring_used_elem) +
		sizeof(__virtio16);
}

void drv_init(struct drv_ring *r, unsigned int size, void *mem, bool event_idx)
{
	memset(mem, 0, drv_ring_bytes(size));
	r->size = size;
	r->event_idx = event_idx;
	r->desc = mem;
	r->avail = (void *)((char *)mem + drv_avail_offset(size));
	r->used = (void *)((char *)mem + drv_used_offset(size));
	r->used_seen = 0;
}

void drv_set_index(struct drv_ring *r, uint16_t index)
{
	r->avail->idx = index;
	r->used->idx = index;
	r->used_seen = index;
}

void drv_desc(struct drv_ring *r, uint16_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	r->desc[i] = (struct vring_desc) { .addr = addr, .len = len, .flags = flags, .next = next };
}

void drv_make_avail(struct drv_ring *r, uint16_t head)
{
	uint16_t idx = r->avail->idx;

	r->avail->ring[idx % r->size] = head;
	__atomic_store_n(&r->avail->idx, (uint16_t)(idx + 1), __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool drv_get_used(struct drv_ring *r, struct vring_used_elem *elem)
{
	if (__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) == r->used_seen)
		return false;
	*elem = r->used->ring[r->used_seen % r->size];
	r->used_seen++;
	return true;
}

uint16_t drv_avail_event(const struct drv_ring *r)
{
	return __atomic_load_n((const __virtio16 *)&r->used->ring[r->size], __ATOMIC_RELAXED);
}

bool drv_wants_kick(const struct drv_ring *r, uint16_t old)
{
	uint16_t new = r->avail->idx;

	if (r->event_idx)
		return vring_need_event(drv_avail_event(r), new, old);
	return !(r->used->flags & VRING_USED_F_NO_NOTIFY);
}

void drv_set_used_event(struct drv_ring *r, uint16_t event)
{
	__atomic_store_n(&r->avail->ring[r->size], event, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void *flood_thread(void *data)
{
	struct drv_flood *flood = data;
	struct drv_ring *r = flood->ring;
	unsigned int i;

	/* entry i names descriptor i for ever: only the index moves */
	for (i = 0; i < r->size; i++)
		r->avail->ring[i] = (__virtio16)i;
	while (!__atomic_load_n(&flood->stop, __ATOMIC_RELAXED)) {
		uint16_t used = __atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE);

		__atomic_store_n(&r->avail->idx, (uint16_t)(used + r->size), __ATOMIC_RELEASE);
	}
	return NULL;
}

int drv_flood_start(struct drv_flood *flood, struct drv_ring *ring)
{
	int r;

	flood->ring = ring;
	flood->stop = false;
	r = -pthread_create(&flood->thread, NULL, flood_thread, flood);
	flood->running = r == 0;
	return r;
}

void drv_flood_stop(struct drv_flood *flood)
{
	if (!flood->running)
		return;
	flood->running = false;
	__atomic_store_n(&flood->stop, true, __ATOMIC_RELAXED);
	pthread_join(flood->thread, NULL);
}
