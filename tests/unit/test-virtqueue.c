// SPDX-License-Identifier: MIT
/* A polite driver: elements, indices, life of a queue. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ring-fixture.h"

static void empty_ring(void **state)
{
	struct fixture *f = *state;
	struct virtq_elem *elem;

	assert_int_equal(virtq_index(f->vq), 3);
	assert_int_equal(virtq_size(f->vq), 0);
	assert_false(virtq_started(f->vq));
	assert_int_equal(virtq_pop(f->vq, &elem), 0);
	assert_true(virtq_empty(f->vq));
	fixture_start(f, 8, 0, 0);
	assert_true(virtq_started(f->vq));
	assert_int_equal(virtq_size(f->vq), 8);
	assert_int_equal(virtq_pop(f->vq, &elem), 0);
	assert_null(elem);
	assert_true(virtq_empty(f->vq));
}

static void one_direct_buffer(void **state)
{
	struct fixture *f = *state;
	struct vring_used_elem used;
	struct virtq_elem *elem;

	fixture_start(f, 8, 0, 0);
	fixture_post(f, 5, VRING_DESC_F_WRITE);
	assert_false(virtq_empty(f->vq));
	elem = fixture_pop(f);
	assert_int_equal(elem->index, 5);
	assert_int_equal(elem->out_num, 0);
	assert_int_equal(elem->out_len, 0);
	assert_int_equal(elem->in_num, 1);
	assert_int_equal(elem->in_len, 64);
	assert_int_equal(virtq_iov_write(elem->in, elem->in_num, 0, "hello", 5), 5);
	assert_false(drv_get_used(&f->ring, &used));
	virtq_push(f->vq, elem, 5);
	assert_true(drv_get_used(&f->ring, &used));
	assert_int_equal(used.id, 5);
	assert_int_equal(used.len, 5);
	assert_memory_equal(f->bytes + BUFFERS + 5ul * 64, "hello", 5);
	assert_false(drv_get_used(&f->ring, &used));
}

static void chain_in_both_directions(void **state)
{
	struct fixture *f = *state;
	struct virtq_elem *elem;
	char buf[32];

	fixture_start(f, 4, 0, 0);
	memcpy(f->bytes + BUFFERS, "abcdefgh", 8);
	drv_desc(&f->ring, 2, GUEST_BUFFER, 3, VRING_DESC_F_NEXT, 0);
	drv_desc(&f->ring, 0, GUEST_BUFFER + 3, 5, VRING_DESC_F_NEXT, 3);
	drv_desc(&f->ring, 3, GUEST_BUFFER + 100, 0, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1); /* empty */
	drv_desc(&f->ring, 1, GUEST_BUFFER + 200, 16, VRING_DESC_F_WRITE, 77);
	drv_make_avail(&f->ring, 2);
	elem = fixture_pop(f);
	assert_int_equal(elem->index, 2);
	assert_int_equal(elem->out_num, 2);
	assert_int_equal(elem->out_len, 8);
	assert_int_equal(elem->in_num, 1);
	assert_int_equal(elem->in_len, 16);
	assert_int_equal(virtq_iov_read(elem->out, elem->out_num, 1, buf, sizeof(buf)), 7);
	assert_memory_equal(buf, "bcdefgh", 7);
	assert_int_equal(virtq_iov_write(elem->in, elem->in_num, 14, "xyz", 3), 2);
	assert_memory_equal(f->bytes + BUFFERS + 214, "xy\0", 3);
}

static void chain_as_long_as_the_ring(void **state)
{
	struct fixture *f = *state;
	struct virtq_elem *elem;
	uint16_t i;

	fixture_start(f, 8, 0, 0);
	for (i = 0; i < 8; i++)
		drv_desc(&f->ring, i, GUEST_BUFFER + i, 1, i < 7 ? VRING_DESC_F_NEXT : 0, i + 1);
	drv_make_avail(&f->ring, 0);
	elem = fixture_pop(f);
	assert_int_equal(elem->out_num, 8);
	assert_int_equal(elem->out_len, 8);
}

/* Ordinary descriptors may stand before the indirect one (virtio 1.4, 2.7.5.3.2). */
static void indirect_chain(void **state)
{
	struct fixture *f = *state;
	struct vring_desc *table;
	struct virtq_elem *elem;

	fixture_start(f, 4, F_INDIRECT, 0);
	table = (void *)(f->bytes + BUFFERS);
	table[0] = (struct vring_desc) { GUEST_BUFFER + 0x1000, 10, VRING_DESC_F_NEXT, 2 };
	table[2] = (struct vring_desc) { GUEST_BUFFER + 0x2000, 20, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1 };
	table[1] = (struct vring_desc) { GUEST_BUFFER + 0x3000, 30, VRING_DESC_F_WRITE, 0 };
	drv_desc(&f->ring, 0, GUEST_BUFFER + 0x4000, 5, VRING_DESC_F_NEXT, 1);
	/* the write flag of the table itself means nothing */
	drv_desc(&f->ring, 1, GUEST_BUFFER, 3 * 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE, 0);
	drv_make_avail(&f->ring, 0);
	elem = fixture_pop(f);
	assert_int_equal(elem->out_num, 2);
	assert_int_equal(elem->out_len, 15);
	assert_int_equal(elem->in_num, 2);
	assert_int_equal(elem->in_len, 50);
	assert_ptr_equal(elem->in[1].iov_base, vhu_mem_guest(f->mem, GUEST_BUFFER + 0x3000, 30));
}

