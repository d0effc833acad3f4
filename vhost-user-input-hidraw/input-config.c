// SPDX-License-Identifier: MIT
#include <endian.h>
#include <linux/input.h>
#include <stddef.h>
#include <string.h>

#include "input-config.h"
#include "touch-state.h"

struct abs_code {
	uint16_t code;
	enum touch_axis axis;
};

/* The slot, the tracking id and the sensitivity have no axis of the panel behind them: see find_range(). */
static const struct abs_code abs_codes[] = {
	{ ABS_X, TOUCH_X },
	{ ABS_Y, TOUCH_Y },
	{ ABS_PRESSURE, TOUCH_PRESSURE },
	{ ABS_MT_POSITION_X, TOUCH_X },
	{ ABS_MT_POSITION_Y, TOUCH_Y },
	{ ABS_MT_PRESSURE, TOUCH_PRESSURE },
	{ ABS_MT_TOUCH_MAJOR, TOUCH_MAJOR },
	{ ABS_MT_TOUCH_MINOR, TOUCH_MINOR },
	{ ABS_MT_ORIENTATION, TOUCH_ORIENTATION },
	{ ABS_MT_TOOL_X, TOUCH_TOOL_X },
	{ ABS_MT_TOOL_Y, TOUCH_TOOL_Y },
	{ ABS_MT_TOOL_TYPE, TOUCH_TOOL_TYPE },
	{ ABS_MT_DISTANCE, TOUCH_DISTANCE },
	{ ABS_MT_SLOT, TOUCH_NUM_AXES },
	{ ABS_MT_TRACKING_ID, TOUCH_NUM_AXES },
	{ ABS_MISC, TOUCH_NUM_AXES },
};

#define NUM_ABS_CODES (sizeof(abs_codes) / sizeof(abs_codes[0]))

static struct touch_range find_range(const struct input_config *config, unsigned int code)
{
	struct touch_range range = { .present = true };
	size_t i;

	if (code == ABS_MT_SLOT) {
		range.max = (int32_t)config->axes.slots - 1;
		return range;
	}
	if (code == ABS_MT_TRACKING_ID) {
		range.max = TOUCH_TRACKING_MAX;
		return range;
	}
	if (code == ABS_MISC) {
		range.present = config->levels > 0;
		range.max = (int32_t)config->levels - 1;
		return range;
	}
	for (i = 0; i < NUM_ABS_CODES; i++)
		if (abs_codes[i].code == code)
			return config->axes.range[abs_codes[i].axis];
	range.present = false;
	return range;
}

static void set_bit(struct virtio_input_config *reply, unsigned int bit)
{
	reply->u.bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
	if (reply->size < bit / 8 + 1)
		reply->size = (uint8_t)(bit / 8 + 1);
}

static void answer_events(const struct input_config *config, struct virtio_input_config *reply)
{
	size_t i;

	if (config->subsel == EV_KEY)
		set_bit(reply, BTN_TOUCH);
	if (config->subsel == EV_MSC && config->levels > 0)
		set_bit(reply, MSC_RAW);
	if (config->subsel != EV_ABS)
		return;
	for (i = 0; i < NUM_ABS_CODES; i++)
		if (find_range(config, abs_codes[i].code).present)
			set_bit(reply, abs_codes[i].code);
}

static void answer_range(const struct input_config *config, struct virtio_input_config *reply)
{
	struct touch_range range = find_range(config, config->subsel);

	if (!range.present)
		return;
	reply->u.abs.min = htole32((uint32_t)range.min);
	reply->u.abs.max = htole32((uint32_t)range.max);
	reply->u.abs.res = htole32((uint32_t)range.resolution);
	reply->size = sizeof(reply->u.abs);
}

static void answer_ids(const struct input_identity *identity, struct virtio_input_config *reply)
{
	reply->u.ids.bustype = htole16(identity->bus);
	reply->u.ids.vendor = htole16(identity->vendor);
	reply->u.ids.product = htole16(identity->product);
	reply->u.ids.version = htole16(identity->version);
	reply->size = sizeof(reply->u.ids);
}

static void answer_string(const char *string, struct virtio_input_config *reply)
{
	size_t length = strnlen(string, INPUT_CONFIG_STRING);

	memcpy(reply->u.string, string, length);
	reply->size = (uint8_t)length;
}

/* What the device does not know it answers with size 0 (5.8.5.2). */
static void answer(const struct input_config *config, struct virtio_input_config *reply)
{
	memset(reply, 0, sizeof(*reply));
	reply->select = config->select;
	reply->subsel = config->subsel;
	if (config->select == VIRTIO_INPUT_CFG_EV_BITS)
		answer_events(config, reply);
	if (config->select == VIRTIO_INPUT_CFG_ABS_INFO)
		answer_range(config, reply);
	if (config->subsel != 0)
		return; /* the rest has no second selector (5.8.4) */
	if (config->select == VIRTIO_INPUT_CFG_ID_NAME)
		answer_string(config->identity.name, reply);
	if (config->select == VIRTIO_INPUT_CFG_ID_SERIAL)
		answer_string(config->identity.serial, reply);
	if (config->select == VIRTIO_INPUT_CFG_ID_DEVIDS)
		answer_ids(&config->identity, reply);
	if (config->select == VIRTIO_INPUT_CFG_PROP_BITS)
		set_bit(reply, INPUT_PROP_DIRECT);
}

void input_config_read(const struct input_config *config, uint32_t offset, void *data, uint32_t len)
{
	struct virtio_input_config reply;

	answer(config, &reply);
	memcpy(data, (const uint8_t *)&reply + offset, len);
}

void input_config_write(struct input_config *config, uint32_t offset, const void *data, uint32_t len)
{
	const uint8_t *bytes = data;
	uint32_t i;

	for (i = 0; i < len; i++) {
		if (offset + i == offsetof(struct virtio_input_config, select))
			config->select = bytes[i];
		if (offset + i == offsetof(struct virtio_input_config, subsel))
			config->subsel = bytes[i];
	}
}

bool input_config_has_axes(const struct input_config *config, const struct touch_axes *axes)
{
	unsigned int i;

	if (config->axes.slots != axes->slots)
		return false;
	for (i = 0; i < TOUCH_NUM_AXES; i++) {
		const struct touch_range *x = &config->axes.range[i], *y = &axes->range[i];

		if (x->present != y->present || x->min != y->min || x->max != y->max || x->resolution != y->resolution)
			return false;
	}
	return true;
}
