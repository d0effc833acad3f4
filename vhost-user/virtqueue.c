// SPDX-License-Identifier: MIT
#include "virtqueue.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chain.h"
#include "memory.h"

/* One for each descriptor: the element whose chain begins there. */
struct slot {
	struct virtq_elem elem;
	struct vhu_mem *mem; /* what the element's pointers lead into; NULL: not in flight */
	struct iovec *iov; /* kept from element to element */
	unsigned int iov_room;
};

struct virtq {
	unsigned int index;
	struct virtq_setup setup;
	bool started;
	bool wanted;
	bool event_idx;
	const char *broken;
	int call_fd;

	struct vhu_mem *mem;
	const struct vring_desc *desc;
	const struct vring_avail *avail;
	struct vring_used *used;

	uint16_t next_avail; /* entry of the available ring to be read next */
	uint16_t next_used; /* entry of the used ring to be written next */
	uint16_t told_used; /* @next_used when the driver was asked about last */
	bool told_valid;
	unsigned int budget; /* elements that may still be popped in this visit */
	bool held_back; /* there was one more */
	bool pushed; /* something since virtq_notify() */

	unsigned int in_flight;
	struct slot *slots;
	uint16_t *heads; /* who was taken from each entry of the available ring */
	struct virtq_chain chain; /* under construction; here because it is too large for a stack */
};

static uint16_t load16(const __virtio16 *shared)
{
	return le16toh(__atomic_load_n(shared, __ATOMIC_RELAXED));
}

static void store16(__virtio16 *shared, uint16_t value)
{
	__atomic_store_n(shared, htole16(value), __ATOMIC_RELAXED);
}

/* The driver wrote the ring entries before this index (virtio 1.4, 2.7.13.3). */
static uint16_t load_avail_idx(const struct virtq *vq)
{
	return le16toh(__atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE));
}

/* The event fields stand behind the rings (virtio 1.4, 2.7.6 and 2.7.8). */
static const __virtio16 *used_event(const struct virtq *vq)
{
	return &vq->avail->ring[vq->setup.size];
}

static __virtio16 *avail_event(const struct virtq *vq)
{
	return (__virtio16 *)&vq->used->ring[vq->setup.size];
}

static int break_ring(struct virtq *vq, const char *why)
{
	if (!vq->broken)
		vq->broken = why;
	return -EPROTO;
}

/* How many entries wait in the available ring, or -EPROTO. */
static int pending(struct virtq *vq)
{
	uint16_t num = (uint16_t)(load_avail_idx(vq) - vq->next_avail);

	if (num > vq->setup.size)
		return break_ring(vq, "the available index jumped by more than the ring's size");
	return num;
}

/*
 * Asks for a kick at the next buffer, then looks again: the driver may have added
 * one in between without a kick.
 */
