// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"

struct pair {
	int ours;
	int theirs;
	unsigned int fds_before;
};

static unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int num = 0;

	assert_non_null(dir);
	while (readdir(dir))
		num++;
	closedir(dir);
	return num;
}

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	int sv[2];

	assert_non_null(p);
	p->fds_before = open_fds();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	p->ours = sv[0];
	p->theirs = sv[1];
	*state = p;
	return 0;
}

/* Whatever happened in between, no descriptor may be left. */
static int tear_down(void **state)
{
	struct pair *p = *state;
	unsigned int left;

	close(p->ours);
	if (p->theirs >= 0)
		close(p->theirs);
	left = open_fds() - p->fds_before;
	free(p);
	return left ? -1 : 0;
}

static void send_raw(int fd, const void *data, size_t len, unsigned int num_fds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(64 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	const int any = STDIN_FILENO; /* not one of the pair: it would keep the connection open */
	unsigned int i;

	memset(&control, 0, sizeof(control));
	if (num_fds) {
		struct cmsghdr *c;

		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(num_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(num_fds * sizeof(int));
		for (i = 0; i < num_fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &any, sizeof(any));
	}
	assert_int_equal(sendmsg(fd, &mh, 0), len);
}

static void there_and_back(void **state)
{
	struct pair *p = *state;
	struct vhu_msg out, in;
	int i;

	for (i = 0; i <= VHU_MAX_FDS; i++) {
		int k;

		memset(&out, 0, sizeof(out));
		out.request = VHU_SET_CONFIG;
		out.flags = VHU_VERSION | VHU_FLAG_NEED_REPLY;
		out.size = (uint32_t)i * 7;
		memset(out.payload.config.data, 0x5a, sizeof(out.payload.config.data));
		out.num_fds = (unsigned int)i;
		for (k = 0; k < i; k++)
			out.fds[k] = p->ours;
		assert_int_equal(vhu_channel_send(p->theirs, &out, 100), 0);
		assert_int_equal(vhu_channel_recv(p->ours, &in, 100), 0);
		assert_int_equal(in.request, out.request);
		assert_int_equal(in.flags, out.flags);
		assert_int_equal(in.size, out.size);
		assert_memory_equal(&in.payload, &out.payload, out.size);
		assert_int_equal(in.num_fds, i);
		for (k = 0; k < i; k++)
			assert_true(fcntl(in.fds[k], F_GETFD) & FD_CLOEXEC);
		vhu_msg_close_fds(&in);
		assert_int_equal(in.num_fds, 0);
	}
}

static void byte_by_byte(void **state)
{
	struct pair *p = *state;
	struct {
		struct vhu_header header;
		uint64_t value;
	} __attribute__((packed)) wire = { { VHU_SET_FEATURES, VHU_VERSION, 8 }, 0x1122334455667788 };
	struct vhu_msg in;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		size_t i;

		for (i = 0; i < sizeof(wire); i++) {
			if (write(p->theirs, (char *)&wire + i, 1) != 1)
				_exit(1);
			usleep(1000);
		}
		_exit(0);
	}
	assert_int_equal(vhu_channel_recv(p->ours, &in, 5000), 0);
	assert_int_equal(in.size, 8);
	assert_true(in.payload.u64 == 0x1122334455667788);
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void half_a_message_costs_the_timeout(void **state)
{
	struct pair *p = *state;
	const struct vhu_header header = { VHU_SET_FEATURES, VHU_VERSION, 8 };
	struct timespec begin;
	struct vhu_msg in;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	send_raw(p->theirs, &header, sizeof(header), 2);
	assert_int_equal(vhu_channel_recv(p->ours, &in, 60), -ETIMEDOUT);
	assert_true(elapsed_ms(&begin) >= 55);
	send_raw(p->theirs, "x", 1, 0);
	assert_int_equal(vhu_channel_recv(p->ours, &in, 0), -ETIMEDOUT);
}

static void closed_by_the_peer(void **state)
{
	struct pair *p = *state;
	const struct vhu_header header = { VHU_SET_FEATURES, VHU_VERSION, 8 };
	struct vhu_msg in;

	send_raw(p->theirs, &header, sizeof(header), 1);
	close(p->theirs);
	p->theirs = -1;
	assert_int_equal(vhu_channel_recv(p->ours, &in, -1), -ECONNRESET); /* in the middle */
	assert_int_equal(vhu_channel_recv(p->ours, &in, -1), -ECONNRESET); /* and between messages */
}

static void bad_headers(void **state)
{
	static const struct vhu_header bad[] = {
		{ VHU_GET_FEATURES, 0, 0 },
		{ VHU_GET_FEATURES, 2, 0 },
		{ VHU_GET_FEATURES, 3, 0 },
		{ VHU_SET_CONFIG, VHU_VERSION, sizeof(((struct vhu_msg *)NULL)->payload) + 1 },
		{ VHU_SET_CONFIG, VHU_VERSION, 0x80000000 },
		{ VHU_SET_CONFIG, VHU_VERSION, UINT32_MAX },
	};
	struct pair *p = *state;
	struct vhu_msg in;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send_raw(p->theirs, &bad[i], sizeof(bad[i]), 3);
		assert_int_equal(vhu_channel_recv(p->ours, &in, 100), -EPROTO);
		assert_int_equal(in.num_fds, 0);
	}
}

static void flood_of_descriptors(void **state)
{
	static const unsigned int counts[] = { VHU_MAX_FDS + 1, VHU_MAX_FDS + 2, 64 };
	const struct vhu_header header = { VHU_GET_FEATURES, VHU_VERSION, 0 };
	struct pair *p = *state;
	struct vhu_msg in;
	size_t i;

	for (i = 0; i < 3; i++) {
		send_raw(p->theirs, &header, sizeof(header), counts[i]);
		assert_int_equal(vhu_channel_recv(p->ours, &in, 100), -EPROTO);
		assert_int_equal(in.num_fds, 0);
	}
}

static void descriptors_in_the_middle(void **state)
{
	const struct vhu_header header = { VHU_SET_FEATURES, VHU_VERSION, 8 };
	struct pair *p = *state;
	struct vhu_msg in;

	send_raw(p->theirs, &header, sizeof(header), 1);
	send_raw(p->theirs, "12345678", 8, 1);
	assert_int_equal(vhu_channel_recv(p->ours, &in, 100), -EPROTO);
	assert_int_equal(in.num_fds, 0);
}

static void nobody_reads(void **state)
{
	struct pair *p = *state;
	struct vhu_msg out;
	int r = 0, i;

	memset(&out, 0, sizeof(out));
	out.flags = VHU_VERSION;
	out.size = sizeof(out.payload);
	for (i = 0; i < 100000 && r == 0; i++)
		r = vhu_channel_send(p->theirs, &out, 30);
	assert_int_equal(r, -ETIMEDOUT);
	close(p->ours);
	p->ours = dup(0);
	assert_int_equal(vhu_channel_send(p->theirs, &out, 30), -ECONNRESET); /* and no SIGPIPE */
}

static void senders_mistakes(void **state)
{
	struct pair *p = *state;
	struct vhu_msg out;

	memset(&out, 0, sizeof(out));
	out.size = sizeof(out.payload) + 1;
	assert_int_equal(vhu_channel_send(p->theirs, &out, 30), -EINVAL);
	out.size = 0;
	out.num_fds = VHU_MAX_FDS + 1;
	assert_int_equal(vhu_channel_send(p->theirs, &out, 30), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_and_back),
		TEST(byte_by_byte),
		TEST(half_a_message_costs_the_timeout),
		TEST(closed_by_the_peer),
		TEST(bad_headers),
		TEST(flood_of_descriptors),
		TEST(descriptors_in_the_middle),
		TEST(nobody_reads),
		TEST(senders_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
