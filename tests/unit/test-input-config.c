// SPDX-License-Identifier: MIT
/* The configuration space as drivers and front-ends read and write it. */
#include <linux/input.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vhost-user-input-hidraw/input-config.h"

static struct input_config make(void)
{
	return (struct input_config){
		.identity = { .name = "Panel", .serial = "0815", .bus = BUS_USB, .vendor = 0x1b3d, .product = 0x14c9,
			.version = 0x0102 },
		.axes = { .slots = 10,
			.range = {
				[TOUCH_X] = { true, 0, 16383, 106 },
				[TOUCH_Y] = { true, -5, 4095, 40 },
				[TOUCH_MAJOR] = { true, 0, 255, 0 },
			} },
	};
}

/* As Linux asks: two writes of a byte each, then the whole. */
static struct virtio_input_config ask(struct input_config *config, uint8_t select, uint8_t subsel)
{
	struct virtio_input_config reply;

	input_config_write(config, 0, &select, 1);
	input_config_write(config, 1, &subsel, 1);
	memset(&reply, 0xee, sizeof(reply));
	input_config_read(config, 0, &reply, sizeof(reply));
	assert_int_equal(reply.select, select);
	assert_int_equal(reply.subsel, subsel);
	return reply;
}

static void strings_and_ids(void **state)
{
	struct input_config config = make();
	struct virtio_input_config reply;

	reply = ask(&config, VIRTIO_INPUT_CFG_ID_NAME, 0);
	assert_int_equal(reply.size, 5);
	assert_memory_equal(reply.u.string, "Panel", 5);
	reply = ask(&config, VIRTIO_INPUT_CFG_ID_SERIAL, 0);
	assert_int_equal(reply.size, 4);
	assert_memory_equal(reply.u.string, "0815", 4);
	reply = ask(&config, VIRTIO_INPUT_CFG_ID_DEVIDS, 0);
	assert_int_equal(reply.size, 8);
	assert_memory_equal(reply.u.bitmap, "\x03\x00\x3d\x1b\xc9\x14\x02\x01", 8);
	memset(config.identity.name, 'n', sizeof(config.identity.name));
	assert_int_equal(ask(&config, VIRTIO_INPUT_CFG_ID_NAME, 0).size, 128);
}

static int bit(const struct virtio_input_config *reply, unsigned int number)
{
	return number / 8 < reply->size && (reply->u.bitmap[number / 8] >> number % 8 & 1);
}

static void bitmaps(void **state)
{
	struct input_config config = make();
	struct virtio_input_config reply;

	reply = ask(&config, VIRTIO_INPUT_CFG_PROP_BITS, 0);
	assert_int_equal(reply.size, 1);
	assert_int_equal(reply.u.bitmap[0], 1 << INPUT_PROP_DIRECT);
	reply = ask(&config, VIRTIO_INPUT_CFG_EV_BITS, EV_KEY);
	assert_int_equal(reply.size, BTN_TOUCH / 8 + 1);
	assert_true(bit(&reply, BTN_TOUCH));
	reply = ask(&config, VIRTIO_INPUT_CFG_EV_BITS, EV_ABS);
	assert_int_equal(reply.size, ABS_MT_TRACKING_ID / 8 + 1);
	assert_true(bit(&reply, ABS_X) && bit(&reply, ABS_Y) && bit(&reply, ABS_MT_SLOT));
	assert_true(bit(&reply, ABS_MT_POSITION_X) && bit(&reply, ABS_MT_TRACKING_ID));
	assert_true(bit(&reply, ABS_MT_TOUCH_MAJOR));
	assert_false(bit(&reply, ABS_PRESSURE) || bit(&reply, ABS_MT_PRESSURE) || bit(&reply, ABS_MT_ORIENTATION));
}

static void ranges(void **state)
{
	struct input_config config = make();
	struct virtio_input_config reply;

	reply = ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, ABS_MT_POSITION_X);
	assert_int_equal(reply.size, 20);
	assert_memory_equal(reply.u.bitmap, "\0\0\0\0\xff\x3f\0\0\0\0\0\0\0\0\0\0\x6a\0\0\0", 20);
	reply = ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, ABS_Y);
	assert_memory_equal(reply.u.bitmap, "\xfb\xff\xff\xff\xff\x0f\0\0", 8);
	reply = ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, ABS_MT_SLOT);
	assert_memory_equal(reply.u.bitmap, "\0\0\0\0\x09\0\0\0", 8);
	reply = ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, ABS_MT_TRACKING_ID);
	assert_memory_equal(reply.u.bitmap, "\0\0\0\0\xff\xff\0\0", 8);
	assert_int_equal(ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, ABS_MT_PRESSURE).size, 0);
	assert_int_equal(ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, ABS_WHEEL).size, 0);
	assert_int_equal(ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, 255).size, 0);
}

