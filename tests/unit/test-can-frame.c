// SPDX-License-Identifier: MIT
/* CAN frames from virtio to SocketCAN and back: all lengths, kinds and features. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vhost-user-can/can-frame.h"
#include "virtio_can.h"

#define BIT(n)	 (1ull << (n))
#define CLASSIC	 BIT(VIRTIO_CAN_F_CAN_CLASSIC)
#define FD	 BIT(VIRTIO_CAN_F_CAN_FD)
#define RTR	 BIT(VIRTIO_CAN_F_RTR_FRAMES)
#define ALL	 (CLASSIC | FD | RTR)
#define LATE	 BIT(VIRTIO_CAN_F_LATE_TX_ACK) /* what drafts called RTR */
#define TRAILING 16

/* A message as a driver makes it, in @bytes; returns its length. */
static size_t message(uint8_t *bytes, uint32_t flags, uint32_t id, uint16_t length)
{
	const struct virtio_can_tx_out out = {
		.msg_type = htole16(VIRTIO_CAN_TX),
		.length = htole16(length),
		.flags = htole32(flags),
		.can_id = htole32(id),
	};

	memcpy(bytes, &out, sizeof(out));
	for (unsigned int i = 0; i < length && i < CANFD_MAX_DLEN + TRAILING; i++)
		bytes[sizeof(out) + i] = (uint8_t)(i * 7 + 1);
	return sizeof(out) + length;
}

/* What is sent and heard again is the same message, with every kind, length and bit of the identifier. */
static void there_and_back(void **state)
{
	uint8_t bytes[CAN_MESSAGE_BYTES], back[CAN_MESSAGE_BYTES];
	struct can_msg msg;

	for (unsigned int kind = 0; kind < 8; kind++) {
		uint32_t flags = (kind & 1 ? VIRTIO_CAN_FLAGS_EXTENDED : 0) | (kind & 2 ? VIRTIO_CAN_FLAGS_FD : 0) |
			(kind & 4 ? VIRTIO_CAN_FLAGS_RTR : 0);
		unsigned int bits = kind & 1 ? 29 : 11;

		if ((kind & 6) == 6)
			continue; /* there are no remote FD frames */
		for (unsigned int length = 0; length <= (kind & 2 ? 64 : 8); length++) {
			for (unsigned int bit = 0; bit <= bits; bit++) {
				uint32_t id = bit == bits ? (1u << bits) - 1 : 1u << bit;
				size_t len = message(bytes, flags, id, (uint16_t)length);

				if (kind & 4)
					memset(bytes + CAN_HEADER_BYTES, 0, length);
				assert_int_equal(can_frame_from_driver(bytes, len, ALL, false, &msg), 0);
				assert_int_equal(msg.fd, !!(kind & 2));
				assert_int_equal(msg.frame.len, length);
				assert_int_equal(msg.frame.flags, 0);
				assert_int_equal(msg.frame.can_id & CAN_EFF_MASK, id);
				assert_int_equal(!!(msg.frame.can_id & CAN_EFF_FLAG), kind & 1);
				assert_int_equal(!!(msg.frame.can_id & CAN_RTR_FLAG), !!(kind & 4));
				assert_int_equal(msg.frame.can_id & CAN_ERR_FLAG, 0);
				assert_int_equal(can_frame_to_driver(&msg, ALL, back), len);
				/* all but the message type */
				assert_memory_equal(back + 2, bytes + 2, len - 2);
				assert_int_equal(back[0] | back[1] << 8, VIRTIO_CAN_RX);
			}
		}
	}
}

static void refused(int want, uint32_t flags, uint32_t id, uint16_t length, size_t len)
{
	uint8_t bytes[CAN_MESSAGE_BYTES + TRAILING];
	struct can_msg msg;

	message(bytes, flags, id, length);
	assert_int_equal(can_frame_from_driver(bytes, len, ALL, false, &msg), want);
}

static void lengths(void **state)
{
	for (size_t len = 0; len < CAN_HEADER_BYTES + 8; len++)
		refused(-EINVAL, 0, 1, 8, len);
	refused(0, 0, 1, 8, CAN_HEADER_BYTES + 8);
	refused(0, 0, 1, 8, CAN_MESSAGE_BYTES); /* more than it says is no harm */
	refused(-EINVAL, 0, 1, 9, CAN_MESSAGE_BYTES);
	refused(-EINVAL, 0, 1, 64, CAN_MESSAGE_BYTES);
	refused(0, VIRTIO_CAN_FLAGS_FD, 1, 64, CAN_MESSAGE_BYTES);
	refused(-EINVAL, VIRTIO_CAN_FLAGS_FD, 1, 64, CAN_MESSAGE_BYTES - 1);
	refused(-EINVAL, VIRTIO_CAN_FLAGS_FD, 1, 65, CAN_MESSAGE_BYTES + 1);
	refused(-EINVAL, VIRTIO_CAN_FLAGS_FD, 1, 2048, CAN_MESSAGE_BYTES);
	refused(-EINVAL, VIRTIO_CAN_FLAGS_FD, 1, 65535, CAN_MESSAGE_BYTES);
	/* a remote frame has a length without data */
	refused(0, VIRTIO_CAN_FLAGS_RTR, 1, 8, CAN_HEADER_BYTES);
	refused(-EINVAL, VIRTIO_CAN_FLAGS_RTR, 1, 9, CAN_MESSAGE_BYTES);
	refused(-EINVAL, VIRTIO_CAN_FLAGS_RTR, 1, 8, CAN_HEADER_BYTES - 1);
}

