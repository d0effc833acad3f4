// SPDX-License-Identifier: MIT
/* The device types whose dialogue is short. */
#include "tests/hostile/model.h"

#include <endian.h>
#include <linux/can.h>
#include <linux/input-event-codes.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_gpio.h>
#include <linux/virtio_i2c.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_input.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "virtio_can.h"

#define BIT(n)	(1ULL << (n))
#define SECTORS 8192

const struct model *model_find(const char *name)
{
	static const struct model *const all[] = { &model_blk, &model_input, &model_rng, &model_console, &model_snd,
		&model_gpio, &model_gpu, &model_net, &model_i2c, &model_can };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

uint32_t model_zero(const struct chain *chain)
{
	unsigned int i;

	for (i = 0; i < chain->num_in; i++)
		memset(chain->in[i].iov_base, 0, chain->in[i].iov_len);
	return chain->in_len;
}

static void blk_config(struct model_state *s, uint8_t *out)
{
	struct virtio_blk_config config = {
		.capacity = htole64((uint64_t)SECTORS << s->grown % 8),
		.size_max = htole32(65536),
		.seg_max = htole32(30),
		.blk_size = htole32(512),
		.num_queues = htole16(2),
		.max_discard_sectors = htole32(1024),
		.max_discard_seg = htole32(1),
		.discard_sector_alignment = htole32(8),
		.max_write_zeroes_sectors = htole32(1024),
		.max_write_zeroes_seg = htole32(1),
	};

	memcpy(out, &config, 60);
}

static uint32_t blk_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	return model_zero(chain); /* the status, VIRTIO_BLK_S_OK, too */
}

const struct model model_blk = {
	.name = "blk",
	.id = VIRTIO_ID_BLOCK,
	.num_queues = 2,
	.config_size = 60,
	.always = BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_MQ),
	.maybe = BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_GEOMETRY) | BIT(VIRTIO_BLK_F_BLK_SIZE) |
		BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_TOPOLOGY) | BIT(VIRTIO_BLK_F_CONFIG_WCE) |
		BIT(VIRTIO_BLK_F_DISCARD) | BIT(VIRTIO_BLK_F_WRITE_ZEROES),
	.config = blk_config,
	.answer = blk_answer,
};

static void set_bit_in(uint8_t *bits, unsigned int bit)
{
	bits[bit / 8] |= (uint8_t)(1U << bit % 8);
}

static void input_config(struct model_state *s, uint8_t *out)
{
	struct virtio_input_config config = { .select = s->config[0], .subsel = s->config[1] };

	switch (config.select) {
	case VIRTIO_INPUT_CFG_ID_NAME:
		config.size = 7;
		memcpy(config.u.string, "hostile", 7);
		break;
	case VIRTIO_INPUT_CFG_EV_BITS:
		config.size = 128;
		if (config.subsel == EV_KEY) {
			set_bit_in(config.u.bitmap, BTN_TOUCH);
			set_bit_in(config.u.bitmap, KEY_A);
		} else if (config.subsel == EV_ABS) {
			set_bit_in(config.u.bitmap, ABS_X);
			set_bit_in(config.u.bitmap, ABS_MT_SLOT);
			set_bit_in(config.u.bitmap, ABS_MT_POSITION_X);
			set_bit_in(config.u.bitmap, ABS_MT_TRACKING_ID);
		} else if (config.subsel == EV_MSC) {
			set_bit_in(config.u.bitmap, MSC_SCAN);
		} else {
			config.size = 0;
		}
		break;
	case VIRTIO_INPUT_CFG_ABS_INFO:
		config.size = sizeof(config.u.abs);
		config.u.abs.max = htole32(config.subsel == ABS_MT_SLOT ? 9 : 4095);
		break;
	}
	memcpy(out, &config, sizeof(config));
}

static uint32_t input_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	static const uint16_t kinds[][2] = { { EV_ABS, ABS_MT_SLOT }, { EV_ABS, ABS_MT_TRACKING_ID },
		{ EV_ABS, ABS_MT_POSITION_X }, { EV_KEY, BTN_TOUCH }, { EV_MSC, MSC_SCAN }, { EV_SYN, SYN_REPORT } };
	const uint16_t *kind = kinds[chance_below(s->chance, 6)];
	struct virtio_input_event event = {
		htole16(kind[0]),
		htole16(kind[1]),
		htole32(chance_below(s->chance, 10)),
	};

	return queue ? 0 : (uint32_t)chain_write(chain, 0, &event, sizeof(event));
}

const struct model model_input = {
	.name = "input",
	.id = VIRTIO_ID_INPUT,
	.num_queues = 2,
	.config_size = sizeof(struct virtio_input_config),
	.unasked = BIT(0),
	.config = input_config,
	.answer = input_answer,
};

static uint32_t rng_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	uint64_t word = chance_u64(s->chance);
	size_t done = 0;

	while (done < chain->in_len && chain_write(chain, done, &word, sizeof(word)))
		done += sizeof(word);
	return chain->in_len;
}

const struct model model_rng = {
	.name = "rng",
	.id = VIRTIO_ID_RNG,
	.num_queues = 1,
	.answer = rng_answer,
};

