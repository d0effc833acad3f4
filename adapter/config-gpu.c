// SPDX-License-Identifier: MIT
/* Graphics (virtio 1.4, 5.7): how many screens there are, and whether they changed, is known where they are: here. */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_gpu.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "adapter/config.h"
#include "adapter/display/display.h"

#define SCREENS	  1
#define AT(field) offsetof(struct virtio_gpu_config, field)

static bool gpu_asks_daemon(const struct config_options *opt)
{
	return true; /* num_capsets is its own */
}

static void gpu_fill(const struct config *c, uint8_t *space)
{
	uint32_t screens = htole32(SCREENS);

	/* Screens never change as long as nothing shows them. */
	memset(space + AT(events_read), 0, sizeof(uint32_t));
	memset(space + AT(events_clear), 0, sizeof(uint32_t));
	memcpy(space + AT(num_scanouts), &screens, sizeof(screens));
}

/* Only events_clear may be written, and there is nothing to clear. */
static int gpu_write(struct config *c, uint32_t offset, const void *data, uint32_t len)
{
	return 0;
}

static int gpu_start(struct config *c, struct frontend *fe, uint64_t negotiated)
{
	int fd, ret = 0;

	if (!c->display)
		ret = display_new(c->opt->width, c->opt->height, SCREENS, NULL, NULL, &c->display);
	/* Some daemons ignore a second socket while the first is open, so that ends here. */
	if (!ret)
		ret = display_connect(c->display, &fd);
	if (ret)
		return ret;
	ret = frontend_set_gpu_socket(fe, fd);
	close(fd);
	return ret;
}

const struct config_own config_gpu = {
	.asks_daemon = gpu_asks_daemon,
	.fill = gpu_fill,
	.write = gpu_write,
	.start = gpu_start,
};
