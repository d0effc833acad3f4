// SPDX-License-Identifier: MIT
/* The adapter's vhost-user front-end against a scripted daemon, polite and hostile. */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter-fake.h"
#include "adapter/frontend.h"
#include "channel.h"

#define BIT(n)	   (1ULL << (n))
#define TIMEOUT_MS 150

static struct frontend *connect_to(struct fake *f)
{
	struct frontend *fe;

	assert_int_equal(frontend_new(fake_start(f), TIMEOUT_MS, &fe), 0);
	return fe;
}

static void disconnect(struct frontend *fe, struct fake *f)
{
	frontend_free(fe);
	fake_stop(f);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void polite_handshake(void **state)
{
	static const uint32_t order[] = { VHU_GET_FEATURES, VHU_GET_PROTOCOL_FEATURES, VHU_SET_PROTOCOL_FEATURES,
		VHU_GET_QUEUE_NUM, VHU_SET_BACKEND_REQ_FD, VHU_SET_OWNER };
	struct frontend *fe;
	struct fake f;

	fake_init(&f);
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	assert_int_equal(frontend_features(fe), f.features);
	assert_int_equal(frontend_max_queues(fe), 2);
	assert_true(frontend_has_config(fe));
	assert_true(frontend_backend_fd(fe) >= 0);
	disconnect(fe, &f);
	assert_int_equal(f.num_seen, 6);
	assert_memory_equal(f.seen, order, sizeof(order));
	/* Nothing may be acknowledged that the front-end does not do: STATUS, LOG_SHMFD. */
	assert_int_equal(f.acked_protocol,
		BIT(VHU_PF_MQ) | BIT(VHU_PF_REPLY_ACK) | BIT(VHU_PF_BACKEND_REQ) | BIT(VHU_PF_CONFIG) |
			BIT(VHU_PF_RESET_DEVICE));
}

static void bare_daemon(void **state)
{
	struct frontend *fe;
	struct fake f;
	char byte;

	fake_init(&f);
	f.features = BIT(VIRTIO_F_VERSION_1);
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	assert_int_equal(frontend_max_queues(fe), 0);
	assert_int_equal(frontend_backend_fd(fe), -1);
	assert_int_equal(frontend_get_config(fe, &byte, 1), -EOPNOTSUPP);
	assert_int_equal(frontend_set_config(fe, 0, &byte, 1), -EOPNOTSUPP);
	assert_int_equal(frontend_set_features(fe, BIT(VIRTIO_F_VERSION_1)), 0);
	assert_int_equal(frontend_reset(fe), 0);
	assert_int_equal(frontend_sync(fe), 0);
	assert_false(frontend_broken(fe));
	disconnect(fe, &f);
	assert_int_equal(f.acked_features, BIT(VIRTIO_F_VERSION_1));
	assert_int_equal(fake_count(&f, VHU_GET_PROTOCOL_FEATURES), 0);
	assert_int_equal(fake_count(&f, VHU_RESET_DEVICE), 0);
	assert_int_equal(f.seen[f.num_seen - 1], VHU_GET_FEATURES);
}

/* As virtiofsd and dpdk-testpmd offer it: no configuration space; and none of the rest either. */
static void little_is_offered(void **state)
{
	struct frontend *fe;
	struct fake f;
	char byte;

	fake_init(&f);
	f.protocol = BIT(VHU_PF_BACKEND_REQ) | BIT(VHU_PF_STATUS);
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	assert_false(frontend_has_config(fe));
	assert_int_equal(frontend_max_queues(fe), 0);
	assert_true(frontend_backend_fd(fe) >= 0);
	assert_int_equal(frontend_get_config(fe, &byte, 1), -EOPNOTSUPP);
	assert_int_equal(frontend_set_mtu(fe, 1400), 0);
	assert_int_equal(frontend_reset(fe), 0);
	assert_int_equal(frontend_sync(fe), 0);
	disconnect(fe, &f);
	assert_int_equal(f.acked_protocol, BIT(VHU_PF_BACKEND_REQ));
	assert_int_equal(fake_count(&f, VHU_GET_QUEUE_NUM), 0);
	assert_int_equal(fake_count(&f, VHU_NET_SET_MTU), 0);
	assert_int_equal(fake_count(&f, VHU_RESET_DEVICE), 0);
	assert_int_equal(fake_count(&f, VHU_SET_STATUS), 0);
}

static void rings_go_over(void **state)
{
	struct frontend_queue queue = {
		.index = 1, .size = 64, .base = 65535, .desc = 0x1000, .avail = 0x2000, .used = 0x3000
	};
	int memfd = memfd_create("pool", MFD_CLOEXEC);
	struct frontend *fe;
	struct fake f;

	fake_init(&f);
	fe = connect_to(&f);
	queue.kick_fd = eventfd(0, EFD_CLOEXEC);
	queue.call_fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(frontend_handshake(fe), 0);
	assert_int_equal(frontend_set_features(fe, BIT(32) | BIT(29)), 0);
	assert_int_equal(frontend_set_memory(fe, memfd, 0x100000000, 0x40000), 0);
	assert_int_equal(frontend_start_queue(fe, &queue), 0);
	assert_true(f.enabled[1]);
	assert_int_equal(f.base[1], 65535);
	assert_int_equal(frontend_stop_queue(fe, 1), 0);
	assert_false(f.enabled[1]);
	assert_int_equal(frontend_reset(fe), 0);
	disconnect(fe, &f);
	assert_int_equal(f.acked_features, BIT(32) | BIT(30) | BIT(29));
	assert_int_equal(f.region.guest_addr, 0x100000000);
	assert_int_equal(f.region.user_addr, 0x100000000);
	assert_int_equal(f.region.size, 0x40000);
	assert_int_equal(f.region.mmap_offset, 0);
	assert_int_equal(f.addr.index, 1);
	assert_int_equal(f.addr.desc, 0x1000);
	assert_int_equal(f.addr.avail, 0x2000);
	assert_int_equal(f.addr.used, 0x3000);
	assert_int_equal(fake_count(&f, VHU_RESET_DEVICE), 1);
	close(queue.kick_fd);
	close(queue.call_fd);
	close(memfd);
}

static void config_both_ways(void **state)
{
	uint8_t config[256] = { 0 };
	struct frontend *fe;
	struct fake f;

	fake_init(&f);
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	assert_int_equal(frontend_get_config(fe, config, 136), 0);
	assert_int_equal(config[135], 135);
	assert_int_equal(frontend_set_config(fe, 0, config, 1), 0);
	/* More than the device has: a refusal, after which all goes on. */
	assert_int_equal(frontend_get_config(fe, config, 137), -EIO);
	assert_false(frontend_broken(fe));
	assert_non_null(strstr(frontend_why(fe), "refused"));
	assert_int_equal(frontend_get_config(fe, config, 136), 0);
	assert_int_equal(frontend_get_config(fe, config, 257), -EOPNOTSUPP);
	disconnect(fe, &f);
}

static void refusal_is_no_death(void **state)
{
	struct frontend *fe;
	struct fake f;

	fake_init(&f);
	f.faulty = VHU_SET_FEATURES;
	f.fault = FAKE_NO;
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	assert_int_equal(frontend_set_features(fe, BIT(32)), -EIO);
	assert_false(frontend_broken(fe));
	assert_string_equal(frontend_why(fe), "refused SET_FEATURES");
	assert_int_equal(frontend_reset(fe), 0);
	disconnect(fe, &f);
}

/* Each request that is answered, each way to answer it wrongly. */
static void hostile_answers(void **state)
{
	static const uint32_t requests[] = { VHU_GET_FEATURES, VHU_GET_PROTOCOL_FEATURES, VHU_GET_QUEUE_NUM,
		VHU_SET_BACKEND_REQ_FD, VHU_SET_OWNER, VHU_GET_CONFIG, VHU_SET_MEM_TABLE, VHU_SET_VRING_NUM,
		VHU_SET_VRING_KICK, VHU_SET_VRING_ENABLE, VHU_GET_VRING_BASE, VHU_RESET_DEVICE };
	unsigned int before = fake_open_fds();

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		for (enum fake_fault fault = FAKE_SILENT; fault <= FAKE_TRICKLE; fault++) {
			struct frontend_queue queue = { .size = 64, .kick_fd = 0, .call_fd = 0 };
			struct frontend *fe;
			uint8_t config[136];
			struct fake f;
			int64_t start;
			int ret;

			fake_init(&f);
			f.faulty = requests[i];
			f.fault = fault;
			fe = connect_to(&f);
			start = now_ms();
			ret = frontend_handshake(fe);
			ret = ret ? ret : frontend_get_config(fe, config, sizeof(config));
			ret = ret ? ret : frontend_set_memory(fe, 0, 0x1000, 0x1000);
			ret = ret ? ret : frontend_start_queue(fe, &queue);
			ret = ret ? ret : frontend_stop_queue(fe, 0);
			ret = ret ? ret : frontend_reset(fe);
			if (ret >= 0 || !frontend_broken(fe) ||
				!strstr(frontend_why(fe), vhu_request_name(requests[i])))
				fail_msg("%s, fault %d: returned %d, says \"%s\"", vhu_request_name(requests[i]), fault,
					ret, frontend_why(fe));
			assert_true(now_ms() - start < 3LL * TIMEOUT_MS);
			disconnect(fe, &f);
		}
	}
	assert_int_equal(fake_open_fds(), before);
}

