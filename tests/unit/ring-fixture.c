// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring-fixture.h"
#include "wire.h"

struct vhu_mem *fixture_map_part(struct fixture *f, size_t bytes)
{
	struct vhu_mem_table table = {
		.num_regions = 1,
		.regions = { { .guest_addr = GUEST, .size = bytes, .user_addr = USER } },
	};
	int fd = dup(f->file);
	struct vhu_mem *mem;

	assert_int_equal(vhu_mem_new(&table, &fd, 1, &mem), 0);
	return mem;
}

struct vhu_mem *fixture_map(struct fixture *f)
{
	return fixture_map_part(f, FILE_BYTES);
}

int fixture_new(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->file = memfd_create("ring", MFD_CLOEXEC);
	assert_int_equal(ftruncate(f->file, FILE_BYTES), 0);
	f->bytes = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, f->file, 0);
	assert_ptr_not_equal(f->bytes, MAP_FAILED);
	f->mem = fixture_map(f);
	assert_int_equal(virtq_new(3, &f->vq), 0);
	f->call = eventfd(0, EFD_NONBLOCK);
	virtq_set_call(f->vq, dup(f->call));
	*state = f;
	return 0;
}

int fixture_free(void **state)
{
	struct fixture *f = *state;

	virtq_free(f->vq);
	vhu_mem_unref(f->mem);
	munmap(f->bytes, FILE_BYTES);
	close(f->file);
	close(f->call);
	free(f);
	return 0;
}

void fixture_start(struct fixture *f, unsigned int size, uint64_t features, uint16_t index)
{
	drv_init(&f->ring, size, f->bytes, features & F_EVENT_IDX);
	drv_set_index(&f->ring, index);
	f->setup = (struct virtq_setup) {
		.size = size,
		.desc = USER,
		.avail = USER + drv_avail_offset(size),
		.used = USER + drv_used_offset(size),
		.base = index,
		.features = features,
	};
	assert_int_equal(virtq_start(f->vq, f->mem, &f->setup), 0);
}

unsigned int fixture_calls(struct fixture *f)
{
	uint64_t count = 0;

	return read(f->call, &count, sizeof(count)) == sizeof(count) ? (unsigned int)count : 0;
}

struct virtq_elem *fixture_pop(struct fixture *f)
{
	struct virtq_elem *elem;

	assert_int_equal(virtq_pop(f->vq, &elem), 1);
	assert_non_null(elem);
	return elem;
}

void fixture_expect_broken(struct fixture *f)
{
	struct virtq_elem *elem;

	assert_null(virtq_broken(f->vq));
	assert_int_equal(virtq_pop(f->vq, &elem), -EPROTO);
	assert_null(elem);
	assert_non_null(virtq_broken(f->vq));
	assert_int_equal(virtq_pop(f->vq, &elem), -EPROTO);
	assert_true(virtq_empty(f->vq));
}

void fixture_post(struct fixture *f, uint16_t i, uint16_t flags)
{
	drv_desc(&f->ring, i, GUEST_BUFFER + i * 64ul, 64, flags, 0);
	drv_make_avail(&f->ring, i);
}