static int arm_and_recheck(struct virtq *vq)
{
	if (!vq->wanted)
		return 0;
	if (vq->event_idx)
		store16(avail_event(vq), vq->next_avail);
	else
		store16(&vq->used->flags, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return pending(vq);
}

/* How many entries the device may take now, having asked for a kick if there are none; or -EPROTO. */
static int available(struct virtq *vq)
{
	int num = pending(vq);

	if (num == 0)
		num = arm_and_recheck(vq);
	if (num > 0 && !vq->budget) {
		vq->held_back = true;
		return 0;
	}
	return num;
}

/* Copies the chain just built into the slot's own array. */
static int fill_slot(struct virtq *vq, struct slot *slot, uint16_t head)
{
	const struct virtq_chain *c = &vq->chain;
	unsigned int num = c->out_num + c->in_num;

	if (num > slot->iov_room) {
		struct iovec *iov = realloc(slot->iov, num * sizeof(*iov));

		if (!iov)
			return -ENOMEM;
		slot->iov = iov;
		slot->iov_room = num;
	}
	if (num)
		memcpy(slot->iov, c->iov, num * sizeof(*slot->iov));
	slot->elem = (struct virtq_elem) {
		.index = head,
		.out_num = c->out_num,
		.in_num = c->in_num,
		.out = slot->iov,
		.in = num ? slot->iov + c->out_num : NULL,
		.out_len = (size_t)c->out_len,
		.in_len = (size_t)c->in_len,
	};
	return 0;
}

int virtq_pop(struct virtq *vq, struct virtq_elem **elem)
{
	struct virtq_chain_source source;
	struct slot *slot;
	const char *error;
	uint16_t entry, head;
	int num;

	*elem = NULL;
	if (vq->broken)
		return -EPROTO;
	if (!vq->started)
		return 0;
	num = available(vq);
	if (num <= 0)
		return num;

	entry = vq->next_avail & (vq->setup.size - 1);
	head = load16(&vq->avail->ring[entry]);
	if (head >= vq->setup.size)
		return break_ring(vq, "the available ring names a descriptor out of range");
	slot = &vq->slots[head];
	if (slot->mem)
		return break_ring(vq, "a descriptor was made available again while in use");

	source.mem = vq->mem;
	source.table = vq->desc;
	source.size = vq->setup.size;
	source.indirect = vq->setup.features & (UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC);
	error = virtq_chain_walk(&source, head, &vq->chain);
	if (error)
		return break_ring(vq, error);
	if (fill_slot(vq, slot, head) < 0)
		return break_ring(vq, "no memory for a descriptor chain");

	slot->mem = vhu_mem_ref(vq->mem);
	vq->heads[entry] = head;
	vq->next_avail++;
	vq->in_flight++;
	if (vq->budget != VIRTQ_NO_BUDGET)
		vq->budget--;
	*elem = &slot->elem;
	return 1;
}

/* The slot of an element in flight; NULL for one that is none (any more). */
static struct slot *slot_of(struct virtq *vq, const struct virtq_elem *elem)
{
	struct slot *slot = (struct slot *)((char *)elem - offsetof(struct slot, elem));

	return vq->started && slot->mem ? slot : NULL;
}

static void release_slot(struct virtq *vq, struct slot *slot)
{
	vhu_mem_unref(slot->mem);
	slot->mem = NULL;
	vq->in_flight--;
}

void virtq_push(struct virtq *vq, struct virtq_elem *elem, uint32_t written)
{
	struct slot *slot = slot_of(vq, elem);
	struct vring_used_elem *entry;

	if (!slot)
		return;
	release_slot(vq, slot);
	if (vq->broken)
		return;

	entry = &vq->used->ring[vq->next_used & (vq->setup.size - 1)];
	__atomic_store_n(&entry->id, htole32(elem->index), __ATOMIC_RELAXED);
	__atomic_store_n(&entry->len, htole32(written), __ATOMIC_RELAXED);
	vq->next_used++;
	/* release: whoever sees the index sees the entry, and what is in the buffers */
	__atomic_store_n(&vq->used->idx, htole16(vq->next_used), __ATOMIC_RELEASE);
	vq->pushed = true;
}

void virtq_unpop(struct virtq *vq, struct virtq_elem *elem)
{
	struct slot *slot = slot_of(vq, elem);

	if (!slot)
		return;
	release_slot(vq, slot);
	vq->next_avail--;
}

/*
 * virtio 1.4, 2.7.7.2: with event indices the driver wants to know when the
 * used index moves past the entry it named; computed in 16 bits, which wraps
 * with the indices.
 */
static bool driver_wants_call(struct virtq *vq)
{
	uint16_t event, old = vq->told_used;
	bool known = vq->told_valid;

	if (!vq->event_idx)
		return !(load16(&vq->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
	event = load16(used_event(vq));
	vq->told_used = vq->next_used;
	vq->told_valid = true;
	return !known || (uint16_t)(vq->next_used - event - 1) < (uint16_t)(vq->next_used - old);
}

static void call_driver(struct virtq *vq)
{
	const uint64_t one = 1;

	if (vq->call_fd < 0)
		return;
	/* EAGAIN is no loss: a full counter has woken whoever listens. Anything else will not heal. */
	if (write(vq->call_fd, &one, sizeof(one)) < 0 && errno != EAGAIN && errno != EINTR)
		virtq_set_call(vq, -1);
}

void virtq_notify(struct virtq *vq)
{
	if (!vq->started || vq->broken || !vq->pushed)
		return;
	vq->pushed = false;
	/* the used index has to be out before the driver's wish is read, or both sides could sleep */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (driver_wants_call(vq))
		call_driver(vq);
}

bool virtq_set_wanted(struct virtq *vq, bool wanted)
{
	vq->wanted = wanted;
	if (!vq->started || vq->broken)
		return false;
	if (wanted)
		return arm_and_recheck(vq) > 0 && available(vq) > 0;
	/* with event indices the old event stays behind the index: no kicks until it is moved */
	if (!vq->event_idx)
		store16(&vq->used->flags, VRING_USED_F_NO_NOTIFY);
	return pending(vq) > 0;
}

bool virtq_set_budget(struct virtq *vq, unsigned int pops)
{
	bool more = vq->held_back;

	vq->budget = pops;
	vq->held_back = false;
	return more;
}

unsigned int virtq_index(const struct virtq *vq)
{
	return vq->index;
}

unsigned int virtq_size(const struct virtq *vq)
{
	return vq->setup.size;
}

bool virtq_resumed(const struct virtq *vq)
{
	return vq->setup.base != 0;
}

bool virtq_started(const struct virtq *vq)
{
	return vq->started;
}

const char *virtq_broken(const struct virtq *vq)
{
	return vq->broken;
}

bool virtq_empty(struct virtq *vq)
{
	if (!vq->started || vq->broken)
		return true;
	return available(vq) <= 0;
}

int virtq_new(unsigned int index, struct virtq **vq)
{
	*vq = calloc(1, sizeof(**vq));
	if (!*vq)
		return -ENOMEM;
	(*vq)->index = index;
	(*vq)->call_fd = -1;
	(*vq)->budget = VIRTQ_NO_BUDGET;
	return 0;
}

void virtq_free(struct virtq *vq)
{
	if (!vq)
		return;
	virtq_stop(vq);
	virtq_set_call(vq, -1);
	free(vq);
}

static bool aligned(const void *p, size_t to)
{
	return (uintptr_t)p % to == 0;
}

/* virtio 1.4, 2.7: sizes and alignments of the three parts. */
static int map_rings(struct virtq *vq, const struct vhu_mem *mem, const struct virtq_setup *s)
{
	size_t event = s->features & (UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX) ? sizeof(__virtio16) : 0;
	void *desc, *avail, *used;

	desc = vhu_mem_user(mem, s->desc, sizeof(struct vring_desc) * s->size);
	avail = vhu_mem_user(mem, s->avail, sizeof(struct vring_avail) + sizeof(__virtio16) * s->size + event);
	used = vhu_mem_user(mem, s->used, sizeof(struct vring_used) + sizeof(struct vring_used_elem) * s->size + event);
	if (!desc || !avail || !used)
		return -EFAULT;
	if (!aligned(desc, VRING_DESC_ALIGN_SIZE) || !aligned(avail, VRING_AVAIL_ALIGN_SIZE) ||
		!aligned(used, VRING_USED_ALIGN_SIZE))
		return -EINVAL;
	vq->desc = desc;
	vq->avail = avail;
	vq->used = used;
	return 0;
}

static void free_slots(struct virtq *vq)
{
	unsigned int i;

	for (i = 0; vq->slots && i < vq->setup.size; i++) {
		vhu_mem_unref(vq->slots[i].mem);
		free(vq->slots[i].iov);
	}
	free(vq->slots);
	free(vq->heads);
	vq->slots = NULL;
	vq->heads = NULL;
	vq->in_flight = 0;
}

int virtq_start(struct virtq *vq, struct vhu_mem *mem, const struct virtq_setup *setup)
{
	int r;

	if (vq->started)
		return -EBUSY;
	if (!setup->size || setup->size > VIRTQ_MAX_SIZE || (setup->size & (setup->size - 1)))
		return -EINVAL;
	r = map_rings(vq, mem, setup);
	if (r < 0)
		return r;
	vq->setup = *setup;
	vq->slots = calloc(setup->size, sizeof(*vq->slots));
	vq->heads = calloc(setup->size, sizeof(*vq->heads));
	if (!vq->slots || !vq->heads) {
		free_slots(vq);
		return -ENOMEM;
	}
	vq->mem = vhu_mem_ref(mem);
	vq->event_idx = setup->features & (UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX);
	vq->next_avail = setup->base;
	/* the ring may have been served before, by us or by a daemon that died */
	vq->next_used = load16(&vq->used->idx);
	vq->told_valid = false;
	/* and who served it may have died between an element and its interrupt */
	vq->pushed = vq->next_used != 0;
	vq->wanted = true;
	vq->broken = NULL;
	vq->started = true;
	return 0;
}

int virtq_remap(struct virtq *vq, struct vhu_mem *mem)
{
	int r;

	if (!vq->started)
		return 0;
	r = map_rings(vq, mem, &vq->setup);
	if (r < 0) {
		break_ring(vq, "the ring is not in the new memory table");
		return -EFAULT;
	}
	vhu_mem_ref(mem);
	vhu_mem_unref(vq->mem);
	vq->mem = mem;
	return 0;
}

static uint16_t resume_index(const struct virtq *vq)
{
	uint16_t first = (uint16_t)(vq->next_avail - vq->in_flight);
	unsigned int i;

	for (i = 0; i < vq->in_flight; i++) {
		uint16_t entry = (uint16_t)(first + i) & (vq->setup.size - 1);

		if (!vq->slots[vq->heads[entry]].mem)
			return vq->next_avail;
	}
	return first;
}

uint16_t virtq_stop(struct virtq *vq)
{
	uint16_t base;

	if (!vq->started)
		return vq->next_avail;
	base = resume_index(vq);
	free_slots(vq);
	vhu_mem_unref(vq->mem);
	vq->mem = NULL;
	vq->next_avail = base;
	vq->broken = NULL;
	vq->started = false;
	return base;
}

/*
 * A front-end could hand over a counter that is full, and wait for ever is what a
 * blocking write would do then. The flag belongs to the open file, which all holders
 * share; a kernel that listens does not mind.
 */
void virtq_set_call(struct virtq *vq, int fd)
{
	int flags;

	if (vq->call_fd >= 0)
		close(vq->call_fd);
	vq->call_fd = fd;
	if (fd < 0)
		return;
	flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}
