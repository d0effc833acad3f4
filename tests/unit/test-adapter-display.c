// SPDX-License-Identifier: MIT
/* The front-end's end of the vhost-user-gpu socket, with a daemon that draws, and ones that should not be let. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter-fake.h"
#include "adapter/display/socket.h"

#define WAIT_MS 5000

/**
 * struct stage - a display, its daemon's end, and what was shown
 * @last: pixel of the picture's end
 */
struct stage {
	struct display *display;
	int fd;
	unsigned int width;
	unsigned int height;
	unsigned int rows;
	unsigned int pictures;
	unsigned int gone;
	struct display_rect rect;
	uint32_t last;
};

static void on_resize(void *data, unsigned int screen, unsigned int width, unsigned int height)
{
	struct stage *s = data;

	s->width = width;
	s->height = height;
}

static void on_row(void *data, const struct display_rect *rect, const uint32_t *pixels)
{
	struct stage *s = data;

	s->rect = *rect;
	s->last = pixels[rect->width - 1];
	s->rows++;
}

static void on_done(void *data, unsigned int screen)
{
	struct stage *s = data;

	s->pictures++;
}

static void on_gone(void *data)
{
	struct stage *s = data;

	s->gone++;
}

static const struct screen screen = {
	.resize = on_resize,
	.row = on_row,
	.done = on_done,
	.gone = on_gone,
};

static void reconnect(struct stage *s)
{
	const struct timeval patience = { .tv_sec = WAIT_MS / 1000 };

	assert_int_equal(display_connect(s->display, &s->fd), 0);
	setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static int begin(void **state)
{
	struct stage *s = test_calloc(1, sizeof(*s));

	*state = s;
	assert_int_equal(display_new(640, 480, 2, &screen, s, &s->display), 0);
	reconnect(s);
	return 0;
}

static int end(void **state)
{
	struct stage *s = *state;

	close(s->fd);
	display_free(s->display);
	test_free(s);
	return 0;
}

static void put(struct stage *s, uint32_t request, const void *payload, uint32_t size)
{
	struct gpu_header header = { .request = request, .size = size };

	assert_int_equal(send(s->fd, &header, sizeof(header), MSG_NOSIGNAL), sizeof(header));
	if (size)
		assert_int_equal(send(s->fd, payload, size, MSG_NOSIGNAL), size);
}

/* The answer to @request, which has @size bytes. */
static void get(struct stage *s, uint32_t request, void *payload, uint32_t size)
{
	struct gpu_header header;

	assert_int_equal(recv(s->fd, &header, sizeof(header), MSG_WAITALL), sizeof(header));
	assert_int_equal(header.request, request);
	assert_int_equal(header.flags, GPU_FLAG_REPLY);
	assert_int_equal(header.size, size);
	if (size)
		assert_int_equal(recv(s->fd, payload, size, MSG_WAITALL), size);
}

/* All that was sent before has been looked at. */
static void sync_up(struct stage *s)
{
	uint64_t features = 1;

	put(s, GPU_GET_PROTOCOL_FEATURES, NULL, 0);
	get(s, GPU_GET_PROTOCOL_FEATURES, &features, sizeof(features));
	assert_int_equal(features, 0);
}

static bool hung_up(const struct stage *s)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	char byte;

	return poll(&pfd, 1, WAIT_MS) == 1 && recv(s->fd, &byte, 1, 0) <= 0;
}

