// SPDX-License-Identifier: MIT
#include "tests/hostile/rings.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int memory_map(struct memory *mem, const struct vhu_mem_region *region, int fd)
{
	void *at = mmap(NULL, region->size + region->mmap_offset, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	memory_unmap(mem);
	if (at == MAP_FAILED) {
		close(fd);
		return -errno;
	}
	*mem = (struct memory) {
		.fd = fd,
		.at = at,
		.size = region->size,
		.guest_addr = region->guest_addr,
		.user_addr = region->user_addr,
	};
	return 0;
}

void memory_unmap(struct memory *mem)
{
	if (!mem->at)
		return;
	munmap(mem->at, mem->size);
	close(mem->fd);
	mem->at = NULL;
}

static void *memory_find(const struct memory *mem, uint64_t base, uint64_t addr, uint64_t len)
{
	if (!mem->at || addr < base || addr - base > mem->size || len > mem->size - (addr - base))
		return NULL;
	return mem->at + (addr - base);
}

void *memory_guest(const struct memory *mem, uint64_t addr, uint64_t len)
{
	return memory_find(mem, mem->guest_addr, addr, len);
}

void *memory_user(const struct memory *mem, uint64_t addr, uint64_t len)
{
	return memory_find(mem, mem->user_addr, addr, len);
}

void ring_forget(struct ring *r)
{
	if (r->kick >= 0)
		close(r->kick);
	if (r->call >= 0)
		close(r->call);
	*r = (struct ring) { .kick = -1, .call = -1 };
}

bool ring_usable(const struct ring *r)
{
	return r->enabled && r->num && r->desc && r->avail && r->used;
}

int ring_take(struct ring *r)
{
	uint16_t avail = le16toh(__atomic_load_n(&r->avail->idx, __ATOMIC_ACQUIRE));

	if (avail == r->taken)
		return -1;
	return le16toh(r->avail->ring[r->taken++ & (r->num - 1)]);
}

static void chain_add(struct chain *chain, const struct memory *mem, const struct vring_desc *desc)
{
	uint32_t len = le32toh(desc->len);
	void *at = memory_guest(mem, le64toh(desc->addr), len);

	if (!at)
		return;
	if (le16toh(desc->flags) & VRING_DESC_F_WRITE && chain->num_in < CHAIN_PARTS) {
		chain->in[chain->num_in++] = (struct iovec) { at, len };
		chain->in_len += len;
	} else if (!(le16toh(desc->flags) & VRING_DESC_F_WRITE) && chain->num_out < CHAIN_PARTS) {
		chain->out[chain->num_out++] = (struct iovec) { at, len };
		chain->out_len += len;
	}
}

/* Indirect tables are in memory that we may have scribbled over ourselves. */
static void chain_add_table(struct chain *chain, const struct memory *mem, const struct vring_desc *desc)
{
	unsigned int n, num = le32toh(desc->len) / sizeof(*desc);
	const struct vring_desc *table = memory_guest(mem, le64toh(desc->addr), num * sizeof(*desc));

	for (n = 0; table && n < num && n < 2 * CHAIN_PARTS; n++)
		chain_add(chain, mem, &table[n]);
}

void ring_read(const struct ring *r, const struct memory *mem, uint16_t head, struct chain *chain)
{
	unsigned int steps, index = head;

	memset(chain, 0, offsetof(struct chain, out));
	chain->num_out = chain->num_in = 0;
	chain->out_len = chain->in_len = 0;
	chain->head = head;
	for (steps = 0; steps < r->num && index < r->num; steps++) {
		const struct vring_desc *desc = &r->desc[index];

		if (le16toh(desc->flags) & VRING_DESC_F_INDIRECT)
			chain_add_table(chain, mem, desc);
		else
			chain_add(chain, mem, desc);
		if (!(le16toh(desc->flags) & VRING_DESC_F_NEXT))
			break;
		index = le16toh(desc->next);
	}
}

void ring_give(struct ring *r, uint32_t head, uint32_t len)
{
	r->used->ring[r->used_idx & (r->num - 1)] = (struct vring_used_elem) { htole32(head), htole32(len) };
	__atomic_store_n(&r->used->idx, htole16(++r->used_idx), __ATOMIC_RELEASE);
}

void ring_call(const struct ring *r)
{
	uint64_t one = 1;
	ssize_t n = r->call >= 0 ? write(r->call, &one, sizeof(one)) : 0;

	(void)n; /* a full counter is as good */
}

static size_t iov_copy(const struct iovec *iov, unsigned int num, size_t offset, void *flat, size_t len, bool write)
{
	size_t done = 0;
	unsigned int i;

	for (i = 0; i < num && done < len; i++) {
		size_t n;

		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		n = iov[i].iov_len - offset < len - done ? iov[i].iov_len - offset : len - done;
		if (write)
			memcpy((uint8_t *)iov[i].iov_base + offset, (uint8_t *)flat + done, n);
		else
			memcpy((uint8_t *)flat + done, (uint8_t *)iov[i].iov_base + offset, n);
		done += n;
		offset = 0;
	}
	return done;
}

size_t chain_read(const struct chain *chain, size_t offset, void *to, size_t len)
{
	return iov_copy(chain->out, chain->num_out, offset, to, len, false);
}

size_t chain_write(const struct chain *chain, size_t offset, const void *from, size_t len)
{
	return iov_copy(chain->in, chain->num_in, offset, (void *)from, len, true);
}
