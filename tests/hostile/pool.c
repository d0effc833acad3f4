// SPDX-License-Identifier: MIT
#include "tests/hostile/pool.h"

#include <endian.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"

#define PAGE 4096UL

/* A handler finds its way back only through something global. */
static __thread sigjmp_buf way_back;
static __thread volatile sig_atomic_t guarded;

static void on_fault(int signal)
{
	if (guarded)
		siglongjmp(way_back, 1);
	/* Our own bug: die of it. */
	sigaction(signal, &(struct sigaction) { .sa_handler = SIG_DFL }, NULL);
}

bool pool_poke(volatile uint8_t *at, uint8_t value)
{
	const struct sigaction action = { .sa_handler = on_fault };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(way_back, 1)) {
		guarded = 0;
		return false;
	}
	guarded = 1;
	*at = value;
	guarded = 0;
	return true;
}

static void note(struct refusals *count, const char *what, bool went_through)
{
	count->refused += !went_through;
	count->through += went_through;
	if (went_through)
		vhu_err("%s went through", what);
}

static void store(struct refusals *count, const char *what, void *at)
{
	/* The same value: this must fault, and if it does not it shall not break what is measured next. */
	bool went_through = pool_poke(at, *(volatile uint8_t *)at);

	note(count, what, went_through);
	count->faults += !went_through;
}

/* Of any descriptor that has ever been used: the memory is what counts. */
static void attack_tables(const struct peer *p, const struct ring *r, struct refusals *count)
{
	for (unsigned int i = 0; i < r->num; i++) {
		const struct vring_desc *desc = &r->desc[i];
		void *table = memory_guest(&p->mem, le64toh(desc->addr), sizeof(*desc));

		if (desc->flags & htole16(VRING_DESC_F_INDIRECT) && table)
			store(count, "a store into an indirect table", table);
	}
}

static void attack_stores(const struct peer *p, struct refusals *count)
{
	unsigned int i;

	for (i = 0; i < p->model->num_queues; i++) {
		const struct ring *r = &p->rings[i];
		uint8_t *page;

		if (!ring_usable(r))
			continue;
		page = (uint8_t *)r->desc - ((uintptr_t)r->desc & (PAGE - 1));
		store(count, "a store into a descriptor table", r->desc);
		store(count, "a store into an available ring", r->avail);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
		store(count, "a store after mprotect()", r->desc);
		note(count, "read() into a descriptor table", read(p->mem.fd, r->desc, 16) >= 0);
		note(count, "a system call's result in an available ring", !pipe((int *)r->avail));
		attack_tables(p, r, count);
	}
}

static void attack_size(int fd, struct refusals *count)
{
	note(count, "ftruncate() to nothing", !ftruncate(fd, 0));
	note(count, "ftruncate() to more", !ftruncate(fd, 1L << 34));
	note(count, "a hole", !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
	note(count, "zeroes", !fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, PAGE));
	note(count, "a new seal", !fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	note(count, "write()", pwrite(fd, "x", 1, 0) > 0);
}

static void attack_reopen(const struct peer *p, struct refusals *count)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->mem.fd);
	fd = open(path, O_RDWR);
	note(count, "a second open", fd >= 0);
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p->mem.at,
		(unsigned long)p->mem.at + p->mem.size);
	fd = open(path, O_RDWR);
	note(count, "an open of the mapping", fd >= 0);
	if (fd >= 0)
		close(fd);
}

static void attack_mappings(const struct peer *p, struct refusals *count)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, p->mem.fd, 0);

	note(count, "a private mapping", at != MAP_FAILED);
	if (at != MAP_FAILED)
		munmap(at, PAGE);
	note(count, "MADV_REMOVE", !madvise(p->mem.at, PAGE, MADV_REMOVE));
	/* Beyond its end a mapping may exist, but nothing may be there. */
	at = mmap(NULL, p->mem.size + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, p->mem.fd, 0);
	if (at == MAP_FAILED)
		return;
	note(count, "a store beyond the end", pool_poke((uint8_t *)at + p->mem.size, 1));
	munmap(at, p->mem.size + PAGE);
}

void pool_attack(const struct peer *p, struct refusals *count)
{
	if (!p->mem.at)
		return;
	attack_stores(p, count);
	attack_size(p->mem.fd, count);
	attack_reopen(p, count);
	attack_mappings(p, count);
}
