// SPDX-License-Identifier: MIT
/* What ends the adapter before there is a device: daemons of the wrong kind, or none, or no module. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter-fake-module.h"
#include "adapter-fixture.h"

#define BIT(n) (1ULL << (n))

static bool is_over(const struct fixture *x)
{
	return x->over;
}

/* Daemons that can never serve the type end the adapter. */
static void wrong_daemons(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	x->fake.features &= ~BIT(VIRTIO_F_VERSION_1);
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -EPROTONOSUPPORT);
	fake_stop(&x->fake);
	fake_init(&x->fake);
	x->fake.queues = 1;
	start_daemon(x);
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -EPROTONOSUPPORT);
	fake_stop(&x->fake);
	fake_init(&x->fake);
	x->fake.config_size = 8;
	start_daemon(x);
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -EPROTONOSUPPORT);
	fake_stop(&x->fake);
	fake_init(&x->fake);
	x->fake.protocol &= ~BIT(VHU_PF_CONFIG);
	start_daemon(x);
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -EPROTONOSUPPORT);
	x->dev = NULL;
}

/* Daemons without configuration space, of types whose front-end has it. */
static void space_of_our_own(void **state)
{
	struct fixture *x = *state;

	x->opt.type = *devices_find("fs");
	x->fake.protocol &= ~BIT(VHU_PF_CONFIG);
	start_daemon(x);
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -EPROTONOSUPPORT);
	x->dev = NULL;
	x->opt.config.fs_tag = "tag";
	begin(x);
	assert_int_equal(fake_kernel()->device.config_size, 40);
	assert_int_equal(fake_kernel()->device.num_queues, 2);
}

/* A driver of sockets has a queue that no daemon knows. */
static void unserved_queues(void **state)
{
	struct fixture *x = *state;

	x->opt.type = *devices_find("vsock");
	start_daemon(x);
	begin(x);
	assert_int_equal(fake_kernel()->device.num_queues, 3);
}

/* The MTU is told to the driver, so the daemon has to agree. */
static void mtu_that_nobody_knows(void **state)
{
	struct fixture *x = *state;

	x->opt.type = *devices_find("net");
	x->opt.config.mtu = 1400;
	start_daemon(x);
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -EPROTONOSUPPORT);
	x->dev = NULL;
	x->fake.features |= BIT(VIRTIO_NET_F_MTU);
	begin(x);
	assert_int_equal(fake_kernel()->device.features,
		BIT(32) | BIT(29) | BIT(28) | BIT(VIRTIO_NET_F_MTU) | BIT(VIRTIO_NET_F_STATUS));
}

static void queues_of_the_daemon(void **state)
{
	struct fixture *x = *state;

	x->opt.type.num_queues = DEVICE_QUEUES_OF_DAEMON;
	x->fake.queues = 70000;
	start_daemon(x);
	begin(x);
	assert_int_equal(fake_kernel()->device.num_queues, DEVICE_MAX_QUEUES);
}

static void nobody_answers(void **state)
{
	struct fixture *x = *state;

	x->opt.wait_timeout = 0;
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -ETIMEDOUT);
	x->dev = NULL;
}

static void nobody_answers_in_time(void **state)
{
	struct fixture *x = *state;

	x->opt.wait_timeout = 1;
	begin(x);
	assert_true(run_until(x, is_over));
	assert_int_equal(sd_event_get_exit_code(x->event, &x->exit_code), 0);
	assert_int_equal(x->exit_code, -ETIMEDOUT);
}

static void no_module(void **state)
{
	struct fixture *x = *state;

	fake_kernel()->open_error = -ENOENT;
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -ENOENT);
	fake_kernel()->open_error = 0;
	fake_kernel()->create_error = -EINVAL;
	start_daemon(x);
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -EINVAL);
	x->dev = NULL;
}

static void not_a_socket(void **state)
{
	struct fixture *x = *state;

	x->opt.socket_path = "/dev/null";
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), -ENOTSOCK);
	x->dev = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_daemons),
		TEST(space_of_our_own),
		TEST(unserved_queues),
		TEST(mtu_that_nobody_knows),
		TEST(queues_of_the_daemon),
		TEST(nobody_answers),
		TEST(nobody_answers_in_time),
		TEST(no_module),
		TEST(not_a_socket),
	};

	return cmocka_run_group_tests_name("adapter-start", tests, NULL, NULL);
}
