// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapter/display/socket.h"
#include "log.h"

#define MAX_FDS 8 /* more than any message has */

union payload {
	uint64_t features;
	struct gpu_cursor_pos cursor_pos;
	struct gpu_cursor_update cursor;
	struct gpu_scanout scanout;
	struct gpu_update update;
	struct gpu_dmabuf_scanout dmabuf;
};

struct connection {
	int fd;
	const struct gpu_viewer *viewer;
	const char *why;
	struct gpu_header header;
	union payload payload;
	uint32_t row[DISPLAY_MAX_SIZE];
};

/* Bytes of @payload that each request comes with; what follows them is read piece by piece. */
static const uint32_t fixed_size[] = {
	[GPU_SET_PROTOCOL_FEATURES] = sizeof(uint64_t),
	[GPU_CURSOR_POS] = sizeof(struct gpu_cursor_pos),
	[GPU_CURSOR_POS_HIDE] = sizeof(struct gpu_cursor_pos),
	[GPU_CURSOR_UPDATE] = sizeof(struct gpu_cursor_update),
	[GPU_SCANOUT] = sizeof(struct gpu_scanout),
	[GPU_UPDATE] = sizeof(struct gpu_update),
	[GPU_DMABUF_SCANOUT] = sizeof(struct gpu_dmabuf_scanout),
	[GPU_DMABUF_UPDATE] = sizeof(struct gpu_update),
};

static int bad(struct connection *c, const char *why)
{
	c->why = why;
	return -EPROTO;
}

static void close_fds(struct msghdr *mh)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(mh); cmsg; cmsg = CMSG_NXTHDR(mh, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			close(fd);
		}
	}
}

/* Descriptors (dmabufs) are of no use to us, and closed. 0, -ECONNRESET at the end, or -errno. */
static int receive(int fd, void *data, size_t len)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} control;

	while (len) {
		struct iovec iov = { .iov_base = data, .iov_len = len };
		struct msghdr mh = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.space,
			.msg_controllen = sizeof(control.space),
		};
		ssize_t n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		close_fds(&mh);
		if (!n)
			return -ECONNRESET;
		data = (char *)data + n;
		len -= (size_t)n;
	}
	return 0;
}

