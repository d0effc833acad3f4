/* SPDX-License-Identifier: MIT */
/*
 * The memory that a front-end shares (VHOST_USER_SET_MEM_TABLE), mapped and
 * looked up by its addresses. This is the one place where an address from the
 * other side becomes a pointer.
 *
 * A table never changes: a new message makes a new table, and whoever still
 * uses pointers of the old one holds a reference to it.
 */
#ifndef VHU_MEMORY_H
#define VHU_MEMORY_H

#include <stdint.h>
#include <stddef.h>
#include <sys/uio.h>

struct vhu_mem;
struct vhu_mem_table;

/**
 * vhu_mem_new - map the regions of a memory table
 * @table: as received; every field is checked here
 * @fds: one descriptor a region, consumed (closed) in any case
 * @num_fds: must equal the number of regions
 * @mem: the new table with one reference
 *
 * Returns 0, -EINVAL (wrong counts, empty, wrapping or overlapping regions, or a
 * region that reaches past the end of its file), -ENOMEM, or what mmap() said.
 */
int vhu_mem_new(const struct vhu_mem_table *table, int *fds, unsigned int num_fds, struct vhu_mem **mem);
struct vhu_mem *vhu_mem_ref(struct vhu_mem *mem);
void vhu_mem_unref(struct vhu_mem *mem); /* NULL is fine; unmaps with the last reference */

/* The address of @len bytes at a guest physical address, NULL unless all lie in one region. */
void *vhu_mem_guest(const struct vhu_mem *mem, uint64_t addr, uint64_t len);
/* The same for front-end user addresses, which only VHOST_USER_SET_VRING_ADDR carries. */
void *vhu_mem_user(const struct vhu_mem *mem, uint64_t addr, uint64_t len);

/**
 * vhu_mem_iov - the same for a range that may span adjoining regions
 *
 * Returns how many entries of @iov were filled (at most @max), -EFAULT when a byte
 * lies outside the table, -E2BIG when @max do not do.
 */
int vhu_mem_iov(const struct vhu_mem *mem, uint64_t addr, uint64_t len, struct iovec *iov, unsigned int max);

#endif /* VHU_MEMORY_H */
