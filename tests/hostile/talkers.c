// SPDX-License-Identifier: MIT
/* The device types that have a dialogue before anything works: console, sound, graphics. */
#include "tests/hostile/model.h"

#include <endian.h>
#include <linux/virtio_console.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_snd.h>
#include <string.h>

#define BIT(n) (1ULL << (n))

/* A console, whose driver busy-waits with interrupts off, and a port that is none. */
#define PORTS	 2
#define Q_TO_US	 3
#define Q_EVENTS 2

static void console_config(struct model_state *s, uint8_t *out)
{
	struct virtio_console_config config = {
		.cols = htole16(80),
		.rows = htole16(25),
		.max_nr_ports = htole32(PORTS),
	};

	memcpy(out, &config, 12);
}

/* What the device says next, once the driver has said that it is ready. */
static uint32_t console_event(struct model_state *s, const struct chain *chain)
{
	static const struct {
		uint16_t event, value;
	} script[] = {
		{ VIRTIO_CONSOLE_PORT_ADD, 1 },
		{ VIRTIO_CONSOLE_CONSOLE_PORT, 1 },
		{ VIRTIO_CONSOLE_PORT_NAME, 1 },
		{ VIRTIO_CONSOLE_PORT_OPEN, 1 },
	};
	unsigned int port = (s->step - 1) / 4, line = (s->step - 1) % 4;
	struct virtio_console_control control;
	uint32_t len;

	if (!s->step || port >= PORTS)
		return 0;
	control = (struct virtio_console_control) {
		htole32(port),
		htole16(script[line].event),
		htole16(port && script[line].event == VIRTIO_CONSOLE_CONSOLE_PORT ? 0 : script[line].value),
	};
	s->step++;
	len = (uint32_t)chain_write(chain, 0, &control, sizeof(control));
	if (script[line].event == VIRTIO_CONSOLE_PORT_NAME)
		len += (uint32_t)chain_write(chain, len, port ? "hostile.1" : "hostile.0", 9);
	return len;
}

static uint32_t console_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	struct virtio_console_control control = { 0 };

	if (queue == Q_EVENTS)
		return console_event(s, chain);
	if (queue == Q_TO_US) {
		chain_read(chain, 0, &control, sizeof(control));
		if (le16toh(control.event) == VIRTIO_CONSOLE_DEVICE_READY)
			s->step = 1;
	}
	return queue & 1 ? 0 : (uint32_t)chain_write(chain, 0, "words for the port\n", 19);
}

const struct model model_console = {
	.name = "console",
	.id = VIRTIO_ID_CONSOLE,
	.num_queues = 2 * (PORTS + 1),
	.config_size = 12,
	.always = BIT(VIRTIO_CONSOLE_F_MULTIPORT),
	.maybe = BIT(VIRTIO_CONSOLE_F_SIZE),
	.unasked = BIT(0) | BIT(2) | BIT(4),
	.config = console_config,
	.answer = console_answer,
};

static void snd_config(struct model_state *s, uint8_t *out)
{
	struct virtio_snd_config config = {
		.jacks = htole32(1),
		.streams = htole32(2),
		.chmaps = htole32(1),
	};

	memcpy(out, &config, 12);
}

static uint32_t snd_info(const struct chain *chain, const struct virtio_snd_query_info *query)
{
	struct virtio_snd_hdr status = { htole32(VIRTIO_SND_S_OK) };
	struct virtio_snd_pcm_info pcm = {
		.formats = htole64(BIT(VIRTIO_SND_PCM_FMT_S16)),
		.rates = htole64(BIT(VIRTIO_SND_PCM_RATE_48000)),
		.channels_min = 2,
		.channels_max = 2,
	};
	struct virtio_snd_chmap_info chmap = { .channels = 2,
		.positions = { VIRTIO_SND_CHMAP_FL, VIRTIO_SND_CHMAP_FR } };
	uint32_t i, len = (uint32_t)chain_write(chain, 0, &status, sizeof(status));

	for (i = 0; i < le32toh(query->count) && i < 8; i++) {
		pcm.direction = (uint8_t)((le32toh(query->start_id) + i) & 1);
		if (le32toh(query->hdr.code) == VIRTIO_SND_R_PCM_INFO)
			chain_write(chain, len, &pcm, sizeof(pcm));
		else if (le32toh(query->hdr.code) == VIRTIO_SND_R_CHMAP_INFO)
			chain_write(chain, len, &chmap, sizeof(chmap));
		len += le32toh(query->size);
	}
	return len;
}

static uint32_t snd_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	struct virtio_snd_query_info query = { 0 };
	uint32_t status = htole32(VIRTIO_SND_S_OK);
	struct virtio_snd_event event = { { htole32(VIRTIO_SND_EVT_JACK_CONNECTED + chance_below(s->chance, 2)) }, 0 };

	model_zero(chain);
	switch (queue) {
	case 0: chain_read(chain, 0, &query, sizeof(query)); return snd_info(chain, &query);
	case 1: return (uint32_t)chain_write(chain, 0, &event, sizeof(event));
	default:
		chain_write(chain, chain->in_len >= 8 ? chain->in_len - 8 : 0, &status, sizeof(status));
		return chain->in_len;
	}
}

const struct model model_snd = {
	.name = "snd",
	.id = VIRTIO_ID_SOUND,
	.num_queues = 4,
	.config_size = 12,
	.unasked = BIT(1),
	.config = snd_config,
	.answer = snd_answer,
};

static void gpu_config(struct model_state *s, uint8_t *out)
{
	struct virtio_gpu_config config = { .num_scanouts = htole32(1) };

	memcpy(out, &config, sizeof(config));
}

static uint32_t gpu_answer(struct model_state *s, unsigned int queue, const struct chain *chain)
{
	struct virtio_gpu_ctrl_hdr req = { 0 };
	struct virtio_gpu_ctrl_hdr resp = { 0 };
	struct virtio_gpu_display_one mode = { .r = { .width = htole32(640), .height = htole32(480) },
		.enabled = htole32(1) };

	if (queue)
		return 0;
	model_zero(chain);
	chain_read(chain, 0, &req, sizeof(req));
	resp.type = htole32(VIRTIO_GPU_RESP_OK_NODATA);
	resp.flags = req.flags & htole32(VIRTIO_GPU_FLAG_FENCE);
	resp.fence_id = req.fence_id;
	resp.ctx_id = req.ctx_id;
	if (le32toh(req.type) == VIRTIO_GPU_CMD_GET_DISPLAY_INFO) {
		resp.type = htole32(VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
		chain_write(chain, sizeof(resp), &mode, sizeof(mode));
	} else if (le32toh(req.type) == VIRTIO_GPU_CMD_GET_EDID) {
		resp.type = htole32(VIRTIO_GPU_RESP_OK_EDID);
	}
	chain_write(chain, 0, &resp, sizeof(resp));
	return chain->in_len;
}

const struct model model_gpu = {
	.name = "gpu",
	.id = VIRTIO_ID_GPU,
	.num_queues = 2,
	.config_size = 16,
	.maybe = BIT(VIRTIO_GPU_F_EDID),
	.config = gpu_config,
	.answer = gpu_answer,
};
