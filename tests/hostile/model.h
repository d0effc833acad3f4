/* SPDX-License-Identifier: MIT */
/*
 * What a device of a type answers when it behaves: enough for the stock driver
 * to bind and to be used. Misbehaving begins from there.
 */
#ifndef HOSTILE_MODEL_H
#define HOSTILE_MODEL_H

#include "tests/fuzz/chance.h"
#include "tests/hostile/rings.h"

#define CONFIG_MAX VHU_MAX_CONFIG

struct model_state {
	struct chance *chance;
	uint64_t features; /* negotiated */
	uint8_t config[CONFIG_MAX]; /* what the driver wrote there, for types that listen */
	unsigned int step; /* of a dialogue that the device leads */
	unsigned int grown; /* how often it was told to be twice as large (SIGUSR1), for types that can */
};

/**
 * struct model - a device type
 * @name: of --type
 * @id: virtio device id
 * @num_queues: of them
 * @config_size: bytes; 0: none
 * @always: feature bits that are offered
 * @maybe: feature bits of which each is offered or not, as the seed wants
 * @unasked: bit per queue whose buffers wait for something to happen in the device
 * @config: fills @config_size bytes
 * @answer: writes into the chain what belongs there; the length for the used ring. 0 with @unasked: nothing happens now
 */
struct model {
	const char *name;
	unsigned int id;
	unsigned int num_queues;
	unsigned int config_size;
	uint64_t always;
	uint64_t maybe;
	unsigned int unasked;
	void (*config)(struct model_state *s, uint8_t *out);
	uint32_t (*answer)(struct model_state *s, unsigned int queue, const struct chain *chain);
};

extern const struct model model_blk, model_input, model_rng, model_console, model_snd, model_gpio, model_gpu, model_net,
	model_i2c, model_can;

const struct model *model_find(const char *name);

/* The whole writable part with zeroes, and its length */
uint32_t model_zero(const struct chain *chain);

#endif /* HOSTILE_MODEL_H */