static int reply(const struct connection *c, const void *data, uint32_t size)
{
	struct gpu_header header = { .request = c->header.request, .flags = GPU_FLAG_REPLY, .size = size };
	struct iovec iov[] = { { &header, sizeof(header) }, { (void *)data, size } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = size ? 2 : 1 };
	ssize_t n = sendmsg(c->fd, &mh, MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(header) + size ? 0 : -ECONNRESET;
}

static int set_size(struct connection *c)
{
	const struct gpu_viewer *viewer = c->viewer;
	const struct gpu_scanout *msg = &c->payload.scanout;

	if (msg->screen >= viewer->num_screens)
		return bad(c, "draws on a screen that is not there");
	if (msg->width > DISPLAY_MAX_SIZE || msg->height > DISPLAY_MAX_SIZE)
		return bad(c, "wants a screen that is too large");
	vhu_debug("screen %u is %u by %u", msg->screen, msg->width, msg->height);
	if (viewer->screen && viewer->screen->resize)
		viewer->screen->resize(viewer->data, msg->screen, msg->width, msg->height);
	return 0;
}

static int check_rect(struct connection *c, const struct gpu_update *msg)
{
	if (msg->screen >= c->viewer->num_screens)
		return bad(c, "draws on a screen that is not there");
	if (msg->x > DISPLAY_MAX_SIZE || msg->width > DISPLAY_MAX_SIZE - msg->x || msg->y > DISPLAY_MAX_SIZE ||
		msg->height > DISPLAY_MAX_SIZE - msg->y)
		return bad(c, "draws beyond any screen");
	return 0;
}

static int read_picture(struct connection *c)
{
	const struct gpu_update *msg = &c->payload.update;
	const struct screen *screen = c->viewer->screen;
	struct display_rect rect = { msg->screen, msg->x, msg->y, msg->width, 1 };
	uint32_t left = c->header.size - (uint32_t)sizeof(*msg);
	int ret = check_rect(c, msg);

	if (!ret && left != sizeof(uint32_t) * msg->width * msg->height)
		ret = bad(c, "sends a picture of another size than it says");
	for (uint32_t i = 0; !ret && msg->width && i < msg->height; i++, rect.y++) {
		ret = receive(c->fd, c->row, msg->width * sizeof(uint32_t));
		if (!ret && screen && screen->row)
			screen->row(c->viewer->data, &rect, c->row);
	}
	if (!ret)
		vhu_debug("screen %u: picture of %u by %u at %u, %u", msg->screen, msg->width, msg->height, msg->x,
			msg->y);
	if (!ret && screen && screen->done)
		screen->done(c->viewer->data, msg->screen);
	return ret;
}

/* Pictures in a memory of their own are not looked at, but the daemon waits for its answer. */
static int dmabuf_scanout(struct connection *c)
{
	const struct gpu_update *msg = &c->payload.dmabuf.rect;

	vhu_debug("screen %u is a dmabuf, %u by %u", msg->screen, msg->width, msg->height);
	return check_rect(c, msg);
}

static int dmabuf_update(struct connection *c)
{
	const struct gpu_update *msg = &c->payload.update;
	int ret = check_rect(c, msg);

	vhu_debug("screen %u: dmabuf of %u by %u at %u, %u", msg->screen, msg->width, msg->height, msg->x, msg->y);
	return ret ? ret : reply(c, NULL, 0);
}

static int act(struct connection *c)
{
	const uint64_t no_features = 0; /* EDID and DMABUF2 */

	switch (c->header.request) {
	case GPU_GET_PROTOCOL_FEATURES: return reply(c, &no_features, sizeof(no_features));
	case GPU_GET_DISPLAY_INFO: return reply(c, &c->viewer->info, sizeof(c->viewer->info));
	case GPU_SCANOUT: return set_size(c);
	case GPU_UPDATE: return read_picture(c);
	case GPU_CURSOR_UPDATE: return receive(c->fd, c->row, GPU_CURSOR_BYTES);
	case GPU_DMABUF_SCANOUT: return dmabuf_scanout(c);
	case GPU_DMABUF_UPDATE: return dmabuf_update(c);
	default: return 0;
	}
}

static int check_size(struct connection *c, uint32_t fixed)
{
	uint32_t size = c->header.size;

	switch (c->header.request) {
	case GPU_UPDATE: return size >= fixed ? 0 : bad(c, "sends a message that is too short");
	case GPU_CURSOR_UPDATE: fixed += GPU_CURSOR_BYTES; break;
	default: break;
	}
	return size == fixed ? 0 : bad(c, "sends a message of a wrong size");
}

static int serve_one(struct connection *c)
{
	uint32_t fixed;
	int ret = receive(c->fd, &c->header, sizeof(c->header));

	if (ret)
		return ret;
	if (!c->header.request || c->header.request >= sizeof(fixed_size) / sizeof(fixed_size[0]))
		return bad(c, "sends an unknown message");
	fixed = fixed_size[c->header.request];
	ret = check_size(c, fixed);
	if (!ret)
		ret = receive(c->fd, &c->payload, fixed);
	return ret ? ret : act(c);
}

int gpu_serve(int fd, const struct gpu_viewer *viewer, const char **why)
{
	struct connection c = { .fd = fd, .viewer = viewer };
	int ret;

	do {
		ret = serve_one(&c);
	} while (!ret);
	if (viewer->screen && viewer->screen->gone)
		viewer->screen->gone(viewer->data);
	*why = c.why;
	return ret == -EPROTO ? ret : 0;
}
