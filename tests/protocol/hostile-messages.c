// SPDX-License-Identifier: MIT
/* What can be wrong with messages, before any ring is looked at. */
#include "tests/protocol/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))

static void nothing(struct frontend *fe)
{
}

static void part_of_a_header(struct frontend *fe)
{
	raw_bytes(fe, "\1\0\0\0\1", 5);
	shutdown(fe->fd, SHUT_WR);
}

static void half_a_message(struct frontend *fe)
{
	const struct vhu_header h = { VHU_SET_FEATURES, VHU_VERSION, 8 };

	raw_bytes(fe, &h, sizeof(h));
	raw_bytes(fe, "abc", 3);
}

static void slow_loris(struct frontend *fe)
{
	const struct vhu_header h = { VHU_SET_CONFIG, VHU_VERSION, VHU_CONFIG_HEADER + 250 };
	int i;

	raw_bytes(fe, &h, sizeof(h));
	for (i = 0; i < 40; i++) {
		raw_bytes(fe, "x", 1);
		usleep(50000);
	}
}

static void wrong_version(struct frontend *fe)
{
	const struct vhu_header h = { VHU_GET_FEATURES, 2, 0 };

	raw_bytes(fe, &h, sizeof(h));
}

static void endless_payload(struct frontend *fe)
{
	const struct vhu_header h = { VHU_SET_CONFIG, VHU_VERSION, UINT32_MAX };

	raw_bytes(fe, &h, sizeof(h));
}

static void wrong_sizes(struct frontend *fe)
{
	/* of one request; the unit tests go through all */
	struct vhu_msg msg = { .request = VHU_SET_VRING_ADDR, .size = 39 };

	raw_msg(fe, &msg);
}

static void descriptor_where_none_belongs(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_GET_FEATURES, .num_fds = 1, .fds = { fe->mem_fd } };

	raw_msg(fe, &msg);
}

static void flood(struct frontend *fe, unsigned int times)
{
	struct {
		struct vhu_header header;
		struct vhu_mem_table table;
	} wire = { { VHU_SET_MEM_TABLE, VHU_VERSION, sizeof(wire.table) }, { .num_regions = VHU_MAX_REGIONS } };

	raw_fds(fe, &wire, sizeof(wire.header) + sizeof(wire.table), fe->mem_fd, times);
}

static void nine_descriptors(struct frontend *fe)
{
	flood(fe, VHU_MAX_FDS + 1);
}

static void flood_of_descriptors(struct frontend *fe)
{
	flood(fe, 253);
}

static void descriptors_in_the_payload(struct frontend *fe)
{
	const struct vhu_header h = { VHU_SET_FEATURES, VHU_VERSION, 8 };

	raw_bytes(fe, &h, sizeof(h));
	raw_fds(fe, "12345678", 8, fe->mem_fd, 5);
}

static void unknown_request(struct frontend *fe)
{
	struct vhu_msg msg = { .request = 12345, .size = 40 };

	raw_msg(fe, &msg);
}

static void unknown_request_with_answer(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_GET_INFLIGHT_FD, .size = 24 };

	raw_msg(fe, &msg);
}

/* With REPLY_ACK the front-end is told, and may go on. */
static void refused(struct frontend *fe, struct vhu_msg *msg)
{
	if (fe_negotiate(fe, UINT64_MAX, UINT64_MAX) < 0 || fe_send(fe, msg) != -EREMOTEIO)
		fe_close(fe);
}

static void unknown_request_to_be_acknowledged(struct frontend *fe)
{
	struct vhu_msg msg = { .request = 12345, .size = 40 };

	refused(fe, &msg);
}

static void features_never_offered(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_SET_FEATURES, .size = 8, .payload.u64 = UINT64_MAX };

	raw_msg(fe, &msg);
}

static void features_never_offered_acknowledged(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_SET_FEATURES, .size = 8, .payload.u64 = UINT64_MAX };

	refused(fe, &msg);
}

