// SPDX-License-Identifier: MIT
/*
 * The smallest device that uses all of the library, so that the library can be
 * tested without hardware.
 *
 *	queue 0   what the driver wrote comes back, at once
 *	queue 1   the same, but held until the driver writes FLUSH
 *	config    16 bytes that the driver may write; the first is a command
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/protocol/echo-device.h"
#include "vhost-user/device.h"
#include "vhost-user/log.h"

#define MAX_HELD  64
#define MAX_BYTES 65536

struct echo {
	uint8_t config[ECHO_CONFIG_SIZE];
	struct virtq_elem *held[MAX_HELD];
	unsigned int num_held;
	bool fail_to_start;
	uint8_t buffer[MAX_BYTES];
};

enum {
	OPT_FAIL = 0x2000,
};

static const struct argp_option options[] = {
	{ "fail", OPT_FAIL, NULL, 0, "Fail as if there was no hardware", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct echo *echo = state->input;

	if (key != OPT_FAIL)
		return ARGP_ERR_UNKNOWN;
	echo->fail_to_start = true;
	return 0;
}

static const struct argp argp = { .options = options, .parser = parse_option };

static void *echo_new(void)
{
	return calloc(1, sizeof(struct echo));
}

static int echo_init(struct vhu_dev *dev, void *state)
{
	const struct echo *echo = state;

	if (echo->fail_to_start) {
		vhu_err("no hardware, as --fail asked for; leave it out");
		return -ENODEV;
	}
	vhu_dev_set_queues(dev, ECHO_QUEUES);
	vhu_dev_set_config_size(dev, ECHO_CONFIG_SIZE);
	return 0;
}

static void answer(struct echo *echo, struct virtq *vq, struct virtq_elem *elem)
{
	size_t n = virtq_iov_read(elem->out, elem->out_num, 0, echo->buffer, sizeof(echo->buffer));

	n = virtq_iov_write(elem->in, elem->in_num, 0, echo->buffer, n);
	virtq_push(vq, elem, (uint32_t)n);
}

static void echo_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct echo *echo = vhu_dev_state(dev);
	struct virtq_elem *elem;
	int r;

	while ((r = virtq_pop(vq, &elem)) > 0) {
		if (virtq_index(vq) == ECHO_NOW) {
			answer(echo, vq, elem);
		} else if (echo->num_held < MAX_HELD) {
			echo->held[echo->num_held++] = elem;
		} else {
			virtq_unpop(vq, elem);
			break;
		}
	}
	virtq_notify(vq);
	if (r < 0)
		vhu_dev_fail(dev, virtq_broken(vq));
}

static void echo_stop(struct vhu_dev *dev, struct virtq *vq)
{
	struct echo *echo = vhu_dev_state(dev);

	if (virtq_index(vq) == ECHO_HELD)
		echo->num_held = 0;
}

static int echo_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len)
{
	const struct echo *echo = vhu_dev_state(dev);

	memcpy(data, echo->config + offset, len);
	return 0;
}

static void flush(struct vhu_dev *dev, struct echo *echo)
{
	struct virtq *vq = vhu_dev_queue(dev, ECHO_HELD);
	unsigned int i;

	for (i = 0; i < echo->num_held; i++)
		answer(echo, vq, echo->held[i]);
	echo->num_held = 0;
	virtq_notify(vq);
}

static int echo_set_config(struct vhu_dev *dev, uint32_t offset, const void *data, uint32_t len)
{
	struct echo *echo = vhu_dev_state(dev);

	memcpy(echo->config + offset, data, len);
	switch (echo->config[0]) {
	case ECHO_FLUSH: flush(dev, echo); return 0;
	case ECHO_CHANGE: return vhu_dev_config_changed(dev);
	case ECHO_REFUSE: return -EINVAL;
	case ECHO_FAIL: vhu_dev_fail(dev, "the driver asked for it"); return 0;
	default: return 0;
	}
}

static void echo_reset(struct vhu_dev *dev)
{
	struct echo *echo = vhu_dev_state(dev);

	memset(echo->config, 0, sizeof(echo->config));
}

static const char *const capabilities[] = { "now", "held", NULL };

static const struct vhu_device_type echo_type = {
	.type = "echo",
	.capabilities = capabilities,
	.description = "Echo, for tests of the vhost-user library",
	.options = &argp,
	.new = echo_new,
	.init = echo_init,
	.free = free,
	.get_config = echo_get_config,
	.set_config = echo_set_config,
	.queue_stop = echo_stop,
	.queue_kick = echo_kick,
	.reset = echo_reset,
};

int main(int argc, char **argv)
{
	return vhu_daemon_main(&echo_type, argc, argv);
}