/* More segments than the ring has descriptors: what indirect tables are for. */
static void long_indirect_chain(void **state)
{
	struct fixture *f = *state;
	struct vring_desc *table;
	struct virtq_elem *elem;
	uint16_t i;

	fixture_start(f, 2, F_INDIRECT, 0);
	table = (void *)(f->bytes + BUFFERS);
	for (i = 0; i < VIRTQ_MAX_SEGMENTS; i++)
		table[i] = (struct vring_desc) { GUEST_BUFFER + i, 1, VRING_DESC_F_NEXT, i + 1 };
	table[VIRTQ_MAX_SEGMENTS - 1].flags = 0;
	drv_desc(&f->ring, 0, GUEST_BUFFER, VIRTQ_MAX_SEGMENTS * 16, VRING_DESC_F_INDIRECT, 0);
	drv_make_avail(&f->ring, 0);
	elem = fixture_pop(f);
	assert_int_equal(elem->out_num, VIRTQ_MAX_SEGMENTS);
	assert_int_equal(elem->out_len, VIRTQ_MAX_SEGMENTS);
}

static void lap(struct fixture *f, uint16_t head)
{
	struct vring_used_elem used;
	struct virtq_elem *elem;

	fixture_post(f, head, 0);
	elem = fixture_pop(f);
	assert_int_equal(elem->index, head);
	virtq_push(f->vq, elem, head);
	assert_true(drv_get_used(&f->ring, &used));
	assert_int_equal(used.id, head);
	assert_int_equal(used.len, head);
}

static void indices_wrap(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	fixture_start(f, 4, 0, 65530);
	for (i = 0; i < 20; i++)
		lap(f, (uint16_t)(i % 4));
	assert_int_equal(f->ring.used->idx, (uint16_t)(65530 + 20));
	assert_int_equal(virtq_stop(f->vq), (uint16_t)(65530 + 20));
}

static void many_laps(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	fixture_start(f, VIRTQ_MAX_SIZE, F_EVENT_IDX, 0);
	for (i = 0; i < 3 * 65536u; i++)
		lap(f, (uint16_t)(i * 7 % VIRTQ_MAX_SIZE));
}

static void out_of_order(void **state)
{
	struct fixture *f = *state;
	struct vring_used_elem used;
	struct virtq_elem *a, *b, *c;

	fixture_start(f, 4, 0, 0);
	fixture_post(f, 0, 0);
	fixture_post(f, 1, 0);
	fixture_post(f, 2, 0);
	a = fixture_pop(f);
	b = fixture_pop(f);
	c = fixture_pop(f);
	virtq_push(f->vq, c, 0);
	virtq_push(f->vq, a, 0);
	assert_true(drv_get_used(&f->ring, &used));
	assert_int_equal(used.id, 2);
	assert_true(drv_get_used(&f->ring, &used));
	assert_int_equal(used.id, 0);
	fixture_post(f, 2, 0); /* free again */
	assert_int_equal(fixture_pop(f)->index, 2);
	assert_int_equal(b->index, 1);
}

static void unpop_restores_the_order(void **state)
{
	struct fixture *f = *state;
	struct virtq_elem *a, *b;

	fixture_start(f, 4, 0, 65535);
	fixture_post(f, 0, 0);
	fixture_post(f, 1, 0);
	a = fixture_pop(f);
	b = fixture_pop(f);
	virtq_unpop(f->vq, b);
	virtq_unpop(f->vq, a);
	assert_int_equal(fixture_pop(f)->index, 0);
	assert_int_equal(fixture_pop(f)->index, 1);
	assert_true(virtq_empty(f->vq));
}

static void served_before(void **state)
{
	struct fixture *f = *state;
	struct vring_used_elem used;

	fixture_start(f, 4, 0, 7);
	/* an earlier daemon took two, gave one back and died; we go on from the used index */
	virtq_stop(f->vq);
	f->ring.avail->idx = 7;
	fixture_post(f, 0, 0);
	fixture_post(f, 1, 0);
	f->ring.used->idx = 8;
	f->ring.used_seen = 8;
	f->setup.base = 8;
	assert_int_equal(virtq_start(f->vq, f->mem, &f->setup), 0);
	virtq_push(f->vq, fixture_pop(f), 0);
	assert_true(drv_get_used(&f->ring, &used));
	assert_int_equal(used.id, 1);
	assert_int_equal(f->ring.used->idx, 9);
}