static void protocol_features_never_offered(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_SET_PROTOCOL_FEATURES, .size = 8, .payload.u64 = UINT64_MAX };

	raw_msg(fe, &msg);
}

static void config_out_of_range(struct frontend *fe)
{
	static const uint32_t offsets[] = { 0, 1, 255, 0x80000000, UINT32_MAX, UINT32_MAX - 255 };
	uint8_t data[VHU_MAX_CONFIG] = { 0 };
	size_t i;

	fe_negotiate(fe, UINT64_MAX, UINT64_MAX & ~BIT(VHU_PF_REPLY_ACK));
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct vhu_msg msg = { .request = VHU_SET_CONFIG,
			.size = sizeof(msg.payload.config),
			.payload.config = { .offset = offsets[i], .size = VHU_MAX_CONFIG } };

		if (fe_get_config(fe, offsets[i], data, VHU_MAX_CONFIG) != -EREMOTEIO)
			fe_close(fe); /* then it is not alive, as it should be */
		raw_msg(fe, &msg);
	}
}

static void try_table(struct frontend *fe, const struct vhu_mem_region *regions, uint32_t num, uint32_t claimed)
{
	struct vhu_msg msg = { .request = VHU_SET_MEM_TABLE, .num_fds = num };
	uint32_t i;

	msg.size = offsetof(struct vhu_mem_table, regions) + num * sizeof(*regions);
	msg.payload.mem.num_regions = claimed;
	for (i = 0; i < num; i++) {
		msg.payload.mem.regions[i] = regions[i];
		msg.fds[i] = fe->mem_fd;
	}
	raw_msg(fe, &msg);
}

static const struct vhu_mem_region good_region = { FE_GUEST, 0x1000, FE_USER, 0 };

static void no_regions(struct frontend *fe)
{
	try_table(fe, NULL, 0, 0);
}

static void more_regions_than_sent(struct frontend *fe)
{
	try_table(fe, &good_region, 1, 2);
}

static void huge_number_of_regions(struct frontend *fe)
{
	/* 32 bytes each: this many wrap to nothing */
	try_table(fe, NULL, 0, UINT32_C(1) << 27);
}

static void overlapping_regions(struct frontend *fe)
{
	const struct vhu_mem_region two[] = { good_region, { FE_GUEST + 0x800, 0x1000, FE_USER + 0x10000, 0x1000 } };

	try_table(fe, two, 2, 2);
}

static void wrapping_region(struct frontend *fe)
{
	const struct vhu_mem_region r = { UINT64_MAX - 0x100, 0x1000, FE_USER, 0 };

	try_table(fe, &r, 1, 1);
}

static void region_past_the_file(struct frontend *fe)
{
	const struct vhu_mem_region r = { FE_GUEST, FE_MEM_BYTES + 1, FE_USER, 0 };

	try_table(fe, &r, 1, 1);
}

static void wrapping_mmap_offset(struct frontend *fe)
{
	const struct vhu_mem_region r = { FE_GUEST, 0x1000, FE_USER, UINT64_MAX - 0x7ff };

	try_table(fe, &r, 1, 1);
}

static void memory_that_is_no_file(struct frontend *fe)
{
	struct vhu_msg msg = fe_mem_table(fe);
	int pipe_fds[2];

	if (pipe(pipe_fds) < 0)
		return;
	msg.fds[0] = pipe_fds[1];
	raw_msg(fe, &msg);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void memory_that_is_a_device(struct frontend *fe)
{
	struct vhu_msg msg = fe_mem_table(fe);

	msg.fds[0] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	raw_msg(fe, &msg);
	close(msg.fds[0]);
}

/* Ask without ever reading the answers. */
static void deaf(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_GET_FEATURES, .flags = VHU_VERSION };
	int i;

	for (i = 0; i < 200000 && vhu_channel_send(fe->fd, &msg, 4000) == 0; i++)
		;
}

