/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of a split virtqueue, for tests: it writes what it is told,
 * sense or nonsense, and checks nothing. Unit and protocol tests share it.
 */
#ifndef TEST_DRIVER_H
#define TEST_DRIVER_H

#include <linux/virtio_ring.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct drv_ring - a ring in memory that both sides see
 * @size: descriptors
 * @event_idx: VIRTIO_RING_F_EVENT_IDX was negotiated
 * @used_seen: entries of the used ring taken so far
 */
struct drv_ring {
	unsigned int size;
	bool event_idx;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t used_seen;
};

/* Where the parts lie, from the beginning of the ring. */
size_t drv_avail_offset(unsigned int size);
size_t drv_used_offset(unsigned int size);
size_t drv_ring_bytes(unsigned int size);

void drv_init(struct drv_ring *r, unsigned int size, void *mem, bool event_idx); /* zeroes the memory */
void drv_set_index(struct drv_ring *r, uint16_t index); /* as if @index requests had been served */

void drv_desc(struct drv_ring *r, uint16_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next);
void drv_make_avail(struct drv_ring *r, uint16_t head);
bool drv_get_used(struct drv_ring *r, struct vring_used_elem *elem);
/* Would a driver kick for what it made available since the index was @old? */
bool drv_wants_kick(const struct drv_ring *r, uint16_t old);
/* Ask for an interrupt (with event index: at entry @event; else at every one or none). */
void drv_set_used_event(struct drv_ring *r, uint16_t event);
uint16_t drv_avail_event(const struct drv_ring *r);

/*
 * From drv_flood_start() to drv_flood_stop() a thread makes each used descriptor
 * available again at once, so that the ring is never empty. The first @size
 * descriptors are to be chains of one.
 */
struct drv_flood {
	struct drv_ring *ring;
	pthread_t thread;
	bool running;
	bool stop;
};

int drv_flood_start(struct drv_flood *flood, struct drv_ring *ring); /* 0 or -errno */
void drv_flood_stop(struct drv_flood *flood); /* if it was started */

#endif /* TEST_DRIVER_H */
