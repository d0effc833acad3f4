// SPDX-License-Identifier: MIT
/* Configuration spaces that are the front-end's own, wholly or in part; the daemon is scripted. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter-fake.h"
#include "adapter/config.h"

#define BIT(n)	   (1ULL << (n))
#define TIMEOUT_MS 150
#define UNTOUCHED  0xee

struct visit {
	struct config_options opt;
	struct config config;
	struct frontend *fe;
	struct fake fake;
	uint8_t space[256];
};

/* A device of type @name with a daemon that serves @config_size bytes; 0: the daemon has no configuration space. */
static void visit_begin(struct visit *v, const char *name, unsigned int num_queues, uint32_t config_size)
{
	fake_init(&v->fake);
	v->fake.config_size = config_size;
	if (!config_size)
		v->fake.protocol &= ~BIT(VHU_PF_CONFIG);
	v->config = (struct config) { .type = devices_find(name), .opt = &v->opt, .num_queues = num_queues };
	assert_non_null(v->config.type);
	memset(v->space, UNTOUCHED, sizeof(v->space));
	assert_int_equal(frontend_new(fake_start(&v->fake), TIMEOUT_MS, &v->fe), 0);
	assert_int_equal(frontend_handshake(v->fe), 0);
}

static void visit_end(struct visit *v)
{
	assert_int_equal(v->space[v->config.type->config_size], UNTOUCHED);
	config_end(&v->config);
	frontend_free(v->fe);
	fake_stop(&v->fake);
}

static void fs_tag_is_ours(void **state)
{
	struct visit v = { .opt.fs_tag = "music" };

	visit_begin(&v, "fs", 3, 0);
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	assert_memory_equal(v.space, "music\0\0", 7);
	assert_memory_equal(v.space + 36, "\x02\0\0\0", 4);
	/* All of 36 bytes, and no end to it */
	v.opt.fs_tag = "0123456789abcdef0123456789abcdef0123";
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	assert_memory_equal(v.space, v.opt.fs_tag, 36);
	assert_memory_equal(v.space + 36, "\x02\0\0\0", 4);
	visit_end(&v);
	assert_int_equal(fake_count(&v.fake, VHU_GET_CONFIG), 0);
}

static void fs_tag_of_the_daemon(void **state)
{
	struct visit v = { 0 };

	visit_begin(&v, "fs", 2, 40);
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	assert_int_equal(v.space[1], 1);
	assert_int_equal(v.space[39], 39);
	/* --fs-tag wins. */
	v.opt.fs_tag = "x";
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	assert_memory_equal(v.space, "x\0\0", 3);
	visit_end(&v);
	assert_int_equal(fake_count(&v.fake, VHU_GET_CONFIG), 1);
}

static void fs_without_a_tag(void **state)
{
	struct visit v = { 0 };

	visit_begin(&v, "fs", 2, 0);
	assert_int_equal(config_read(&v.config, v.fe, v.space), -EOPNOTSUPP);
	assert_false(frontend_broken(v.fe));
	assert_non_null(strstr(config_missing(v.config.type), "--fs-tag"));
	visit_end(&v);
}

static void net_is_ours(void **state)
{
	struct visit v = { .opt = { .have_mac = true, .mac = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 }, .mtu = 1400 } };

	visit_begin(&v, "net", 2, 0);
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	/* Address, link up, one pair, 1400 */
	assert_memory_equal(v.space, "\x52\x54\0\x12\x34\x56\x01\0\x01\0\x78\x05", 12);
	assert_int_equal(config_write(&v.config, v.fe, 0, "\1\2\3\4\5\6", 6), 0);
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	assert_int_equal(v.space[0], 0x52);
	visit_end(&v);
	assert_int_equal(fake_count(&v.fake, VHU_SET_CONFIG), 0);
}

static void net_features(void **state)
{
	const uint64_t all = ~0ULL;
	struct config_options opt = { 0 };
	struct config c = { .type = devices_find("net"), .opt = &opt };
	uint64_t offered;

	offered = devices_driver_features(c.type, config_features(&c, all), true);
	assert_false(offered & (BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_MTU)));
	assert_true(offered & BIT(VIRTIO_NET_F_STATUS));
	assert_true(offered & BIT(VIRTIO_NET_F_MRG_RXBUF));
	/* There is no control queue, so nothing that needs one */
	for (unsigned int bit = VIRTIO_NET_F_CTRL_VQ; bit <= VIRTIO_NET_F_CTRL_MAC_ADDR; bit++)
		assert_false(offered & BIT(bit));
	assert_false(offered & BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS));
	opt.have_mac = true;
	opt.mtu = 9000;
	assert_int_equal(config_features(&c, 0), BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS));
	assert_true(config_features(&c, all) & BIT(VIRTIO_NET_F_MTU));
	/* dpdk-testpmd as it is */
	offered = devices_driver_features(c.type, config_features(&c, 0xd7c66e7cb), true);
	assert_int_equal(offered, 0x13001e7eb);
}

