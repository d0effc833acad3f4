// SPDX-License-Identifier: MIT
/* A driver that breaks every rule: the queue says -EPROTO and touches nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring-fixture.h"

static struct fixture *start(void **state, uint64_t features)
{
	fixture_start(*state, 8, features, 0);
	return *state;
}

static void bad_setups(void **state)
{
	static const unsigned int sizes[] = { 0, 3, 6, VIRTQ_MAX_SIZE + 1, VIRTQ_MAX_SIZE * 2, 65535, 65536,
		UINT32_MAX };
	struct fixture *f = start(state, 0);
	struct virtq_setup s;
	size_t i;

	assert_int_equal(virtq_start(f->vq, f->mem, &f->setup), -EBUSY);
	virtq_stop(f->vq);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		s = f->setup;
		s.size = sizes[i];
		assert_int_equal(virtq_start(f->vq, f->mem, &s), -EINVAL);
	}
	s = f->setup;
	s.desc += 8;
	assert_int_equal(virtq_start(f->vq, f->mem, &s), -EINVAL);
	s = f->setup;
	s.avail += 1;
	assert_int_equal(virtq_start(f->vq, f->mem, &s), -EINVAL);
	s = f->setup;
	s.used += 2;
	assert_int_equal(virtq_start(f->vq, f->mem, &s), -EINVAL);
	assert_false(virtq_started(f->vq));
}

static void rings_outside(void **state)
{
	struct fixture *f = start(state, 0);
	const uint64_t end = USER + FILE_BYTES;
	struct virtq_setup s;

	virtq_stop(f->vq);
	s = f->setup;
	s.desc = end - 8ul * 16 + 16;
	assert_int_equal(virtq_start(f->vq, f->mem, &s), -EFAULT);
	s.desc = end - 8ul * 16;
	assert_int_equal(virtq_start(f->vq, f->mem, &s), 0);
	virtq_stop(f->vq);
	s.desc = GUEST; /* a guest address where a user address belongs */
	assert_int_equal(virtq_start(f->vq, f->mem, &s), -EFAULT);
	s.desc = UINT64_MAX - 15;
	assert_int_equal(virtq_start(f->vq, f->mem, &s), -EFAULT);
	s = f->setup;
	s.avail = end - 4 - 2ul * 8 + 2;
	assert_int_equal(virtq_start(f->vq, f->mem, &s), -EFAULT);
	s = f->setup;
	s.used = end - 4 - 8ul * 8;
	assert_int_equal(virtq_start(f->vq, f->mem, &s), 0);
	virtq_stop(f->vq);
	s.features = F_EVENT_IDX; /* two bytes more */
	assert_int_equal(virtq_start(f->vq, f->mem, &s), -EFAULT);
}

static void avail_index_jumps(void **state)
{
	struct fixture *f = start(state, 0);

	f->ring.avail->idx = 9;
	fixture_expect_broken(f);
}

static void avail_index_goes_back(void **state)
{
	struct fixture *f = start(state, 0);

	f->ring.avail->idx = UINT16_MAX;
	fixture_expect_broken(f);
}

static void head_out_of_range(void **state)
{
	struct fixture *f = start(state, 0);

	drv_make_avail(&f->ring, 8);
	fixture_expect_broken(f);
}

/* Who comes next is not to blame for it, even before the queue is started again. */
static void stopped_after_it_broke(void **state)
{
	struct fixture *f = start(state, 0);
	struct virtq_elem *elem;

	drv_make_avail(&f->ring, 8);
	fixture_expect_broken(f);
	virtq_stop(f->vq);
	assert_null(virtq_broken(f->vq));
	assert_int_equal(virtq_pop(f->vq, &elem), 0);
	assert_null(elem);
}

static void next_out_of_range(void **state)
{
	struct fixture *f = start(state, 0);

	drv_desc(&f->ring, 0, GUEST_BUFFER, 4, VRING_DESC_F_NEXT, 8);
	drv_make_avail(&f->ring, 0);
	fixture_expect_broken(f);
}

static void loop_of_descriptors(void **state)
{
	struct fixture *f = start(state, 0);

	drv_desc(&f->ring, 0, GUEST_BUFFER, 4, VRING_DESC_F_NEXT, 1);
	drv_desc(&f->ring, 1, GUEST_BUFFER, 0, VRING_DESC_F_NEXT, 0);
	drv_make_avail(&f->ring, 0);
	fixture_expect_broken(f);
}

static void same_head_twice(void **state)
{
	struct fixture *f = start(state, 0);

	drv_desc(&f->ring, 0, GUEST_BUFFER, 4, 0, 0);
	drv_make_avail(&f->ring, 0);
	drv_make_avail(&f->ring, 0);
	fixture_pop(f);
	fixture_expect_broken(f);
}

