/* SPDX-License-Identifier: MIT */
/*
 * Private to the library: a descriptor chain (virtio 1.4, 2.7.5) turned into
 * iovecs. The only place that reads descriptors.
 */
#ifndef VIRTQ_CHAIN_H
#define VIRTQ_CHAIN_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "virtqueue.h"

struct vhu_mem;

/* Where the descriptors of a queue are, and what they may be. */
struct virtq_chain_source {
	const struct vhu_mem *mem;
	const struct vring_desc *table;
	unsigned int size;
	bool indirect; /* VIRTIO_RING_F_INDIRECT_DESC was negotiated */
};

/* The result: @out_num readable buffers, then @in_num writable ones. */
struct virtq_chain {
	struct iovec iov[VIRTQ_MAX_SEGMENTS];
	unsigned int out_num;
	unsigned int in_num;
	uint64_t out_len;
	uint64_t in_len;
	bool writable_seen; /* a readable buffer may not follow any more */
	unsigned int visited; /* descriptors so far, to bound the work */
};

/* NULL, or a sentence that says what is wrong with the chain. */
const char *virtq_chain_walk(const struct virtq_chain_source *source, uint16_t head, struct virtq_chain *chain);

#endif /* VIRTQ_CHAIN_H */