static void mtu_is_told(void **state)
{
	struct visit v = { .opt.mtu = 1400 };

	visit_begin(&v, "net", 2, 0);
	assert_int_equal(config_start(&v.config, v.fe, BIT(VIRTIO_NET_F_MTU)), 0);
	visit_end(&v);
	assert_int_equal(fake_count(&v.fake, VHU_NET_SET_MTU), 0);

	visit_begin(&v, "net", 2, 0);
	frontend_free(v.fe);
	fake_stop(&v.fake);
	fake_init(&v.fake);
	v.fake.protocol |= BIT(VHU_PF_NET_MTU);
	assert_int_equal(frontend_new(fake_start(&v.fake), TIMEOUT_MS, &v.fe), 0);
	assert_int_equal(frontend_handshake(v.fe), 0);
	assert_int_equal(config_start(&v.config, v.fe, 0), 0);
	assert_int_equal(fake_count(&v.fake, VHU_NET_SET_MTU), 0);
	assert_int_equal(config_start(&v.config, v.fe, BIT(VIRTIO_NET_F_MTU)), 0);
	visit_end(&v);
	assert_int_equal(fake_count(&v.fake, VHU_NET_SET_MTU), 1);
	assert_int_equal(v.fake.values[v.fake.num_seen - 1], 1400);
}

static void gpu_is_shared(void **state)
{
	struct visit v = { 0 };

	visit_begin(&v, "gpu", 2, 16);
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	assert_memory_equal(v.space, "\0\0\0\0\0\0\0\0\x01\0\0\0", 12);
	/* The number of capsets is the daemon's. */
	assert_int_equal(v.space[12], 12);
	assert_int_equal(config_write(&v.config, v.fe, 4, "\1\0\0\0", 4), 0);
	visit_end(&v);
	assert_int_equal(fake_count(&v.fake, VHU_SET_CONFIG), 0);

	/* A daemon of another kind */
	visit_begin(&v, "gpu", 2, 8);
	assert_int_equal(config_read(&v.config, v.fe, v.space), -EIO);
	visit_end(&v);
	visit_begin(&v, "gpu", 2, 0);
	assert_int_equal(config_read(&v.config, v.fe, v.space), -EOPNOTSUPP);
	visit_end(&v);
}

static void gpu_gets_a_socket_each_time(void **state)
{
	unsigned int before = fake_open_fds();
	struct visit v = { 0 };

	visit_begin(&v, "gpu", 2, 16);
	for (int i = 0; i < 3; i++)
		assert_int_equal(config_start(&v.config, v.fe, 0), 0);
	visit_end(&v);
	assert_int_equal(fake_count(&v.fake, VHU_GPU_SET_SOCKET), 3);
	assert_int_equal(fake_open_fds(), before);
}

static void others_are_the_daemons(void **state)
{
	struct visit v = { 0 };

	visit_begin(&v, "input", 2, 136);
	assert_int_equal(config_features(&v.config, 0x1234), 0x1234);
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	assert_int_equal(v.space[135], 135);
	assert_int_equal(config_write(&v.config, v.fe, 0, "x", 1), 0);
	assert_int_equal(config_start(&v.config, v.fe, ~0ULL), 0);
	assert_null(config_missing(v.config.type));
	visit_end(&v);
	assert_int_equal(fake_count(&v.fake, VHU_SET_CONFIG), 1);

	/* And some have none. */
	visit_begin(&v, "rng", 1, 0);
	assert_int_equal(config_read(&v.config, v.fe, v.space), 0);
	visit_end(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fs_tag_is_ours),
		cmocka_unit_test(fs_tag_of_the_daemon),
		cmocka_unit_test(fs_without_a_tag),
		cmocka_unit_test(net_is_ours),
		cmocka_unit_test(net_features),
		cmocka_unit_test(mtu_is_told),
		cmocka_unit_test(gpu_is_shared),
		cmocka_unit_test(gpu_gets_a_socket_each_time),
		cmocka_unit_test(others_are_the_daemons),
	};

	return cmocka_run_group_tests_name("adapter-config", tests, NULL, NULL);
}
