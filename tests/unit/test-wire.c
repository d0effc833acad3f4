// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "wire.h"

static struct vhu_msg message(uint32_t request, uint32_t size, unsigned int num_fds)
{
	struct vhu_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.request = request;
	msg.flags = VHU_VERSION;
	msg.size = size;
	msg.num_fds = num_fds;
	return msg;
}

struct fixed {
	uint32_t request;
	uint32_t size;
	unsigned int fds;
};

/* Sizes as the protocol's text gives them, not taken from the structs under test. */
static const struct fixed fixed[] = {
	{ VHU_GET_FEATURES, 0, 0 },
	{ VHU_SET_FEATURES, 8, 0 },
	{ VHU_SET_OWNER, 0, 0 },
	{ VHU_RESET_OWNER, 0, 0 },
	{ VHU_SET_VRING_NUM, 8, 0 },
	{ VHU_SET_VRING_ADDR, 40, 0 },
	{ VHU_SET_VRING_BASE, 8, 0 },
	{ VHU_GET_VRING_BASE, 8, 0 },
	{ VHU_GET_PROTOCOL_FEATURES, 0, 0 },
	{ VHU_SET_PROTOCOL_FEATURES, 8, 0 },
	{ VHU_GET_QUEUE_NUM, 0, 0 },
	{ VHU_SET_VRING_ENABLE, 8, 0 },
	{ VHU_SET_BACKEND_REQ_FD, 0, 1 },
	{ VHU_RESET_DEVICE, 0, 0 },
	{ VHU_SET_STATUS, 8, 0 },
	{ VHU_GET_STATUS, 0, 0 },
};

static void fixed_sizes(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		const struct fixed *f = &fixed[i];
		struct vhu_msg msg = message(f->request, f->size, f->fds);

		assert_int_equal(vhu_wire_check(&msg), 0);
		msg.size = f->size + 1;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		msg.size = f->size - 1; /* for 0: as large as can be */
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		msg.size = f->size;
		msg.num_fds = f->fds + 1;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		if (f->fds) {
			msg.num_fds = f->fds - 1;
			assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		}
		assert_string_not_equal(vhu_request_name(f->request), "unknown");
	}
}

static void memory_table(void **state)
{
	uint32_t n;

	for (n = 0; n <= VHU_MAX_REGIONS + 1; n++) {
		struct vhu_msg msg = message(VHU_SET_MEM_TABLE, 8 + 32 * n, n);
		int expected = n >= 1 && n <= VHU_MAX_REGIONS ? 0 : -EPROTO;

		msg.payload.mem.num_regions = n;
		assert_int_equal(vhu_wire_check(&msg), expected);
		msg.num_fds = n + 1;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		msg.num_fds = n - 1;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		msg.num_fds = n;
		msg.size += 8;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		msg.size = 7;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
	}
}

static void memory_table_of_many_regions(void **state)
{
	struct vhu_msg msg = message(VHU_SET_MEM_TABLE, 8, 0);

	/* 32 * n wraps to 0 in 32 bits: the count has to be checked, not the product alone */
	msg.payload.mem.num_regions = UINT32_C(1) << 27;
	assert_int_equal(vhu_wire_check(&msg), -EPROTO);
	msg.payload.mem.num_regions = UINT32_MAX;
	assert_int_equal(vhu_wire_check(&msg), -EPROTO);
}

static void config(void **state)
{
	struct vhu_msg msg = message(VHU_GET_CONFIG, 12, 0);

	msg.payload.config.size = 8;
	assert_int_equal(vhu_wire_check(&msg), 0); /* a header alone may ask */
	msg.size = 20;
	assert_int_equal(vhu_wire_check(&msg), 0);
	msg.size = 19;
	assert_int_equal(vhu_wire_check(&msg), -EPROTO);
	msg.size = 11;
	assert_int_equal(vhu_wire_check(&msg), -EPROTO);

	msg.request = VHU_SET_CONFIG;
	msg.size = 20;
	assert_int_equal(vhu_wire_check(&msg), 0);
	msg.size = 12;
	assert_int_equal(vhu_wire_check(&msg), -EPROTO); /* but not write */
	msg.size = 12 + VHU_MAX_CONFIG;
	msg.payload.config.size = VHU_MAX_CONFIG;
	assert_int_equal(vhu_wire_check(&msg), 0);
	msg.payload.config.size = VHU_MAX_CONFIG + 1;
	msg.size++;
	assert_int_equal(vhu_wire_check(&msg), -EPROTO);
	msg.payload.config.size = UINT32_MAX - 11; /* 12 + this wraps to 0 */
	msg.size = 0;
	assert_int_equal(vhu_wire_check(&msg), -EPROTO);
	msg.size = 12;
	msg.request = VHU_GET_CONFIG;
	assert_int_equal(vhu_wire_check(&msg), -EPROTO);
}

static void ring_descriptors(void **state)
{
	static const uint32_t requests[] = { VHU_SET_VRING_KICK, VHU_SET_VRING_CALL, VHU_SET_VRING_ERR };
	size_t i;

	for (i = 0; i < 3; i++) {
		struct vhu_msg msg = message(requests[i], 8, 1);

		msg.payload.u64 = 1;
		assert_int_equal(vhu_wire_check(&msg), 0);
		msg.num_fds = 0;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		msg.num_fds = 2;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		msg.payload.u64 |= VHU_VRING_NOFD;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
		msg.num_fds = 0;
		assert_int_equal(vhu_wire_check(&msg), 0);
		msg.size = 4;
		assert_int_equal(vhu_wire_check(&msg), -EPROTO);
	}
}

static void unknown_requests(void **state)
{
	static const uint32_t requests[] = { 0, 6, 7, 19, 20, 22, 31, 36, 44, 100, 0x80000000, UINT32_MAX };
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct vhu_msg msg = message(requests[i], 8, 0);

		assert_int_equal(vhu_wire_check(&msg), -EOPNOTSUPP);
	}
	assert_string_equal(vhu_request_name(0), "unknown");
	assert_string_equal(vhu_request_name(UINT32_MAX), "unknown");
	assert_string_equal(vhu_request_name(VHU_SET_MEM_TABLE), "SET_MEM_TABLE");
}

static void who_waits_for_an_answer(void **state)
{
	assert_true(vhu_request_has_reply(VHU_GET_FEATURES));
	assert_true(vhu_request_has_reply(VHU_GET_INFLIGHT_FD));
	assert_true(vhu_request_has_reply(VHU_GET_VRING_BASE));
	assert_false(vhu_request_has_reply(VHU_SET_FEATURES));
	assert_false(vhu_request_has_reply(VHU_SET_MEM_TABLE));
	assert_false(vhu_request_has_reply(0));
	assert_false(vhu_request_has_reply(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_sizes),
		cmocka_unit_test(memory_table),
		cmocka_unit_test(memory_table_of_many_regions),
		cmocka_unit_test(config),
		cmocka_unit_test(ring_descriptors),
		cmocka_unit_test(unknown_requests),
		cmocka_unit_test(who_waits_for_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