#define LINES 8
#define NAMES "lamp\0door\0horn\0wiper\0\0\0\0\0"

static void gpio_config(struct model_state *s, uint8_t *out)
{
	struct virtio_gpio_config config = {
		.ngpio = htole16(LINES),
		.gpio_names_size = htole32(sizeof(NAMES) - 1),
	};

	memcpy(out, &config, sizeof(config));
}

static uint32_t gpio_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	struct virtio_gpio_request req = { 0 };

	model_zero(chain);
	if (queue == 1) { /* an interrupt */
		uint8_t status = VIRTIO_GPIO_IRQ_STATUS_VALID;

		return (uint32_t)chain_write(chain, 0, &status, 1);
	}
	chain_read(chain, 0, &req, sizeof(req));
	if (le16toh(req.type) == VIRTIO_GPIO_MSG_GET_NAMES)
		return 1 + (uint32_t)chain_write(chain, 1, NAMES, sizeof(NAMES) - 1);
	return chain->in_len;
}

const struct model model_gpio = {
	.name = "gpio",
	.id = VIRTIO_ID_GPIO,
	.num_queues = 2,
	.config_size = sizeof(struct virtio_gpio_config),
	.maybe = BIT(VIRTIO_GPIO_F_IRQ),
	.unasked = BIT(1),
	.config = gpio_config,
	.answer = gpio_answer,
};

static void net_config(struct model_state *s, uint8_t *out)
{
	struct virtio_net_config config = {
		.mac = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 },
		.status = htole16(VIRTIO_NET_S_LINK_UP),
		.max_virtqueue_pairs = htole16(1),
		.mtu = htole16(1500),
	};

	memcpy(out, &config, 12);
}

/* An answer to an ARP question that nobody asked, or noise behind a header that makes sense. */
static uint32_t net_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	struct virtio_net_hdr_mrg_rxbuf hdr = { .num_buffers = htole16(1) };
	uint8_t frame[1500] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 8, 0, 0x45 };
	size_t len = 60 + chance_below(s->chance, sizeof(frame) - 60);

	if (queue)
		return 0;
	chain_write(chain, 0, &hdr, sizeof(hdr));
	return (uint32_t)(sizeof(hdr) + chain_write(chain, sizeof(hdr), frame, len));
}

const struct model model_net = {
	.name = "net",
	.id = VIRTIO_ID_NET,
	.num_queues = 2,
	.config_size = 12,
	.always = BIT(VIRTIO_NET_F_MAC),
	.maybe = BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_MTU) | BIT(VIRTIO_NET_F_MRG_RXBUF) |
		BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) |
		BIT(VIRTIO_NET_F_HOST_TSO4),
	.unasked = BIT(0),
	.config = net_config,
	.answer = net_answer,
};

static uint32_t i2c_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	return model_zero(chain); /* VIRTIO_I2C_MSG_OK */
}

const struct model model_i2c = {
	.name = "i2c",
	.id = VIRTIO_ID_I2C_ADAPTER,
	.num_queues = 1,
	.always = BIT(VIRTIO_I2C_F_ZERO_LENGTH_REQUEST),
	.answer = i2c_answer,
};

static void can_config(struct model_state *s, uint8_t *out)
{
	struct virtio_can_config config = { .status = 0 };

	memcpy(out, &config, sizeof(config));
}

/* A frame from the bus, now and then of a kind that the driver has not agreed to. */
static uint32_t can_frame(struct model_state *s, const struct chain *chain)
{
	static const uint16_t kinds[] = { 0, VIRTIO_CAN_FLAGS_RTR, VIRTIO_CAN_FLAGS_FD, VIRTIO_CAN_FLAGS_EXTENDED };
	uint16_t kind = kinds[chance_below(s->chance, 4)];
	uint16_t length = (uint16_t)chance_below(s->chance, kind == VIRTIO_CAN_FLAGS_FD ? CANFD_MAX_DLEN + 1 : 9);
	const struct virtio_can_rx frame = {
		.msg_type = htole16(VIRTIO_CAN_RX),
		.length = htole16(length),
		.flags = htole32(kind),
		.can_id = htole32(chance_below(s->chance, kind == VIRTIO_CAN_FLAGS_EXTENDED ? 1 << 29 : 1 << 11)),
	};
	const uint8_t sdu[CANFD_MAX_DLEN] = { 1, 2, 3, 4 };

	return (uint32_t)(chain_write(chain, 0, &frame, sizeof(frame)) +
		chain_write(chain, sizeof(frame), sdu, length));
}

static uint32_t can_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	return queue == 1 ? can_frame(s, chain) : model_zero(chain); /* VIRTIO_CAN_RESULT_OK */
}

const struct model model_can = {
	.name = "can",
	.id = 36, /* headers of Linux 6.1 lack the name */
	.num_queues = 3,
	.config_size = sizeof(struct virtio_can_config),
	.always = BIT(VIRTIO_CAN_F_CAN_CLASSIC),
	.maybe = BIT(VIRTIO_CAN_F_CAN_FD) | BIT(VIRTIO_CAN_F_RTR_FRAMES) | BIT(VIRTIO_CAN_F_LATE_TX_ACK),
	.unasked = BIT(1),
	.config = can_config,
	.answer = can_answer,
};
