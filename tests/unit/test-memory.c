// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "memory.h"
#include "wire.h"

#define PAGE  4096ul
#define GUEST UINT64_C(0x100000000)
#define USER  UINT64_C(0x7f0000000000)

static int make_file(size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static struct vhu_mem_table one_region(uint64_t size, uint64_t offset)
{
	return (struct vhu_mem_table) {
		.num_regions = 1,
		.regions = { { .guest_addr = GUEST, .size = size, .user_addr = USER, .mmap_offset = offset } },
	};
}

static int try_fd(const struct vhu_mem_table *table, int fd)
{
	struct vhu_mem *mem;
	int r = vhu_mem_new(table, &fd, 1, &mem);

	assert_int_equal(fcntl(fd, F_GETFD), -1); /* consumed in any case */
	if (r == 0)
		vhu_mem_unref(mem);
	else
		assert_null(mem);
	return r;
}

static void lookups_at_the_borders(void **state)
{
	struct vhu_mem_table table = one_region(2 * PAGE, 0);
	int fd = make_file(2 * PAGE), keep = dup(fd);
	struct vhu_mem *mem;
	char *p, byte;

	assert_int_equal(vhu_mem_new(&table, &fd, 1, &mem), 0);
	p = vhu_mem_guest(mem, GUEST, 2 * PAGE);
	assert_non_null(p);
	assert_ptr_equal(vhu_mem_guest(mem, GUEST + 1, 2 * PAGE - 1), p + 1);
	assert_ptr_equal(vhu_mem_guest(mem, GUEST + 2 * PAGE - 1, 1), p + 2 * PAGE - 1);
	assert_ptr_equal(vhu_mem_user(mem, USER + 5, 3), p + 5);
	assert_null(vhu_mem_guest(mem, GUEST, 2 * PAGE + 1));
	assert_null(vhu_mem_guest(mem, GUEST - 1, 2));
	assert_null(vhu_mem_guest(mem, GUEST + 2 * PAGE, 1));
	assert_null(vhu_mem_guest(mem, GUEST + 2 * PAGE - 1, 2));
	assert_null(vhu_mem_guest(mem, GUEST + 1, UINT64_MAX));
	assert_null(vhu_mem_guest(mem, UINT64_MAX, 2));
	assert_null(vhu_mem_guest(mem, USER, 1)); /* the two spaces do not mix */
	assert_null(vhu_mem_user(mem, GUEST, 1));

	/* and it is the file that we see */
	p[PAGE] = 'x';
	assert_int_equal(pread(keep, &byte, 1, PAGE), 1);
	assert_int_equal(byte, 'x');
	close(keep);
	vhu_mem_unref(mem);
}

static void offset_inside_a_page(void **state)
{
	struct vhu_mem_table table = one_region(PAGE, PAGE + 8);
	int fd = make_file(3 * PAGE), keep = dup(fd);
	struct vhu_mem *mem;

	assert_int_equal(pwrite(keep, "here", 4, PAGE + 8), 4);
	assert_int_equal(vhu_mem_new(&table, &fd, 1, &mem), 0);
	assert_memory_equal(vhu_mem_guest(mem, GUEST, 4), "here", 4);
	close(keep);
	vhu_mem_unref(mem);
}

static void bad_numbers(void **state)
{
	struct vhu_mem_table table = one_region(PAGE, 0);

	assert_int_equal(try_fd(&table, make_file(PAGE)), 0);
	table.regions[0].size = 0;
	assert_int_equal(try_fd(&table, make_file(PAGE)), -EINVAL);
	table = one_region(PAGE + 1, 0);
	assert_int_equal(try_fd(&table, make_file(PAGE)), -EINVAL); /* past the end of the file */
	table = one_region(PAGE, 1);
	assert_int_equal(try_fd(&table, make_file(PAGE)), -EINVAL);
	table = one_region(PAGE, UINT64_MAX - 10);
	assert_int_equal(try_fd(&table, make_file(PAGE)), -EINVAL);
	table = one_region(UINT64_MAX, 0);
	assert_int_equal(try_fd(&table, make_file(PAGE)), -EINVAL);
	table = one_region(PAGE, 0);
	table.regions[0].guest_addr = UINT64_MAX - PAGE + 2;
	assert_int_equal(try_fd(&table, make_file(PAGE)), -EINVAL);
	table.regions[0].guest_addr = UINT64_MAX - PAGE + 1; /* up to the very last byte is allowed */
	assert_int_equal(try_fd(&table, make_file(PAGE)), 0);
	table.regions[0].user_addr = UINT64_MAX - 1;
	assert_int_equal(try_fd(&table, make_file(PAGE)), -EINVAL);
}

static void bad_counts(void **state)
{
	static const uint32_t counts[] = { 0, 2, VHU_MAX_REGIONS + 1, UINT32_MAX };
	size_t i;

	for (i = 0; i < 4; i++) {
		struct vhu_mem_table table = one_region(PAGE, 0);

		table.num_regions = counts[i];
		assert_int_equal(try_fd(&table, make_file(PAGE)), -EINVAL);
	}
}

static void bad_files(void **state)
{
	struct vhu_mem_table table = one_region(PAGE, 0);
	int pipe_fds[2], sealed = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(try_fd(&table, pipe_fds[0]), -EINVAL);
	close(pipe_fds[1]);
	assert_int_equal(try_fd(&table, open("/dev/zero", O_RDWR)), -EINVAL);
	assert_int_equal(try_fd(&table, eventfd(0, 0)), -EINVAL);
	assert_true(try_fd(&table, open("/proc/self/exe", O_RDONLY)) < 0);

	assert_int_equal(ftruncate(sealed, PAGE), 0);
	assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_true(try_fd(&table, sealed) < 0);
}

static void overlapping_regions(void **state)
{
	struct vhu_mem_table table = {
		.num_regions = 2,
		.regions = { { GUEST, 2 * PAGE, USER, 0 }, { GUEST + PAGE, PAGE, USER + 0x100000, 0 } },
	};
	int fds[2] = { make_file(2 * PAGE), make_file(2 * PAGE) };
	struct vhu_mem *mem;

	assert_int_equal(vhu_mem_new(&table, fds, 2, &mem), -EINVAL);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	table.regions[1].guest_addr = GUEST - 1;
	fds[0] = make_file(2 * PAGE);
	fds[1] = make_file(2 * PAGE);
	assert_int_equal(vhu_mem_new(&table, fds, 2, &mem), -EINVAL);
}

static void second_region_fails(void **state)
{
	struct vhu_mem_table table = {
		.num_regions = 2,
		.regions = { { GUEST, PAGE, USER, 0 }, { GUEST + PAGE, 2 * PAGE, USER + 0x100000, 0 } },
	};
	int fds[2] = { make_file(PAGE), make_file(PAGE) };
	struct vhu_mem *mem;

	assert_int_equal(vhu_mem_new(&table, fds, 2, &mem), -EINVAL);
	assert_null(mem);
}

/* Two files that adjoin in the guest, and a third one behind a hole. */
static void ranges_across_regions(void **state)
{
	struct vhu_mem_table table = {
		.num_regions = 3,
		.regions = { { GUEST + PAGE, PAGE, USER, 0 }, { GUEST, PAGE, USER + 0x100000, 0 },
			{ GUEST + 3 * PAGE, PAGE, USER + 0x200000, 0 } },
	};
	int fds[3] = { make_file(PAGE), make_file(PAGE), make_file(PAGE) };
	struct vhu_mem *mem;
	struct iovec iov[2];

	assert_int_equal(vhu_mem_new(&table, fds, 3, &mem), 0);
	assert_int_equal(vhu_mem_iov(mem, GUEST + 10, 2 * PAGE - 10, iov, 2), 2);
	assert_ptr_equal(iov[0].iov_base, vhu_mem_guest(mem, GUEST + 10, 1));
	assert_int_equal(iov[0].iov_len, PAGE - 10);
	assert_ptr_equal(iov[1].iov_base, vhu_mem_guest(mem, GUEST + PAGE, 1));
	assert_int_equal(iov[1].iov_len, PAGE);
	assert_int_equal(vhu_mem_iov(mem, GUEST + 10, PAGE, iov, 1), -E2BIG);
	assert_int_equal(vhu_mem_iov(mem, GUEST, PAGE, iov, 1), 1);
	assert_int_equal(vhu_mem_iov(mem, GUEST, PAGE, iov, 0), -E2BIG);
	assert_int_equal(vhu_mem_iov(mem, GUEST + PAGE, PAGE + 1, iov, 2), -EFAULT);
	assert_int_equal(vhu_mem_iov(mem, GUEST + 4 * PAGE, 1, iov, 2), -EFAULT);
	assert_int_equal(vhu_mem_iov(mem, UINT64_MAX, 2, iov, 2), -EFAULT);
	assert_int_equal(vhu_mem_iov(mem, 12345, 0, iov, 2), 0); /* nothing is nowhere */
	assert_null(vhu_mem_guest(mem, GUEST + PAGE - 1, 2));
	vhu_mem_unref(mem);
}

static void references(void **state)
{
	struct vhu_mem_table table = one_region(PAGE, 0);
	int fd = make_file(PAGE);
	struct vhu_mem *mem;
	char *p;

	assert_int_equal(vhu_mem_new(&table, &fd, 1, &mem), 0);
	p = vhu_mem_guest(mem, GUEST, 1);
	assert_ptr_equal(vhu_mem_ref(mem), mem);
	vhu_mem_unref(mem);
	*p = 1; /* still mapped */
	vhu_mem_unref(mem);
	vhu_mem_unref(NULL);
}

static void truncated_behind_our_back(void **state)
{
	struct vhu_mem_table table = one_region(4 * PAGE, 0);
	int fd = make_file(4 * PAGE), keep = dup(fd), wake = eventfd(0, EFD_NONBLOCK);
	struct vhu_mem *mem;
	volatile char *p;
	uint64_t count;

	assert_int_equal(vhu_guard_install(wake), 0);
	assert_int_equal(vhu_mem_new(&table, &fd, 1, &mem), 0);
	p = vhu_mem_guest(mem, GUEST, 4 * PAGE);
	p[0] = 'x';
	p[3 * PAGE] = 'y';
	assert_int_equal(ftruncate(keep, PAGE), 0);
	assert_int_equal(p[3 * PAGE], 0); /* the test would die here */
	p[2 * PAGE] = 'z';
	assert_int_equal(p[2 * PAGE], 'z');
	assert_int_equal(read(wake, &count, sizeof(count)), sizeof(count));
	assert_true(count == 1); /* one fault a region, not one a page */
	vhu_mem_unref(mem);
	close(keep);
	close(wake);
	signal(SIGBUS, SIG_DFL);
}

/* A fault elsewhere is a bug of ours and must not be papered over. */
static void other_faults_kill(void **state)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = make_file(PAGE);
		volatile char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

		signal(SIGBUS, SIG_DFL); /* the test runner has its own idea */
		if (p == MAP_FAILED || ftruncate(fd, 0) < 0 || vhu_guard_install(-1) < 0)
			_exit(0);
		_exit(p[0]); /* reads 0 if somebody put a page there */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups_at_the_borders),
		cmocka_unit_test(offset_inside_a_page),
		cmocka_unit_test(bad_numbers),
		cmocka_unit_test(bad_counts),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(overlapping_regions),
		cmocka_unit_test(second_region_fails),
		cmocka_unit_test(ranges_across_regions),
		cmocka_unit_test(references),
		cmocka_unit_test(truncated_behind_our_back),
		cmocka_unit_test(other_faults_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