static void unasked_messages(void **state)
{
	struct frontend *fe;
	struct fake f;
	uint8_t config[136];

	fake_init(&f);
	f.faulty = VHU_SET_OWNER;
	f.fault = FAKE_UNASKED;
	fe = connect_to(&f);
	assert_int_equal(frontend_idle_input(fe), 0);
	assert_int_equal(frontend_handshake(fe), 0);
	assert_true(fake_wait(&f, VHU_SET_OWNER, 1));
	usleep(20000);
	assert_int_equal(frontend_get_config(fe, config, sizeof(config)), -EPROTO);
	assert_true(frontend_broken(fe));
	disconnect(fe, &f);

	fake_init(&f);
	f.faulty = VHU_SET_OWNER;
	f.fault = FAKE_UNASKED;
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	usleep(20000);
	assert_int_equal(frontend_idle_input(fe), -EPROTO);
	fake_stop(&f);
	frontend_free(fe);
}

static void hangup_while_idle(void **state)
{
	struct frontend *fe;
	struct fake f;

	fake_init(&f);
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	fake_stop(&f);
	assert_int_equal(frontend_idle_input(fe), -ECONNRESET);
	assert_true(frontend_broken(fe));
	frontend_free(fe);
}

static void one_deadline_for_all(void **state)
{
	struct frontend *fe;
	struct fake f;
	uint8_t config[136];

	fake_init(&f);
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	usleep((TIMEOUT_MS + 20) * 1000);
	assert_int_equal(frontend_get_config(fe, config, sizeof(config)), -ETIMEDOUT);
	assert_true(frontend_broken(fe));
	disconnect(fe, &f);
}