static void readable_after_writable(void **state)
{
	struct fixture *f = start(state, 0);

	drv_desc(&f->ring, 0, GUEST_BUFFER, 4, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	drv_desc(&f->ring, 1, GUEST_BUFFER, 4, 0, 0);
	drv_make_avail(&f->ring, 0);
	fixture_expect_broken(f);
}

struct range {
	uint64_t addr;
	uint32_t len;
};

static const struct range outside[] = {
	{ 0, 1 },
	{ GUEST - 1, 1 },
	{ GUEST - 1, 2 },
	{ GUEST + FILE_BYTES, 1 },
	{ GUEST + FILE_BYTES - 1, 2 },
	{ GUEST, FILE_BYTES + 1 },
	{ GUEST, UINT32_MAX },
	{ GUEST + FILE_BYTES - 1, UINT32_MAX },
	{ UINT64_MAX, 1 },
	{ UINT64_MAX, 2 },
	{ UINT64_MAX - 1, UINT32_MAX },
	{ USER, 16 },
};

static void buffers_outside(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		start(state, 0);
		drv_desc(&f->ring, 0, outside[i].addr, outside[i].len, 0, 0);
		drv_make_avail(&f->ring, 0);
		fixture_expect_broken(f);
		virtq_stop(f->vq);
	}
}

static void indirect_not_negotiated(void **state)
{
	struct fixture *f = start(state, 0);

	drv_desc(&f->ring, 0, GUEST_BUFFER, 16, VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(&f->ring, 0);
	fixture_expect_broken(f);
}

static void indirect_with_next(void **state)
{
	struct fixture *f = start(state, F_INDIRECT);

	drv_desc(&f->ring, 0, GUEST_BUFFER, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1);
	drv_make_avail(&f->ring, 0);
	fixture_expect_broken(f);
}

static void indirect_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 15, 17, 31, UINT32_MAX };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		start(state, F_INDIRECT);
		drv_desc(&f->ring, 0, GUEST_BUFFER, lengths[i], VRING_DESC_F_INDIRECT, 0);
		drv_make_avail(&f->ring, 0);
		fixture_expect_broken(f);
		virtq_stop(f->vq);
	}
}

static void indirect_tables_outside(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		start(state, F_INDIRECT);
		drv_desc(&f->ring, 0, outside[i].addr, 16, VRING_DESC_F_INDIRECT, 0);
		drv_make_avail(&f->ring, 0);
		if (outside[i].addr != GUEST)
			fixture_expect_broken(f);
		virtq_stop(f->vq);
	}
}