static void questions_are_answered(void **state)
{
	struct virtio_gpu_resp_display_info info;
	struct gpu_update update = { .width = 640, .height = 480 };
	struct stage *s = *state;
	uint64_t none = 0;

	sync_up(s);
	put(s, GPU_SET_PROTOCOL_FEATURES, &none, sizeof(none));
	put(s, GPU_GET_DISPLAY_INFO, NULL, 0);
	get(s, GPU_GET_DISPLAY_INFO, &info, sizeof(info));
	assert_int_equal(sizeof(info), 408);
	assert_int_equal(info.hdr.type, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	assert_int_equal(info.pmodes[1].r.width, 640);
	assert_int_equal(info.pmodes[1].r.height, 480);
	assert_int_equal(info.pmodes[1].enabled, 1);
	assert_int_equal(info.pmodes[2].enabled, 0);
	/* Whoever is not answered here stops the driver. */
	put(s, GPU_DMABUF_UPDATE, &update, sizeof(update));
	get(s, GPU_DMABUF_UPDATE, NULL, 0);
}

static void pictures_come_in_rows(void **state)
{
	struct {
		struct gpu_update rect;
		uint32_t pixels[3 * 2];
	} msg = { { .screen = 1, .x = 10, .y = 20, .width = 3, .height = 2 }, { 1, 2, 3, 4, 5, 6 } };
	struct gpu_scanout scanout = { .screen = 1, .width = 640, .height = 480 };
	struct stage *s = *state;

	put(s, GPU_SCANOUT, &scanout, sizeof(scanout));
	put(s, GPU_UPDATE, &msg, sizeof(msg));
	sync_up(s);
	assert_int_equal(s->width, 640);
	assert_int_equal(s->height, 480);
	assert_int_equal(s->rows, 2);
	assert_int_equal(s->pictures, 1);
	assert_int_equal(s->rect.screen, 1);
	assert_int_equal(s->rect.x, 10);
	assert_int_equal(s->rect.y, 21);
	assert_int_equal(s->last, 6);
	/* Empty ones are none. */
	msg.rect.width = 0;
	put(s, GPU_UPDATE, &msg, sizeof(msg.rect));
	sync_up(s);
	assert_int_equal(s->rows, 2);
}

static void cursors_are_read_over(void **state)
{
	static const uint8_t cursor[sizeof(struct gpu_cursor_update) + GPU_CURSOR_BYTES];
	struct stage *s = *state;

	put(s, GPU_CURSOR_UPDATE, cursor, sizeof(cursor));
	put(s, GPU_CURSOR_POS, cursor, sizeof(struct gpu_cursor_pos));
	put(s, GPU_CURSOR_POS_HIDE, cursor, sizeof(struct gpu_cursor_pos));
	sync_up(s);
}

/* Descriptors that come along are closed, also those of nobody's business. */
static void descriptors_are_closed(void **state)
{
	struct gpu_dmabuf_scanout dmabuf = { .rect = { .width = 640, .height = 480 } };
	struct gpu_header header = { .request = GPU_DMABUF_SCANOUT, .size = sizeof(dmabuf) };
	union {
		struct cmsghdr cmsg;
		char space[CMSG_SPACE(32 * sizeof(int))];
	} control = { .cmsg = { CMSG_LEN(32 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov[] = { { &header, sizeof(header) }, { &dmabuf, sizeof(dmabuf) } };
	struct msghdr mh = {
		.msg_iov = iov, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct stage *s = *state;
	unsigned int before;

	sync_up(s);
	before = fake_open_fds();
	/* 32 times standard input */
	assert_true(sendmsg(s->fd, &mh, MSG_NOSIGNAL) > 0);
	sync_up(s);
	assert_int_equal(fake_open_fds(), before);
}

static void nonsense_ends_the_connection(void **state)
{
	static const struct {
		uint32_t request, size, words[10];
	} cases[] = {
		{ 0, 0, { 0 } },
		{ 99, 0, { 0 } },
		{ 11, 4, { 0 } }, /* GET_EDID, which was not offered */
		{ UINT32_MAX, UINT32_MAX, { 0 } },
		{ GPU_GET_DISPLAY_INFO, 4, { 0 } },
		{ GPU_SCANOUT, 8, { 0 } },
		{ GPU_SCANOUT, UINT32_MAX, { 0 } },
		{ GPU_SCANOUT, 12, { 2, 1, 1 } },
		{ GPU_SCANOUT, 12, { 0, DISPLAY_MAX_SIZE + 1, 1 } },
		{ GPU_UPDATE, 16, { 0 } },
		{ GPU_UPDATE, 20, { 0, 0, 0, 1, 1 } },
		{ GPU_UPDATE, 24, { 2, 0, 0, 1, 1 } },
		{ GPU_UPDATE, 24, { 0, UINT32_MAX, 0, 2, 1 } },
		{ GPU_UPDATE, 20, { 0, 0, 0, 0x10000, 0x10000 } },
		{ GPU_UPDATE, 28, { 0, 0, 0, 1, 1 } },
		{ GPU_CURSOR_UPDATE, 20, { 0 } },
		{ GPU_DMABUF_UPDATE, 20, { 5 } },
		{ GPU_DMABUF_SCANOUT, 40, { 0, 0, 0, UINT32_MAX, 1 } },
	};
	unsigned int before = fake_open_fds();
	struct stage *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gpu_header header = { .request = cases[i].request, .size = cases[i].size };

		send(s->fd, &header, sizeof(header), MSG_NOSIGNAL);
		send(s->fd, cases[i].words, header.size < 40 ? header.size : 40, MSG_NOSIGNAL);
		if (!hung_up(s))
			fail_msg("case %zu: still connected", i);
		close(s->fd);
		reconnect(s);
		assert_int_equal(s->gone, i + 1);
		sync_up(s);
	}
	assert_int_equal(fake_open_fds(), before);
}

/* In the middle of a message, and while nobody reads its answers */
static void it_can_always_be_left(void **state)
{
	struct gpu_header header = { .request = GPU_UPDATE, .size = 100 };
	struct stage *s = *state;

	assert_int_equal(send(s->fd, &header, sizeof(header), MSG_NOSIGNAL), sizeof(header));
	display_disconnect(s->display);
	assert_int_equal(s->gone, 1);
	close(s->fd);
	reconnect(s);
	header = (struct gpu_header) { .request = GPU_GET_DISPLAY_INFO };
	while (send(s->fd, &header, sizeof(header), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(header))
		;
	display_disconnect(s->display);
	assert_int_equal(s->gone, 2);
	display_disconnect(s->display);
}

/* Nobody looks. */
static void without_a_screen(void **state)
{
	struct gpu_scanout scanout = { .width = 1, .height = 1 };
	struct gpu_update update[2] = { { .width = 5, .height = 1 } };
	struct stage s = { 0 };

	assert_int_equal(display_new(0, 0, 1, NULL, NULL, &s.display), 0);
	reconnect(&s);
	put(&s, GPU_SCANOUT, &scanout, sizeof(scanout));
	put(&s, GPU_UPDATE, update, sizeof(update));
	sync_up(&s);
	display_free(s.display);
	close(s.fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions_are_answered),
		TEST(pictures_come_in_rows),
		TEST(cursors_are_read_over),
		TEST(descriptors_are_closed),
		TEST(nonsense_ends_the_connection),
		TEST(it_can_always_be_left),
		cmocka_unit_test(without_a_screen),
	};

	return cmocka_run_group_tests_name("adapter-display", tests, NULL, NULL);
}
