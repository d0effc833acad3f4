// SPDX-License-Identifier: MIT
#include "memory.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "guard.h"
#include "wire.h"

#ifndef FUSE_SUPER_MAGIC /* not in the uapi headers before 5.16 */
#define FUSE_SUPER_MAGIC 0x65735546
#endif

struct region {
	uint64_t guest;
	uint64_t user;
	uint64_t size;
	char *host; /* where the region's first byte is mapped */
	struct vhu_guard mapping; /* all that was mapped: page aligned, may be larger */
};

struct vhu_mem {
	unsigned int refs;
	unsigned int num; /* mapped so far */
	struct region regions[VHU_MAX_REGIONS];
};

static bool wraps(uint64_t start, uint64_t len)
{
	return len && start + (len - 1) < start;
}

/* Is [addr, addr + len) inside [start, start + size)? No sum here can overflow. */
static bool inside(uint64_t addr, uint64_t len, uint64_t start, uint64_t size)
{
	return addr >= start && addr - start <= size && len <= size - (addr - start);
}

static bool overlap(const struct vhu_mem_region *a, const struct vhu_mem_region *b)
{
	return a->guest_addr <= b->guest_addr + (b->size - 1) && b->guest_addr <= a->guest_addr + (a->size - 1);
}

static int check_table(const struct vhu_mem_table *table, unsigned int num_fds)
{
	uint32_t i, j;

	if (table->num_regions < 1 || table->num_regions > VHU_MAX_REGIONS || table->num_regions != num_fds)
		return -EINVAL;
	for (i = 0; i < table->num_regions; i++) {
		const struct vhu_mem_region *r = &table->regions[i];

		if (!r->size || wraps(r->guest_addr, r->size) || wraps(r->user_addr, r->size) ||
			wraps(r->mmap_offset, r->size))
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (overlap(r, &table->regions[j]))
				return -EINVAL;
	}
	return 0;
}

/*
 * Only regular files: their size can be checked. Not FUSE: whoever serves the file
 * system could let our page faults wait for ever. @unit: what mmap offsets and
 * lengths have to be multiples of.
 */
static int check_file(int fd, const struct vhu_mem_region *r, uint64_t *unit)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (unsigned long)fs.f_type == FUSE_SUPER_MAGIC)
		return -EINVAL;
	if (st.st_size < 0 || !inside(r->mmap_offset, r->size, 0, (uint64_t)st.st_size))
		return -EINVAL;
	*unit = (uint64_t)sysconf(_SC_PAGESIZE);
	if ((unsigned long)fs.f_type == HUGETLBFS_MAGIC && (uint64_t)fs.f_bsize > *unit)
		*unit = (uint64_t)fs.f_bsize;
	return 0;
}

static int map_region(struct region *region, const struct vhu_mem_region *r, int fd)
{
	uint64_t unit = 1, start, len;
	void *p;
	int err;

	err = check_file(fd, r, &unit);
	if (err < 0)
		return err;
	start = r->mmap_offset & ~(unit - 1);
	len = (r->mmap_offset + r->size - start + unit - 1) & ~(unit - 1);
	if (len > SIZE_MAX / 2 || len < r->size)
		return -ENOMEM;
	p = mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, (off_t)start);
	if (p == MAP_FAILED)
		return -errno;

	region->guest = r->guest_addr;
	region->user = r->user_addr;
	region->size = r->size;
	region->host = (char *)p + (r->mmap_offset - start);
	region->mapping.start = p;
	region->mapping.len = (size_t)len;
	vhu_guard_add(&region->mapping);
	return 0;
}

static int map_table(struct vhu_mem *mem, const struct vhu_mem_table *table, const int *fds)
{
	uint32_t i;
	int r;

	for (i = 0; i < table->num_regions; i++) {
		r = map_region(&mem->regions[i], &table->regions[i], fds[i]);
		if (r < 0)
			return r;
		mem->num++;
	}
	return 0;
}

int vhu_mem_new(const struct vhu_mem_table *table, int *fds, unsigned int num_fds, struct vhu_mem **mem)
{
	struct vhu_mem *new = NULL;
	unsigned int i;
	int r;

	*mem = NULL;
	r = check_table(table, num_fds);
	if (r == 0) {
		new = calloc(1, sizeof(*new));
		r = new ? 0 : -ENOMEM;
	}
	if (r == 0) {
		new->refs = 1;
		r = map_table(new, table, fds);
	}
	for (i = 0; i < num_fds; i++)
		close(fds[i]);
	if (r < 0)
		vhu_mem_unref(new);
	else
		*mem = new;
	return r;
}

struct vhu_mem *vhu_mem_ref(struct vhu_mem *mem)
{
	mem->refs++;
	return mem;
}

void vhu_mem_unref(struct vhu_mem *mem)
{
	unsigned int i;

	if (!mem || --mem->refs)
		return;
	for (i = 0; i < mem->num; i++) {
		vhu_guard_del(&mem->regions[i].mapping);
		munmap(mem->regions[i].mapping.start, mem->regions[i].mapping.len);
	}
	free(mem);
}

void *vhu_mem_guest(const struct vhu_mem *mem, uint64_t addr, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < mem->num; i++)
		if (inside(addr, len, mem->regions[i].guest, mem->regions[i].size))
			return mem->regions[i].host + (addr - mem->regions[i].guest);
	return NULL;
}

void *vhu_mem_user(const struct vhu_mem *mem, uint64_t addr, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < mem->num; i++)
		if (inside(addr, len, mem->regions[i].user, mem->regions[i].size))
			return mem->regions[i].host + (addr - mem->regions[i].user);
	return NULL;
}

static const struct region *find_guest(const struct vhu_mem *mem, uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < mem->num; i++)
		if (inside(addr, 1, mem->regions[i].guest, mem->regions[i].size))
			return &mem->regions[i];
	return NULL;
}

int vhu_mem_iov(const struct vhu_mem *mem, uint64_t addr, uint64_t len, struct iovec *iov, unsigned int max)
{
	unsigned int num = 0;

	if (wraps(addr, len))
		return -EFAULT;
	while (len) {
		const struct region *r = find_guest(mem, addr);
		uint64_t part;

		if (!r)
			return -EFAULT;
		if (num == max)
			return -E2BIG;
		part = r->size - (addr - r->guest);
		if (part > len)
			part = len;
		iov[num].iov_base = r->host + (addr - r->guest);
		iov[num].iov_len = (size_t)part;
		num++;
		addr += part;
		len -= part;
	}
	return (int)num;
}
