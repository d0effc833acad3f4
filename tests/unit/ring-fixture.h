/* SPDX-License-Identifier: MIT */
/*
 * A queue and a driver on the same memory file, for the tests of virtqueue.c.
 *
 *	file: | ring | ... | buffers at BUFFERS | ...
 */
#ifndef TEST_RING_FIXTURE_H
#define TEST_RING_FIXTURE_H

#include "memory.h"
#include "tests/protocol/driver.h"
#include "virtqueue.h"

#define FILE_BYTES   0x40000u
#define BUFFERS	     0x10000u
#define GUEST	     UINT64_C(0x100000000)
#define USER	     UINT64_C(0x7f1234500000)
#define GUEST_BUFFER (GUEST + BUFFERS)

#define F_INDIRECT  (UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC)
#define F_EVENT_IDX (UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX)

struct fixture {
	int file;
	char *bytes; /* the driver's own mapping */
	struct drv_ring ring;
	struct vhu_mem *mem;
	struct virtq *vq;
	struct virtq_setup setup;
	int call;
};

int fixture_new(void **state);
int fixture_free(void **state);
/* One more table of the same file, or of its first @bytes. */
struct vhu_mem *fixture_map(struct fixture *f);
struct vhu_mem *fixture_map_part(struct fixture *f, size_t bytes);
/* Start the queue with @size descriptors, both sides at @index. */
void fixture_start(struct fixture *f, unsigned int size, uint64_t features, uint16_t index);
unsigned int fixture_calls(struct fixture *f); /* interrupts since the last look */
/* Make descriptor @i available, with 64 bytes of its own. */
void fixture_post(struct fixture *f, uint16_t i, uint16_t flags);
struct virtq_elem *fixture_pop(struct fixture *f); /* one element, which must be there */
void fixture_expect_broken(struct fixture *f); /* the next pop says so, and every one after it */

#endif /* TEST_RING_FIXTURE_H */