static void back_end_channel_that_is_no_socket(struct frontend *fe)
{
	struct vhu_msg msg = { .request = VHU_SET_BACKEND_REQ_FD, .num_fds = 1, .fds = { fe->mem_fd } };

	raw_msg(fe, &msg);
}

static void random_bytes(struct frontend *fe)
{
	uint8_t bytes[4096];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random();
	raw_bytes(fe, bytes, (size_t)(random() % (long)sizeof(bytes)));
	shutdown(fe->fd, SHUT_WR);
}

/* Well-formed messages with senseless contents, on a device that was set up properly. */
static void random_messages(struct frontend *fe)
{
	static const uint32_t sizes[] = { 0, 8, 8, 8, 40, 40, 12, 16, 28 };
	int i, n = (int)(random() % 60);

	if (random() % 2)
		fe_start_all(fe, 8);
	for (i = 0; i < n; i++) {
		struct vhu_msg msg = { .request = (uint32_t)(random() % 46) };
		size_t k;

		msg.flags = random() % 3 ? 0 : VHU_FLAG_NEED_REPLY;
		msg.size = sizes[random() % 9];
		for (k = 0; k < msg.size; k++)
			((uint8_t *)&msg.payload)[k] = random() % 3 ? 0 : (uint8_t)random();
		msg.num_fds = random() % 4 ? 0 : (unsigned int)(random() % 3);
		msg.fds[0] = random() % 2 ? fe->mem_fd : fe->fd;
		msg.fds[1] = fe->mem_fd;
		raw_msg(fe, &msg);
	}
	shutdown(fe->fd, SHUT_WR);
}

/* Disconnect after the n-th step of a polite front-end. */
static void leave_after(struct frontend *fe, int steps)
{
	uint64_t value;
	int r = 0, step;

	for (step = 0; r == 0 && step < steps; step++) {
		switch (step) {
		case 0: r = fe_get_u64(fe, VHU_GET_FEATURES, &value); break;
		case 1: r = fe_negotiate(fe, UINT64_MAX, UINT64_MAX); break;
		case 2: r = fe_open_channel(fe); break;
		case 3: r = fe_share_memory(fe); break;
		case 4: r = fe_queue_start(fe, 0, 8, 0); break;
		case 5: r = fe_share_memory(fe); break;
		case 6: r = fe_set_state(fe, VHU_SET_VRING_ENABLE, 0, 0); break;
		case 7: fe_kick(fe, 0); break;
		}
	}
}

static void leave_in_each_phase(struct frontend *fe)
{
	leave_after(fe, (int)(random() % 9));
	fe_close(fe);
}

const struct hostile hostile_messages[] = {
	ALIVE(nothing),
	CLOSED(part_of_a_header),
	CLOSED(half_a_message),
	CLOSED(slow_loris),
	CLOSED(wrong_version),
	CLOSED(endless_payload),
	CLOSED(wrong_sizes),
	CLOSED(descriptor_where_none_belongs),
	CLOSED(nine_descriptors),
	CLOSED(flood_of_descriptors),
	CLOSED(descriptors_in_the_payload),
	ALIVE(unknown_request),
	CLOSED(unknown_request_with_answer),
	ALIVE(unknown_request_to_be_acknowledged),
	CLOSED(features_never_offered),
	ALIVE(features_never_offered_acknowledged),
	CLOSED(protocol_features_never_offered),
	ALIVE(config_out_of_range),
	CLOSED(no_regions),
	CLOSED(more_regions_than_sent),
	CLOSED(huge_number_of_regions),
	CLOSED(overlapping_regions),
	CLOSED(wrapping_region),
	CLOSED(region_past_the_file),
	CLOSED(wrapping_mmap_offset),
	CLOSED(memory_that_is_no_file),
	CLOSED(memory_that_is_a_device),
	CLOSED(deaf),
	ALIVE(back_end_channel_that_is_no_socket),
	ANY(random_bytes),
	ANY(random_messages),
	ANY(leave_in_each_phase),
};

const unsigned int num_hostile_messages = sizeof(hostile_messages) / sizeof(hostile_messages[0]);
