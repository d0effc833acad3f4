// SPDX-License-Identifier: MIT
/*
 * What a process that was given the pool can and cannot do to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/falloc.h>

#include "fake.h"
#include "tap.h"

#define PAGE 4096ul

static sigjmp_buf trap_point;
static volatile sig_atomic_t trap_signal;

static bool fails_with(long ret, int error)
{
	return ret == -1 && errno == error;
}

static void on_trap(int signal)
{
	trap_signal = signal;
	siglongjmp(trap_point, 1);
}

/* The signal that a one-byte write gives, 0 for none. */
static int signal_of_write(volatile uint8_t *p)
{
	trap_signal = 0;
	if (!sigsetjmp(trap_point, 1))
		*p = *p + 1;
	return trap_signal;
}

static void ring_pages(struct fake *f)
{
	size_t told = 6 * PAGE + f->create.bounce_size / 8;
	unsigned int i;
	int writes[6];
	uint8_t *second;

	/* 3 queues of 64: descriptors and available ring are one page, the used ring one more */
	for (i = 0; i < 6; i++)
		writes[i] = signal_of_write(f->pool + i * PAGE);
	check(writes[0] == SIGBUS && writes[2] == SIGBUS && writes[4] == SIGBUS,
		"a write to a descriptor table is SIGBUS");
	check(!writes[1] && !writes[3] && !writes[5], "the used rings can be written");
	/* Its first eighth is for what the driver tells, tables of descriptors among that. */
	check(signal_of_write(f->pool + 6 * PAGE) == SIGBUS && signal_of_write(f->pool + told - 1) == SIGBUS,
		"the part of the bounce area for small buffers to the device cannot");
	check(!signal_of_write(f->pool + told) && !signal_of_write(f->pool + f->create.pool_size - 1),
		"the rest of it can");
	check(signal_of_write(f->pool) == SIGBUS, "a second try is SIGBUS too");

	FAKE_NEED(!mprotect(f->pool, 4096, PROT_READ));
	FAKE_NEED(!mprotect(f->pool, 4096, PROT_READ | PROT_WRITE));
	check(signal_of_write(f->pool + 8) == SIGBUS, "mprotect there and back changes nothing");
	second = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, f->pool_fd, 0);
	check(second != MAP_FAILED && signal_of_write(second) == SIGBUS, "nor does a mapping of that page alone");
	second = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED | MAP_POPULATE, f->pool_fd, 0);
	check(second != MAP_FAILED && signal_of_write(second) == SIGBUS, "nor MAP_POPULATE");
	check(mmap(NULL, 4096, PROT_WRITE, MAP_PRIVATE, f->pool_fd, 0) == MAP_FAILED, "a private mapping is refused");
}

/* The kernel as the writer: get_user_pages() must come by the same check. */
static void kernel_writes(struct fake *f)
{
	int zero = open("/dev/zero", O_RDONLY), memory = open("/proc/self/mem", O_RDWR);
	uint8_t *last = f->pool + f->create.pool_size - 4096;
	char data[512] = "data";

	check(fails_with(read(zero, f->pool, 16), EFAULT), "read() into a descriptor table is EFAULT");
	check(pwrite(memory, data, 16, (uintptr_t)f->pool) == -1, "/proc/self/mem is refused there");
	check(pwrite(memory, data, 512, (uintptr_t)last) == 512 && !strcmp((char *)last, "data"),
		"but works on the bounce area");
	close(zero);
	close(memory);
}

static bool direct_io(struct fake *f)
{
	uint8_t *sector = f->pool + f->create.pool_size - 8192;
	char name[] = "/tmp/vlb-direct.XXXXXX";
	int fd = mkstemp(name), direct;
	bool good;

	FAKE_NEED(fd >= 0);
	memset(sector, 0x5a, 4096);
	FAKE_NEED(write(fd, sector, 4096) == 4096);
	memset(sector, 0, 4096);
	direct = open(name, O_RDONLY | O_DIRECT);
	good = direct < 0 ? errno == EINVAL : read(direct, sector, 4096) == 4096 && sector[9] == 0x5a;
	close(fd);
	close(direct);
	unlink(name);
	return good;
}

static void file_operations(struct fake *f)
{
	char path[64], byte = 1;
	struct stat st;
	int fd;

	check(!fstat(f->pool_fd, &st) && (uint64_t)st.st_size == f->create.pool_size, "fstat gives the size");
	check((uint64_t)lseek(f->pool_fd, 0, SEEK_END) == f->create.pool_size, "lseek finds the end");
	check(pwrite(f->pool_fd, &byte, 1, 0) == -1 && write(f->pool_fd, &byte, 1) == -1,
		"write and pwrite are refused");
	check(ftruncate(f->pool_fd, 4096) == -1 && ftruncate(f->pool_fd, st.st_size * 2) == -1,
		"ftruncate is refused both ways");
	check(fallocate(f->pool_fd, 0, 0, 4096) == -1 &&
			fallocate(f->pool_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == -1,
		"fallocate is refused");
	check(madvise(f->pool, 4096, MADV_REMOVE) == -1, "MADV_REMOVE is refused");
	check(ioctl(f->pool_fd, VLB_BREAK) == -1, "it has no ioctl");
	check(fails_with(fcntl(f->pool_fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM), "its seals are final");
	check(!msync(f->pool, f->create.pool_size, MS_SYNC), "msync is harmless");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->pool_fd);
	fd = open(path, O_RDWR);
	check(fd < 0, "a second open is refused");
	check(open(path, O_RDONLY) < 0 && open(path, O_RDWR | O_TRUNC) < 0, "in every mode");
	check(truncate(path, 0) == -1, "and so is truncate by name");
	check(direct_io(f), "O_DIRECT reads into the bounce area");
}

int main(void)
{
	struct vlb_create create = fake_template(FAKE_ID_NONE);
	struct sigaction action = { .sa_handler = on_trap };
	struct fake f;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	create.num_queues = 3;
	fake_create(&f, &create, 64);
	ring_pages(&f);
	kernel_writes(&f);
	file_operations(&f);

	/* The daemon may outlive the device. */
	close(f.fd);
	usleep(200000);
	check(!signal_of_write(f.pool + f.create.pool_size - 1), "the memory outlives the device");
	check(signal_of_write(f.pool) == SIGBUS, "with its protection");
	return tap_end();
}