/* An element was lost for good: the two indices have drifted apart, and each side counts on from its own. */
static void used_index_behind_the_base(void **state)
{
	struct fixture *f = *state;
	struct vring_used_elem used;

	fixture_start(f, 4, 0, 7);
	virtq_stop(f->vq);
	f->ring.avail->idx = 9;
	f->setup.base = 9;
	assert_int_equal(virtq_start(f->vq, f->mem, &f->setup), 0);
	fixture_post(f, 2, 0);
	virtq_push(f->vq, fixture_pop(f), 0);
	assert_true(drv_get_used(&f->ring, &used));
	assert_int_equal(used.id, 2);
	assert_int_equal(f->ring.used->idx, 8);
}

static void stop_with_elements_in_flight(void **state)
{
	struct fixture *f = *state;
	struct virtq_elem *a, *b;

	fixture_start(f, 4, 0, 10);
	fixture_post(f, 0, 0);
	fixture_post(f, 1, 0);
	fixture_post(f, 2, 0);
	a = fixture_pop(f);
	fixture_pop(f);
	fixture_pop(f);
	virtq_push(f->vq, a, 0);
	assert_int_equal(virtq_stop(f->vq), 11); /* the two that are left are served again */
	assert_int_equal(virtq_stop(f->vq), 11);
	f->setup.base = 11;
	assert_int_equal(virtq_start(f->vq, f->mem, &f->setup), 0);
	assert_int_equal(fixture_pop(f)->index, 1);
	b = fixture_pop(f);
	virtq_push(f->vq, b, 0);
	assert_int_equal(virtq_stop(f->vq), 13); /* out of order: cannot be told in one number */
}

static void remap_in_flight(void **state)
{
	struct fixture *f = *state;
	struct vring_used_elem used;
	struct virtq_elem *elem;
	struct vhu_mem *new;
	void *old_base;

	fixture_start(f, 4, 0, 0);
	fixture_post(f, 0, VRING_DESC_F_WRITE);
	elem = fixture_pop(f);
	old_base = elem->in[0].iov_base;
	new = fixture_map(f);
	assert_int_equal(virtq_remap(f->vq, new), 0);
	vhu_mem_unref(f->mem); /* the element still holds it */
	f->mem = new;
	assert_ptr_equal(elem->in[0].iov_base, old_base);
	assert_int_equal(virtq_iov_write(elem->in, 1, 0, "old", 3), 3);
	virtq_push(f->vq, elem, 3);
	assert_true(drv_get_used(&f->ring, &used));
	assert_memory_equal(f->bytes + BUFFERS, "old", 3);
	fixture_post(f, 1, VRING_DESC_F_WRITE);
	elem = fixture_pop(f);
	assert_ptr_equal(elem->in[0].iov_base, vhu_mem_guest(new, GUEST_BUFFER + 64, 64));
}

static void iov_copies(void **state)
{
	char a[4] = "abcd", b[3] = "efg", buf[8] = "";
	struct iovec iov[3] = { { a, 4 }, { NULL, 0 }, { b, 3 } };

	assert_int_equal(virtq_iov_read(iov, 3, 0, buf, 8), 7);
	assert_memory_equal(buf, "abcdefg", 7);
	assert_int_equal(virtq_iov_read(iov, 3, 4, buf, 2), 2);
	assert_memory_equal(buf, "ef", 2);
	assert_int_equal(virtq_iov_read(iov, 3, 7, buf, 2), 0);
	assert_int_equal(virtq_iov_read(iov, 3, 8, buf, 2), 0);
	assert_int_equal(virtq_iov_read(iov, 0, 0, buf, 2), 0);
	assert_int_equal(virtq_iov_write(iov, 3, 3, "1234", 3), 3);
	assert_memory_equal(a, "abc1", 4);
	assert_memory_equal(b, "23g", 3);
	assert_int_equal(virtq_iov_write(iov, 3, 0, NULL, 0), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_new, fixture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty_ring),
		TEST(one_direct_buffer),
		TEST(chain_in_both_directions),
		TEST(chain_as_long_as_the_ring),
		TEST(indirect_chain),
		TEST(long_indirect_chain),
		TEST(indices_wrap),
		TEST(many_laps),
		TEST(out_of_order),
		TEST(unpop_restores_the_order),
		TEST(served_before),
		TEST(used_index_behind_the_base),
		TEST(stop_with_elements_in_flight),
		TEST(remap_in_flight),
		TEST(iov_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
