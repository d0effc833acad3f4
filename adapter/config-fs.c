// SPDX-License-Identifier: MIT
/* File systems (virtio 1.4, 5.11): the name to mount is ours to give, unless the daemon has one of its own. */
#include <endian.h>
#include <string.h>

#include "adapter/config.h"

#define TAG		   0
#define NUM_REQUEST_QUEUES 36

static bool fs_asks_daemon(const struct config_options *opt)
{
	return !opt->fs_tag;
}

static void fs_fill(const struct config *c, uint8_t *space)
{
	/* The first queue is for what overtakes requests (FORGET, INTERRUPT). */
	uint32_t num = htole32(c->num_queues - 1);

	if (!c->opt->fs_tag)
		return;
	memcpy(space + TAG, c->opt->fs_tag, strnlen(c->opt->fs_tag, CONFIG_TAG_LEN));
	memcpy(space + NUM_REQUEST_QUEUES, &num, sizeof(num));
}

const struct config_own config_fs = {
	.asks_daemon = fs_asks_daemon,
	.missing = "give the name to mount it by with --fs-tag",
	.fill = fs_fill,
};