static void indirect_entry(void **state, uint64_t addr, struct vring_desc entry)
{
	struct fixture *f = start(state, F_INDIRECT);

	memcpy(f->bytes + BUFFERS + (addr - GUEST_BUFFER), &entry, sizeof(entry));
	drv_desc(&f->ring, 0, addr, 32, VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(&f->ring, 0);
	fixture_expect_broken(f);
	virtq_stop(f->vq);
}

static void indirect_contents(void **state)
{
	const uint64_t buf = GUEST_BUFFER + 0x100;

	/* inside another one */
	indirect_entry(state, GUEST_BUFFER, (struct vring_desc) { buf, 16, VRING_DESC_F_INDIRECT, 0 });
	/* its successor is outside the table, or itself */
	indirect_entry(state, GUEST_BUFFER, (struct vring_desc) { buf, 16, VRING_DESC_F_NEXT, 2 });
	indirect_entry(state, GUEST_BUFFER, (struct vring_desc) { buf, 0, VRING_DESC_F_NEXT, 0 });
	indirect_entry(state, GUEST_BUFFER, (struct vring_desc) { buf, 1, VRING_DESC_F_NEXT, 0 });
	/* its buffer is outside */
	indirect_entry(state, GUEST_BUFFER, (struct vring_desc) { GUEST - 1, 1, 0, 0 });
	/* it is not where a descriptor can be */
	indirect_entry(state, GUEST_BUFFER + 4, (struct vring_desc) { buf, 1, 0, 0 });
}

/* The table begins inside the memory and its second entry lies behind the end. */
static void indirect_table_leaves_the_memory(void **state)
{
	struct fixture *f = start(state, F_INDIRECT);
	struct vring_desc *last = (void *)(f->bytes + FILE_BYTES - 16);

	*last = (struct vring_desc) { GUEST_BUFFER, 1, VRING_DESC_F_NEXT, 1 };
	drv_desc(&f->ring, 0, GUEST + FILE_BYTES - 16, 32, VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(&f->ring, 0);
	fixture_expect_broken(f);
}

static void more_than_4_gib(void **state)
{
	struct fixture *f = start(state, F_INDIRECT);
	struct vring_desc *table = (void *)(f->bytes + BUFFERS);
	unsigned int i, num = VIRTQ_MAX_SEGMENTS;

	/* 1024 buffers of this size make 256 MiB: far below the limit, and legal */
	for (i = 0; i < num; i++)
		table[i] = (struct vring_desc) { GUEST, FILE_BYTES, VRING_DESC_F_NEXT, (uint16_t)(i + 1) };
	table[num - 1].flags = 0;
	drv_desc(&f->ring, 0, GUEST_BUFFER, num * 16, VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(&f->ring, 0);
	assert_true(fixture_pop(f)->out_len == (size_t)num * FILE_BYTES);
	/* and one more than the limit on buffers */
	virtq_stop(f->vq);
	start(state, F_INDIRECT);
	table[num - 1].flags = VRING_DESC_F_NEXT;
	table[num] = (struct vring_desc) { GUEST, 1, 0, 0 };
	drv_desc(&f->ring, 0, GUEST_BUFFER, (num + 1) * 16, VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(&f->ring, 0);
	fixture_expect_broken(f);
}

static void broken_queue_writes_nothing(void **state)
{
	struct fixture *f = start(state, 0);
	struct virtq_elem *elem;

	drv_desc(&f->ring, 0, GUEST_BUFFER, 4, 0, 0);
	drv_make_avail(&f->ring, 0);
	elem = fixture_pop(f);
	drv_make_avail(&f->ring, 100);
	fixture_expect_broken(f);
	virtq_push(f->vq, elem, 4);
	virtq_notify(f->vq);
	assert_int_equal(f->ring.used->idx, 0);
	assert_int_equal(fixture_calls(f), 0);
	/* a new start is a new chance */
	virtq_stop(f->vq);
	start(state, 0);
	assert_null(virtq_broken(f->vq));
	assert_true(virtq_empty(f->vq));
}

static void push_of_a_stopped_queue(void **state)
{
	struct fixture *f = start(state, 0);
	struct virtq_elem *elem;

	drv_desc(&f->ring, 0, GUEST_BUFFER, 4, 0, 0);
	drv_make_avail(&f->ring, 0);
	elem = fixture_pop(f);
	virtq_push(f->vq, elem, 0);
	virtq_push(f->vq, elem, 0); /* twice: a device's bug, but no second entry */
	assert_int_equal(f->ring.used->idx, 1);
}

static void remap_without_the_ring(void **state)
{
	struct fixture *f = start(state, 0);
	struct virtq_elem *elem;
	struct vhu_mem *mem;
	uint64_t old = f->setup.desc;

	virtq_stop(f->vq);
	/* a ring at the very end fits the old table only */
	f->setup.desc = USER + FILE_BYTES - 8ul * 16;
	assert_int_equal(virtq_start(f->vq, f->mem, &f->setup), 0);
	mem = fixture_map_part(f, FILE_BYTES / 2);
	assert_int_equal(virtq_remap(f->vq, mem), -EFAULT);
	assert_non_null(virtq_broken(f->vq));
	assert_int_equal(virtq_pop(f->vq, &elem), -EPROTO);
	vhu_mem_unref(mem);
	f->setup.desc = old;
}

/* Anything at all in the ring: no crash, and never an element that reaches outside. */
static void random_rings(void **state)
{
	struct fixture *f = *state;
	unsigned int round, i;
	char *lo, *hi;

	srandom(20240229);
	lo = vhu_mem_guest(f->mem, GUEST, FILE_BYTES);
	hi = lo + FILE_BYTES;
	for (round = 0; round < 20000; round++) {
		struct virtq_elem *elem;
		unsigned int n, k;

		start(state, random() % 2 ? F_INDIRECT | F_EVENT_IDX : 0);
		for (i = 0; i < 8; i++)
			drv_desc(&f->ring, (uint16_t)i, GUEST + (uint64_t)(random() % (FILE_BYTES + 32)) / 8 * 8,
				(uint32_t)(random() % 256) * (random() % 4 ? 16 : 15), (uint16_t)(random() % 8),
				(uint16_t)(random() % 9));
		for (i = 0; i < FILE_BYTES / 2; i += 4096)
			*(uint32_t *)(f->bytes + BUFFERS + i) = (uint32_t)random();
		f->ring.avail->idx = (uint16_t)(random() % 10);
		for (i = 0; i < 8; i++)
			f->ring.avail->ring[i] = (uint16_t)(random() % 9);
		for (n = 0; n < 20 && virtq_pop(f->vq, &elem) == 1; n++) {
			for (k = 0; k < elem->out_num; k++)
				assert_true((char *)elem->out[k].iov_base >= lo &&
					(char *)elem->out[k].iov_base + elem->out[k].iov_len <= hi);
			for (k = 0; k < elem->in_num; k++)
				assert_true((char *)elem->in[k].iov_base >= lo &&
					(char *)elem->in[k].iov_base + elem->in[k].iov_len <= hi);
			if (random() % 2)
				virtq_push(f->vq, elem, 1);
		}
		virtq_notify(f->vq);
		virtq_stop(f->vq);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_new, fixture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_setups),
		TEST(rings_outside),
		TEST(avail_index_jumps),
		TEST(avail_index_goes_back),
		TEST(head_out_of_range),
		TEST(stopped_after_it_broke),
		TEST(next_out_of_range),
		TEST(loop_of_descriptors),
		TEST(same_head_twice),
		TEST(readable_after_writable),
		TEST(buffers_outside),
		TEST(indirect_not_negotiated),
		TEST(indirect_with_next),
		TEST(indirect_lengths),
		TEST(indirect_tables_outside),
		TEST(indirect_contents),
		TEST(indirect_table_leaves_the_memory),
		TEST(more_than_4_gib),
		TEST(broken_queue_writes_nothing),
		TEST(push_of_a_stopped_queue),
		TEST(remap_without_the_ring),
		TEST(random_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