static void identifiers(void **state)
{
	for (unsigned int bit = 0; bit < 32; bit++) {
		refused(bit < 11 ? 0 : -EINVAL, 0, 1u << bit, 0, CAN_HEADER_BYTES);
		refused(bit < 29 ? 0 : -EINVAL, VIRTIO_CAN_FLAGS_EXTENDED, 1u << bit, 0, CAN_HEADER_BYTES);
	}
}

static void flags_and_types(void **state)
{
	uint8_t bytes[CAN_MESSAGE_BYTES];
	struct can_msg msg;

	for (unsigned int bit = 0; bit < 32; bit++)
		refused(bit >= 13 && bit <= 15 ? 0 : -EINVAL, 1u << bit, 1, 0, CAN_HEADER_BYTES);
	refused(-EINVAL, VIRTIO_CAN_FLAGS_RTR | VIRTIO_CAN_FLAGS_FD, 1, 0, CAN_HEADER_BYTES);
	for (unsigned int type = 0; type <= UINT16_MAX; type++) {
		message(bytes, 0, 1, 0);
		bytes[0] = (uint8_t)type;
		bytes[1] = (uint8_t)(type >> 8);
		assert_int_equal(can_frame_from_driver(bytes, CAN_HEADER_BYTES, ALL, false, &msg),
			type == VIRTIO_CAN_TX ? 0 : -EINVAL);
	}
}

static void only_what_was_negotiated(void **state)
{
	static const uint32_t kinds[] = { 0, VIRTIO_CAN_FLAGS_FD, VIRTIO_CAN_FLAGS_RTR };
	static const uint64_t needs[] = { CLASSIC, FD, CLASSIC | RTR };
	uint8_t bytes[CAN_MESSAGE_BYTES];
	struct can_msg msg;

	for (uint64_t features = 0; features <= (ALL | LATE); features++) {
		for (unsigned int kind = 0; kind < 3; kind++) {
			bool good = (features & needs[kind]) == needs[kind];
			size_t len = message(bytes, kinds[kind], 1, 4);

			assert_int_equal(
				can_frame_from_driver(bytes, len, features, false, &msg), good ? 0 : -EOPNOTSUPP);
			assert_int_equal(can_frame_from_driver(bytes, len, ALL, false, &msg), 0);
			assert_int_equal(can_frame_to_driver(&msg, features, bytes), good ? (int)len : -EOPNOTSUPP);
		}
	}
}

static void bit_rate_switch(void **state)
{
	uint8_t bytes[CAN_MESSAGE_BYTES];
	struct can_msg msg;

	assert_int_equal(can_frame_from_driver(bytes, message(bytes, VIRTIO_CAN_FLAGS_FD, 1, 4), ALL, true, &msg), 0);
	assert_int_equal(msg.frame.flags, CANFD_BRS);
	assert_int_equal(can_frame_from_driver(bytes, message(bytes, 0, 1, 4), ALL, true, &msg), 0);
	assert_int_equal(msg.frame.flags, 0);
}

/* A kernel that hands out nonsense does not make us write beyond the message. */
static void too_long_from_the_bus(void **state)
{
	struct can_msg msg = { .frame = { .can_id = 1, .len = 255 } };
	uint8_t bytes[CAN_MESSAGE_BYTES];

	assert_int_equal(can_frame_to_driver(&msg, ALL, bytes), CAN_HEADER_BYTES + 8);
	msg.fd = true;
	assert_int_equal(can_frame_to_driver(&msg, ALL, bytes), CAN_MESSAGE_BYTES);
}

static void echoes(void **state)
{
	const struct can_msg sent = { .frame = { .can_id = 0x123, .len = 3, .data = { 1, 2, 3, 4 } } };
	struct can_msg echo = sent;

	assert_true(can_frame_same(&sent, &echo));
	echo.frame.data[3] = 9; /* behind its end */
	echo.frame.flags = CANFD_ESI;
	assert_true(can_frame_same(&sent, &echo));
	echo.frame.data[2] = 9;
	assert_false(can_frame_same(&sent, &echo));
	echo = sent;
	echo.frame.len = 2;
	assert_false(can_frame_same(&sent, &echo));
	echo = sent;
	echo.frame.can_id |= CAN_EFF_FLAG;
	assert_false(can_frame_same(&sent, &echo));
	echo = sent;
	echo.fd = true;
	assert_false(can_frame_same(&sent, &echo));
}

static void echoes_of_remote_frames(void **state)
{
	const struct can_msg sent = { .frame = { .can_id = 0x123 | CAN_RTR_FLAG, .len = 3 } };
	struct can_msg echo = sent;

	echo.frame.data[0] = 1;
	assert_true(can_frame_same(&sent, &echo));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(lengths),
		cmocka_unit_test(identifiers),
		cmocka_unit_test(flags_and_types),
		cmocka_unit_test(only_what_was_negotiated),
		cmocka_unit_test(bit_rate_switch),
		cmocka_unit_test(too_long_from_the_bus),
		cmocka_unit_test(echoes),
		cmocka_unit_test(echoes_of_remote_frames),
	};

	return cmocka_run_group_tests_name("can-frame", tests, NULL, NULL);
}