/* Sensitivity is an axis and something to ask for, or neither. */
static void levels(void **state)
{
	struct input_config config = make();
	struct virtio_input_config reply;

	assert_int_equal(ask(&config, VIRTIO_INPUT_CFG_EV_BITS, EV_MSC).size, 0);
	assert_int_equal(ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, ABS_MISC).size, 0);
	config.levels = 3;
	reply = ask(&config, VIRTIO_INPUT_CFG_EV_BITS, EV_MSC);
	assert_int_equal(reply.size, 1);
	assert_int_equal(reply.u.bitmap[0], 1 << MSC_RAW);
	reply = ask(&config, VIRTIO_INPUT_CFG_EV_BITS, EV_ABS);
	assert_true(bit(&reply, ABS_MISC));
	reply = ask(&config, VIRTIO_INPUT_CFG_ABS_INFO, ABS_MISC);
	assert_int_equal(reply.size, 20);
	assert_memory_equal(reply.u.bitmap, "\0\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
}

static void same_axes_or_not(void **state)
{
	struct input_config config = make();
	struct touch_axes axes = config.axes;

	assert_true(input_config_has_axes(&config, &axes));
	axes.range[TOUCH_Y].resolution++;
	assert_false(input_config_has_axes(&config, &axes));
	axes = config.axes;
	axes.slots--;
	assert_false(input_config_has_axes(&config, &axes));
}

/* Every other pair, autorepeat (EV_REP) included, is not there, and nothing of an earlier answer shows through. */
static void unknown_pairs(void **state)
{
	static const uint8_t nothing[128];
	struct input_config config = make();
	struct virtio_input_config reply;
	unsigned int select, subsel, answers = 0;

	for (select = 0; select < 256; select++) {
		for (subsel = 0; subsel < 256; subsel++) {
			reply = ask(&config, (uint8_t)select, (uint8_t)subsel);
			answers += reply.size > 0;
			assert_memory_equal(reply.u.bitmap + reply.size, nothing, sizeof(nothing) - reply.size);
		}
	}
	/* 3 ids, properties, 2 types of events, 7 axes */
	assert_int_equal(answers, 13);
	assert_int_equal(ask(&config, VIRTIO_INPUT_CFG_EV_BITS, EV_REP).size, 0);
}

static void parts(void **state)
{
	struct input_config config = make();
	struct virtio_input_config whole = ask(&config, VIRTIO_INPUT_CFG_ID_NAME, 0);
	uint8_t piece[INPUT_CONFIG_SIZE];
	uint32_t offset, len;

	for (offset = 0; offset < INPUT_CONFIG_SIZE; offset++) {
		for (len = 0; len <= INPUT_CONFIG_SIZE - offset; len++) {
			memset(piece, 0xaa, sizeof(piece));
			input_config_read(&config, offset, piece, len);
			assert_memory_equal(piece, (uint8_t *)&whole + offset, len);
			assert_true(len == sizeof(piece) || piece[len] == 0xaa);
		}
	}
}

/* QEMU sends the whole space again for each byte that the driver writes. */
static void whole_space_written(void **state)
{
	struct input_config config = make();
	struct virtio_input_config space = ask(&config, VIRTIO_INPUT_CFG_ID_SERIAL, 0);

	space.select = VIRTIO_INPUT_CFG_ID_NAME;
	memset(space.u.string, 'x', sizeof(space.u.string));
	space.size = 99;
	input_config_write(&config, 0, &space, sizeof(space));
	input_config_read(&config, 0, &space, sizeof(space));
	assert_int_equal(space.size, 5);
	assert_memory_equal(space.u.string, "Panel", 6);
	input_config_write(&config, 2, "\x55\x55\x55", 3);
	assert_int_equal(config.select, VIRTIO_INPUT_CFG_ID_NAME);
	assert_int_equal(config.subsel, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_and_ids),
		cmocka_unit_test(bitmaps),
		cmocka_unit_test(ranges),
		cmocka_unit_test(levels),
		cmocka_unit_test(same_axes_or_not),
		cmocka_unit_test(unknown_pairs),
		cmocka_unit_test(parts),
		cmocka_unit_test(whole_space_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
