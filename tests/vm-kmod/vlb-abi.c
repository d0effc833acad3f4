// SPDX-License-Identifier: MIT
/*
 * The ABI of /dev/virtio-loopback with everything wrong that can be.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/virtio_config.h>

#include "fake.h"
#include "tap.h"

static int open_node(int flags)
{
	int fd = open("/dev/virtio-loopback", O_RDWR | flags);

	FAKE_NEED(fd >= 0);
	return fd;
}

/* 0, or the errno of the ioctl. */
static int result(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

/* The errno of VLB_CREATE on a fresh file. */
static int create_result(struct vlb_create create)
{
	int fd = open_node(0), ret = result(fd, VLB_CREATE, &create);

	if (!ret)
		close(create.pool_fd);
	close(fd);
	return ret;
}

#define REFUSED(field, value, error, what) \
	do { \
		struct vlb_create bad_ = fake_template(FAKE_ID_NONE); \
		bad_.field = (value); \
		check(create_result(bad_) == (error), "create: " what); \
	} while (0)

static void create_refusals(void)
{
	struct vlb_create good = fake_template(FAKE_ID_NONE);
	int fd = open_node(0);

	REFUSED(abi_version, VLB_ABI_VERSION + 1, EPROTO, "another ABI");
	REFUSED(device_id, 0, EINVAL, "device type 0");
	REFUSED(device_id, 64, EINVAL, "device type 64");
	REFUSED(num_queues, 0, EINVAL, "no queue");
	REFUSED(num_queues, VLB_MAX_QUEUES + 1, EINVAL, "too many queues");
	REFUSED(max_queue_size, 0, EINVAL, "queues of 0");
	REFUSED(max_queue_size, 96, EINVAL, "queues of 96");
	REFUSED(max_queue_size, 2 * VLB_MAX_QUEUE_SIZE, EINVAL, "queues too large");
	REFUSED(config_size, VLB_MAX_CONFIG + 1, EINVAL, "too much configuration space");
	REFUSED(features, 0, EINVAL, "a legacy device");
	REFUSED(features, 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_F_RING_PACKED, EINVAL, "packed rings");
	REFUSED(bounce_size, 0, EINVAL, "no bounce area");
	REFUSED(bounce_size, 65536 + 4096, EINVAL, "a crooked bounce area");
	REFUSED(bounce_size, 1ull << 40, EINVAL, "a bounce area of a terabyte");
	REFUSED(bounce_size, ~0ull << 16, EINVAL, "one that wraps");
	REFUSED(flags, 2, EINVAL, "an unknown flag");
	REFUSED(flags, VLB_CREATE_ADOPTABLE, EINVAL, "to be adopted without a name");
	REFUSED(reserved, 1, EINVAL, "a reserved field");
	REFUSED(name[0], '/', EINVAL, "a slash in the name");
	memset(good.name, 'a', sizeof(good.name));
	check(create_result(good) == EINVAL, "create: a name without end");
	check(result(fd, VLB_CREATE, NULL) == EFAULT, "create: no argument");
	memset(good.name, 0, sizeof(good.name));
	check(!result(fd, VLB_CREATE, &good) && good.pool_fd > 2, "a good one after a bad one");
	check(result(fd, VLB_CREATE, &good) == EBUSY, "but only one");
	close(good.pool_fd);
	close(fd);
}

static void names(void)
{
	struct vlb_create create = fake_template(FAKE_ID_NONE);
	int fd = open_node(0);

	strcpy(create.name, "panel-0.x_1");
	check(!result(fd, VLB_CREATE, &create), "a name");
	check(create_result(create) == EEXIST, "the same name again is refused");
	close(create.pool_fd);
	close(fd);
	check(!create_result(create), "and free when the first file is closed");
}

static void order(void)
{
	struct vlb_create create = fake_template(FAKE_ID_NONE);
	struct vlb_setup_queue setup = { .size = 64, .kick_fd = eventfd(0, 0), .call_fd = eventfd(0, 0) };
	struct vlb_queue_state state = { .index = 0 };
	struct vlb_info info;
	uint32_t up = VLB_BACKEND_UP, silly = 2;
	int fd = open_node(0);

	check(!result(fd, VLB_GET_INFO, &info) && info.abi_version == VLB_ABI_VERSION &&
			info.max_queues == VLB_MAX_QUEUES && info.create_flags == VLB_CREATE_ADOPTABLE,
		"get_info");
	check(result(fd, VLB_SETUP_QUEUE, &setup) == ENODEV && result(fd, VLB_SET_BACKEND, &up) == ENODEV &&
			result(fd, VLB_START, NULL) == ENODEV && result(fd, VLB_GET_QUEUE, &state) == ENODEV &&
			result(fd, VLB_RESUME_QUEUE, &state) == ENODEV &&
			result(fd, VLB_ADOPT_QUEUE, &setup) == ENODEV && result(fd, VLB_DESTROY, NULL) == ENODEV &&
			result(fd, VLB_CONFIG_CHANGED, NULL) == ENODEV && result(fd, VLB_BREAK, NULL) == ENODEV,
		"nothing works before create");
	check(result(fd, _IO(VLB_IOC_MAGIC, 99), NULL) == ENOTTY && result(fd, 0, NULL) == ENOTTY, "unknown ioctls");
	FAKE_NEED(!result(fd, VLB_CREATE, &create));
	check(result(fd, VLB_SET_BACKEND, &silly) == EINVAL, "an unknown backend state");
	check(result(fd, VLB_CONFIG_CHANGED, NULL) == ENODEV && result(fd, VLB_BREAK, NULL) == ENODEV,
		"no events before start");
	check(!result(fd, VLB_SETUP_QUEUE, &setup), "a queue");
	check(!result(fd, VLB_GET_QUEUE, &state) && !state.ready && state.size == 64, "is not ready without a driver");
	check(!result(fd, VLB_SET_BACKEND, &up) && !result(fd, VLB_START, NULL), "start");
	check(result(fd, VLB_START, NULL) == EBUSY, "only once");
	setup.index = 1;
	check(result(fd, VLB_SETUP_QUEUE, &setup) == EBUSY, "no queue after start");
	state.index = 2;
	check(result(fd, VLB_GET_QUEUE, &state) == EINVAL && result(fd, VLB_RESUME_QUEUE, &state) == EINVAL,
		"no such queue");
	close(create.pool_fd);
	close(fd);
	close(setup.kick_fd);
	close(setup.call_fd);
}

static void queues(void)
{
	struct vlb_create create = fake_template(FAKE_ID_NONE);
	struct vlb_setup_queue good = { .size = 64, .kick_fd = eventfd(0, 0), .call_fd = eventfd(0, 0) }, bad;
	int fd = open_node(0), null = open("/dev/null", O_RDWR);

	FAKE_NEED(!result(fd, VLB_CREATE, &create));
	bad = good, bad.index = 2;
	check(result(fd, VLB_SETUP_QUEUE, &bad) == EINVAL, "queue: index");
	bad = good, bad.index = ~0u;
	check(result(fd, VLB_SETUP_QUEUE, &bad) == EINVAL, "queue: index -1");
	bad = good, bad.size = 63;
	check(result(fd, VLB_SETUP_QUEUE, &bad) == EINVAL, "queue: size 63");
	bad = good, bad.size = 128;
	check(result(fd, VLB_SETUP_QUEUE, &bad) == EINVAL, "queue: larger than announced");
	bad = good, bad.kick_fd = -1;
	check(result(fd, VLB_SETUP_QUEUE, &bad) == EBADF, "queue: no kick");
	bad = good, bad.call_fd = 9999;
	check(result(fd, VLB_SETUP_QUEUE, &bad) == EBADF, "queue: no call");
	bad = good, bad.kick_fd = null;
	check(result(fd, VLB_SETUP_QUEUE, &bad) == EINVAL, "queue: a kick that is no eventfd");
	bad = good, bad.call_fd = fd;
	check(result(fd, VLB_SETUP_QUEUE, &bad) == EINVAL, "queue: our own file as call");
	check(!result(fd, VLB_SETUP_QUEUE, &good), "queue: good after all");
	check(result(fd, VLB_SETUP_QUEUE, &good) == EBUSY, "queue: once");
	good.index = 1;
	good.size = 0;
	check(!result(fd, VLB_SETUP_QUEUE, &good), "queue: absent");
	close(create.pool_fd);
	close(fd);
	close(null);
	close(good.kick_fd);
	close(good.call_fd);
}

/* Requests by hand, on a device that no driver binds: reset, then ACKNOWLEDGE. */
static void requests(void)
{
	struct vlb_create create = fake_template(FAKE_ID_NONE);
	struct vlb_response resp = { 0 };
	struct vlb_request req;
	struct pollfd poll_fd;
	uint32_t up = VLB_BACKEND_UP;
	int fd = open_node(O_NONBLOCK);
	void *unmapped = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(read(fd, &req, sizeof(req)) < 0 && errno == EAGAIN, "no request yet");
	check(write(fd, &resp, sizeof(resp)) < 0 && errno == ENOENT, "no answer without a request");
	FAKE_NEED(!result(fd, VLB_CREATE, &create));
	FAKE_NEED(!result(fd, VLB_SET_BACKEND, &up) && !result(fd, VLB_START, NULL));
	poll_fd = (struct pollfd) { fd, POLLIN, 0 };
	check(poll(&poll_fd, 1, 5000) == 1, "poll tells of a request");
	check(read(fd, &req, sizeof(req) - 1) < 0 && errno == EINVAL, "too small a buffer");
	check(read(fd, unmapped, sizeof(req)) < 0 && errno == EFAULT, "a buffer that is not there");
	check(read(fd, &req, sizeof(req)) == sizeof(req) && req.type == VLB_REQ_STATUS && !req.status,
		"nothing is lost by that: it is the first reset");
	resp.id = req.id;
	resp.len = 1;
	check(write(fd, &resp, sizeof(resp)) < 0 && errno == EINVAL, "an answer with data where none belong");
	resp.len = ~0u;
	check(write(fd, &resp, sizeof(resp)) < 0 && errno == EINVAL, "with a length out of bounds");
	resp.len = 0;
	resp.error = 100000;
	check(write(fd, &resp, sizeof(resp)) < 0 && errno == EINVAL, "with an error that is none");
	resp.error = 0;
	resp.reserved = 1;
	check(write(fd, &resp, sizeof(resp)) < 0 && errno == EINVAL, "with a reserved field");
	resp.reserved = 0;
	check(write(fd, &resp, sizeof(resp) - 1) < 0 && errno == EINVAL, "too short");
	check(write(fd, unmapped, sizeof(resp)) < 0 && errno == EFAULT, "from nowhere");
	check(write(fd, &resp, sizeof(resp)) == sizeof(resp), "a good one");
	check(write(fd, &resp, sizeof(resp)) == sizeof(resp) || errno == ENOENT, "the same twice does no harm");
	check(poll(&poll_fd, 1, 5000) == 1 && read(fd, &req, sizeof(req)) == sizeof(req) &&
			req.status == VIRTIO_CONFIG_S_ACKNOWLEDGE,
		"the next request comes");
	close(create.pool_fd);
	close(fd);
}

/* Random ioctls with random bytes; the order is the same each time. */
static void noise(void)
{
	unsigned long ioctls[] = { VLB_GET_INFO, VLB_CREATE, VLB_SETUP_QUEUE, VLB_SET_BACKEND, VLB_START, VLB_GET_QUEUE,
		VLB_CONFIG_CHANGED, VLB_BREAK, VLB_RESUME_QUEUE, VLB_ADOPT, VLB_ADOPT_QUEUE, VLB_DESTROY };
	const unsigned int count = sizeof(ioctls) / sizeof(ioctls[0]);
	int round, i, fd;

	srand(1);
	for (round = 0; round < 60; round++) {
		struct vlb_create create = fake_template(rand() % 64);

		fd = open_node(O_NONBLOCK);
		if (!result(fd, VLB_CREATE, &create))
			close(create.pool_fd);
		for (i = 0; i < 200; i++) {
			uint32_t words[120];
			size_t w;
			ssize_t n;

			for (w = 0; w < 120; w++)
				words[w] = rand() % 3 ? (uint32_t)rand() % 4 : (uint32_t)rand();
			/* Descriptors of this process are not for the lottery. */
			words[2] = words[3] = rand() % 2 ? ~0u : (uint32_t)fd;
			ioctl(fd, ioctls[(unsigned int)rand() % count], rand() % 8 ? words : NULL);
			n = rand() % 2 ? read(fd, words, sizeof(words)) : write(fd, words, sizeof(struct vlb_response));
			(void)n;
		}
		close(fd);
	}
	check(true, "noise does no harm");
}

int main(void)
{
	create_refusals();
	names();
	order();
	queues();
	requests();
	noise();
	return tap_end();
}
