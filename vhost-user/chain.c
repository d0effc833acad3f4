// SPDX-License-Identifier: MIT
#include "chain.h"

#include <endian.h>
#include <errno.h>
#include <stddef.h>

#include "memory.h"

/* virtio 1.4, 2.7.5: no chain is longer than this many bytes in total. */
#define MAX_CHAIN_BYTES (UINT64_C(1) << 32)

/* A descriptor as it was at one moment, in our byte order. */
struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/* Atomic loads: the compiler may not look at shared memory a second time, after the checks. */
static struct desc load_desc(const struct vring_desc *shared)
{
	return (struct desc) {
		.addr = le64toh(__atomic_load_n(&shared->addr, __ATOMIC_RELAXED)),
		.len = le32toh(__atomic_load_n(&shared->len, __ATOMIC_RELAXED)),
		.flags = le16toh(__atomic_load_n(&shared->flags, __ATOMIC_RELAXED)),
		.next = le16toh(__atomic_load_n(&shared->next, __ATOMIC_RELAXED)),
	};
}

static const char *add_buffer(const struct vhu_mem *mem, struct virtq_chain *chain, const struct desc *d)
{
	bool write = d->flags & VRING_DESC_F_WRITE;
	unsigned int used = chain->out_num + chain->in_num;
	int num;

	if (!write && chain->writable_seen)
		return "a readable buffer follows a writable one";
	chain->writable_seen = write;

	num = vhu_mem_iov(mem, d->addr, d->len, chain->iov + used, VIRTQ_MAX_SEGMENTS - used);
	if (num == -E2BIG)
		return "a descriptor chain has too many buffers";
	if (num < 0)
		return "a buffer lies outside the shared memory";
	if (write) {
		chain->in_num += (unsigned int)num;
		chain->in_len += d->len;
	} else {
		chain->out_num += (unsigned int)num;
		chain->out_len += d->len;
	}
	if (chain->out_len + chain->in_len > MAX_CHAIN_BYTES)
		return "a descriptor chain is longer than 4 GiB";
	return NULL;
}

static bool may_visit(struct virtq_chain *chain, unsigned int limit)
{
	return chain->visited++ < limit;
}

/* The table of an indirect descriptor; its last entry ends the whole chain. */
static const char *walk_indirect(const struct vhu_mem *mem, struct virtq_chain *chain, const struct desc *table)
{
	uint32_t size = table->len / sizeof(struct vring_desc);
	uint32_t i = 0;

	if (!table->len || table->len % sizeof(struct vring_desc))
		return "an indirect table's length is not a multiple of 16";

	for (;;) {
		const struct vring_desc *shared;
		const char *error;
		struct desc d;

		if (!may_visit(chain, VIRTQ_MAX_SEGMENTS))
			return "an indirect descriptor chain is endless or too long";
		shared = vhu_mem_guest(mem, table->addr + (uint64_t)i * sizeof(*shared), sizeof(*shared));
		if (!shared)
			return "an indirect table lies outside the shared memory";
		if ((uintptr_t)shared % _Alignof(struct vring_desc))
			return "an indirect table is not aligned";
		d = load_desc(shared);
		if (d.flags & VRING_DESC_F_INDIRECT)
			return "an indirect table is inside another one";
		error = add_buffer(mem, chain, &d);
		if (error || !(d.flags & VRING_DESC_F_NEXT))
			return error;
		i = d.next;
		if (i >= size)
			return "an indirect table's next entry is out of range";
	}
}

static void clear(struct virtq_chain *chain)
{
	chain->out_num = 0;
	chain->in_num = 0;
	chain->out_len = 0;
	chain->in_len = 0;
	chain->writable_seen = false;
	chain->visited = 0;
}

const char *virtq_chain_walk(const struct virtq_chain_source *source, uint16_t head, struct virtq_chain *chain)
{
	unsigned int i = head;

	clear(chain);
	for (;;) {
		const char *error;
		struct desc d;

		if (i >= source->size)
			return "a descriptor's number is out of range";
		if (!may_visit(chain, source->size))
			return "a descriptor chain is endless";
		d = load_desc(&source->table[i]);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (!source->indirect)
				return "an indirect descriptor, which was not negotiated";
			if (d.flags & VRING_DESC_F_NEXT)
				return "an indirect descriptor has a successor";
			chain->visited = 0;
			return walk_indirect(source->mem, chain, &d);
		}
		error = add_buffer(source->mem, chain, &d);
		if (error || !(d.flags & VRING_DESC_F_NEXT))
			return error;
		i = d.next;
	}
}
