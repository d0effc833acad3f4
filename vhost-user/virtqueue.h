/* SPDX-License-Identifier: MIT */
/*
 * The device side of a split virtqueue (virtio 1.4, 2.7).
 *
 * A queue turns what the driver put into shared memory into elements: two
 * arrays of iovecs whose every byte lies inside the front-end's memory table.
 * All ring contents are hostile until checked here; code above this header
 * still has to check the *contents* of the buffers, and must read each field
 * once, for the driver may change it meanwhile.
 *
 * Not thread safe: one queue belongs to one thread.
 */
#ifndef VHU_VIRTQUEUE_H
#define VHU_VIRTQUEUE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct vhu_mem;
struct virtq;

#define VIRTQ_MAX_SIZE	   1024 /* descriptors; virtio allows 32768 */
#define VIRTQ_MAX_SEGMENTS 1024 /* buffers of one element, indirect ones included */

/**
 * struct virtq_elem - one descriptor chain, taken from the available ring
 * @index: the chain's head descriptor
 * @out_num: how many buffers the device may read
 * @in_num: how many buffers the device may write
 * @out: the readable buffers; driver to device
 * @in: the writable buffers; device to driver
 * @out_len: bytes in @out
 * @in_len: bytes in @in
 *
 * Owned by the queue. Valid from virtq_pop() until virtq_push() of it or until
 * the queue is stopped, whichever comes first; memory table changes do not
 * invalidate it (the element keeps its old mappings alive).
 */
struct virtq_elem {
	uint16_t index;
	unsigned int out_num;
	unsigned int in_num;
	struct iovec *out;
	struct iovec *in;
	size_t out_len;
	size_t in_len;
};

/**
 * virtq_pop - take the next chain from the available ring
 * @vq: a started queue
 * @elem: where the element's address goes; NULL unless 1 is returned
 *
 * Returns 1 with an element, 0 when the ring is empty, -EPROTO when the ring is
 * malformed: the queue is then broken, every later call says so too until it is
 * stopped, and the front-end is to be disconnected (vhu_dev_fail() does that).
 */
int virtq_pop(struct virtq *vq, struct virtq_elem **elem);

/**
 * virtq_push - give an element back on the used ring
 * @vq: the queue it was popped from
 * @elem: not to be touched afterwards
 * @written: bytes the device wrote into @elem->in, from its beginning
 *
 * The driver is not told before virtq_notify().
 */
void virtq_push(struct virtq *vq, struct virtq_elem *elem, uint32_t written);

/**
 * virtq_unpop - put the element popped last back, as if it had not been taken
 *
 * Several in a row go back in the reverse order of their popping.
 */
void virtq_unpop(struct virtq *vq, struct virtq_elem *elem);

/**
 * virtq_notify - interrupt the driver if it wants to know of the elements
 * pushed since the last call (flags or event index, virtio 1.4, 2.7.7)
 */
void virtq_notify(struct virtq *vq);

/**
 * virtq_set_wanted - should the driver kick when it makes buffers available?
 *
 * Kicks are wanted from the start. A handler that polls may switch them off;
 * after switching them on again the ring must be looked at once more: returns
 * true when it is not empty.
 *
 * A kick for the next buffer is certain only after the ring was seen empty:
 * virtq_pop() returned 0, virtq_empty() true or virtq_set_wanted() false. While a
 * device leaves buffers in the ring the driver may stay silent about further ones.
 */
bool virtq_set_wanted(struct virtq *vq, bool wanted);

unsigned int virtq_index(const struct virtq *vq); /* queue number of the device */
unsigned int virtq_size(const struct virtq *vq); /* descriptors; 0 before the front-end set it */
bool virtq_started(const struct virtq *vq);
/* Did the front-end start it behind its beginning: has this driver been served before? */
bool virtq_resumed(const struct virtq *vq);
bool virtq_empty(struct virtq *vq); /* nothing to pop right now */

/* Copy between a flat buffer and an iovec array; return the bytes copied, at most @len. */
size_t virtq_iov_read(const struct iovec *iov, unsigned int num, size_t offset, void *buf, size_t len);
size_t virtq_iov_write(const struct iovec *iov, unsigned int num, size_t offset, const void *buf, size_t len);

/* --- for backend.c and the unit tests; devices have no use for what follows --- */

/**
 * struct virtq_setup - what a front-end says of a queue before it starts
 * @size: descriptors, a power of two up to VIRTQ_MAX_SIZE
 * @desc: descriptor table, in the front-end's *user* addresses (SET_VRING_ADDR)
 * @avail: available ring
 * @used: used ring
 * @base: index of the first entry of the available ring to be served
 * @features: negotiated virtio features (INDIRECT_DESC and EVENT_IDX matter)
 */
struct virtq_setup {
	unsigned int size;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
	uint16_t base;
	uint64_t features;
};

int virtq_new(unsigned int index, struct virtq **vq); /* 0 or -ENOMEM */
void virtq_free(struct virtq *vq); /* stops it first; NULL is fine */
/* 0, -EINVAL (size, alignment), -EFAULT (outside @mem), -EBUSY (started), -ENOMEM */
int virtq_start(struct virtq *vq, struct vhu_mem *mem, const struct virtq_setup *setup);
/* Move the rings to another memory table; 0 or -EFAULT, the queue is broken then. */
int virtq_remap(struct virtq *vq, struct vhu_mem *mem);
/*
 * Drops elements in flight; returns the index to go on from (GET_VRING_BASE). If
 * exactly the last popped ones are still in flight, that is the first of them, so that
 * they are served again; else (the device works out of order) they are lost.
 */
uint16_t virtq_stop(struct virtq *vq);
/*
 * For one visit of the device, let virtq_pop() give at most @pops elements; then
 * the queue looks empty, without asking the driver for a kick. Returns whether the
 * budget before this one was too small: then visit the queue again.
 */
bool virtq_set_budget(struct virtq *vq, unsigned int pops);
#define VIRTQ_NO_BUDGET UINT_MAX
const char *virtq_broken(const struct virtq *vq); /* what is wrong with the ring, or NULL */
void virtq_set_call(struct virtq *vq, int fd); /* takes ownership; -1: the driver polls */

#endif /* VHU_VIRTQUEUE_H */