static struct vhu_msg backend_msg(uint32_t request, uint32_t flags, uint32_t size)
{
	return (struct vhu_msg) { .request = request, .flags = VHU_VERSION | flags, .size = size };
}

static void backend_channel(void **state)
{
	struct vhu_msg msg = backend_msg(VHU_BACKEND_CONFIG_CHANGE_MSG, 0, 0);
	unsigned int before;
	struct frontend *fe;
	struct fake f;
	bool changed;

	fake_init(&f);
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	before = fake_open_fds();
	assert_int_equal(vhu_channel_send(f.backend_fd, &msg, 100), 0);
	assert_int_equal(frontend_backend_input(fe, &changed), 0);
	assert_true(changed);

	msg = backend_msg(VHU_BACKEND_CONFIG_CHANGE_MSG, VHU_FLAG_NEED_REPLY, 0);
	assert_int_equal(vhu_channel_send(f.backend_fd, &msg, 100), 0);
	assert_int_equal(frontend_backend_input(fe, &changed), 0);
	assert_true(changed);
	assert_int_equal(vhu_channel_recv(f.backend_fd, &msg, 100), 0);
	assert_int_equal(msg.payload.u64, 0);

	/* What we do not serve (an IOTLB message, with a descriptor) is refused, and its descriptor closed. */
	msg = backend_msg(1, VHU_FLAG_NEED_REPLY, 32);
	msg.fds[msg.num_fds++] = STDIN_FILENO;
	assert_int_equal(vhu_channel_send(f.backend_fd, &msg, 100), 0);
	assert_int_equal(frontend_backend_input(fe, &changed), 0);
	assert_false(changed);
	assert_int_equal(vhu_channel_recv(f.backend_fd, &msg, 100), 0);
	assert_int_equal(msg.request, 1);
	assert_int_equal(msg.payload.u64, 1);
	assert_int_equal(fake_open_fds(), before);

	frontend_start_clock(fe);
	assert_int_equal(send(f.backend_fd, "x", 1, 0), 1);
	assert_int_equal(frontend_backend_input(fe, &changed), -ETIMEDOUT);
	assert_true(frontend_broken(fe));
	disconnect(fe, &f);
}

static void backend_channel_closed(void **state)
{
	struct frontend *fe;
	struct fake f;
	bool changed;

	fake_init(&f);
	fe = connect_to(&f);
	assert_int_equal(frontend_handshake(fe), 0);
	shutdown(f.backend_fd, SHUT_RDWR);
	assert_int_equal(frontend_backend_input(fe, &changed), -ECONNRESET);
	assert_int_equal(frontend_backend_fd(fe), -1);
	assert_false(frontend_broken(fe));
	disconnect(fe, &f);
}

static void connecting(void **state)
{
	int fd;

	assert_int_equal(frontend_connect("/nonexistent/socket", &fd), -ENOENT);
	assert_int_equal(frontend_connect("/dev/null", &fd), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(polite_handshake),
		cmocka_unit_test(bare_daemon),
		cmocka_unit_test(little_is_offered),
		cmocka_unit_test(rings_go_over),
		cmocka_unit_test(config_both_ways),
		cmocka_unit_test(refusal_is_no_death),
		cmocka_unit_test(hostile_answers),
		cmocka_unit_test(unasked_messages),
		cmocka_unit_test(hangup_while_idle),
		cmocka_unit_test(one_deadline_for_all),
		cmocka_unit_test(backend_channel),
		cmocka_unit_test(backend_channel_closed),
		cmocka_unit_test(connecting),
	};

	return cmocka_run_group_tests_name("adapter-frontend", tests, NULL, NULL);
}
