// SPDX-License-Identifier: MIT
#include "tests/protocol/console-expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK 131072

void con_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", getenv("WORK"), name);
}

int con_client(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	con_path(addr.sun_path, sizeof(addr.sun_path), name);
	assert_true(fd >= 0);
	for (int left = CON_WAIT_MS; connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0; left -= 10) {
		if (left <= 0)
			fail_msg("%s: %s", addr.sun_path, strerror(errno));
		usleep(10000);
	}
	return fd;
}

void con_expect(int fd, const char *text)
{
	char got[CHUNK];
	size_t len = strlen(text), done = 0;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	while (done < len) {
		ssize_t n;

		if (poll(&pfd, 1, CON_WAIT_MS) != 1)
			fail_msg("only %zu of %zu bytes came", done, len);
		n = read(fd, got + done, len - done);
		assert_true(n > 0);
		done += (size_t)n;
	}
	assert_memory_equal(got, text, len);
}

void con_expect_silence(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, CON_SILENCE_MS), 0);
}

void con_expect_message(struct frontend *fe, uint32_t id, uint16_t event, uint16_t value)
{
	struct virtio_console_control msg;
	char rest[CON_ROOM];

	assert_int_equal(con_hear(fe, &msg, rest, CON_WAIT_MS), 0);
	assert_int_equal(msg.id, id);
	assert_int_equal(msg.event, event);
	assert_int_equal(msg.value, value);
}

void con_expect_name(struct frontend *fe, uint32_t id, const char *name)
{
	struct virtio_console_control msg;
	char rest[CON_ROOM];

	assert_int_equal(con_hear(fe, &msg, rest, CON_WAIT_MS), strlen(name));
	assert_int_equal(msg.id, id);
	assert_int_equal(msg.event, VIRTIO_CONSOLE_PORT_NAME);
	assert_memory_equal(rest, name, strlen(name));
}

void con_expect_size(struct frontend *fe, uint32_t id, uint16_t cols, uint16_t rows)
{
	struct virtio_console_control msg;
	char rest[CON_ROOM];
	uint16_t size[2];

	assert_int_equal(con_hear(fe, &msg, rest, CON_WAIT_MS), sizeof(size));
	assert_int_equal(msg.id, id);
	assert_int_equal(msg.event, VIRTIO_CONSOLE_RESIZE);
	memcpy(size, rest, sizeof(size));
	assert_int_equal(size[0], cols);
	assert_int_equal(size[1], rows);
}

void con_expect_no_message(struct frontend *fe)
{
	struct virtio_console_control msg;
	char rest[CON_ROOM];

	if (con_hear(fe, &msg, rest, CON_SILENCE_MS) >= 0)
		fail_msg("a message that nobody expects: port %u, event %u, value %u", msg.id, msg.event, msg.value);
}
