// SPDX-License-Identifier: MIT
/* An adapter that finds the device of one that died; the kernel is a fake. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter-fake-module.h"
#include "adapter-fixture.h"
#include "channel.h"

#define BIT(n)	   (1ULL << (n))
#define RUNNING	   0xf
#define NEGOTIATED (BIT(VIRTIO_F_VERSION_1) | BIT(29))

static bool is_up(const struct fixture *x)
{
	return fake_kernel()->up && fake_kernel()->running;
}

static bool is_removed(const struct fixture *x)
{
	return !fake_kernel()->alive;
}

static bool is_answered(const struct fixture *x)
{
	return fake_kernel()->responses;
}

/* A device as the fixture's options want it, with a driver. */
static void leave_orphan(struct fixture *x)
{
	const struct device_type *type = &x->opt.type;

	fake_kernel()->adopt_error = 0;
	fake_kernel()->orphan = (struct module_orphan) {
		.device = {
			.num_queues = type->num_queues ? type->num_queues : 1,
			.queue_size = type->queue_size,
			.config_size = type->config_size,
			.features = NEGOTIATED | BIT(28) | BIT(VIRTIO_F_ACCESS_PLATFORM),
			.bounce_size = type->bounce_size,
		},
		.status = RUNNING,
		.driver_features = NEGOTIATED | BIT(VIRTIO_F_ACCESS_PLATFORM),
	};
	fake_kernel()->used_idx = 1234;
}

static void goes_on(void **state)
{
	struct fixture *x = *state;

	leave_orphan(x);
	start_daemon(x);
	begin(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->created, 0);
	assert_int_equal(fake_kernel()->rekicks, 1);
	assert_int_equal(x->fake.base[0], 1234);
	assert_int_equal(x->fake.acked_features, NEGOTIATED | BIT(VHU_F_PROTOCOL_FEATURES));
	assert_true(x->fake.enabled[0] && x->fake.enabled[1]);
}

/* The daemon died too, and takes longer: the device is adopted before it is there. */
static void daemon_comes_later(void **state)
{
	struct fixture *x = *state;

	x->opt.wait_timeout = 0;
	leave_orphan(x);
	begin(x);
	assert_int_equal(fake_kernel()->adopted, 1);
	run_for(x, 250);
	assert_false(fake_kernel()->up);
	start_daemon(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->created, 0);
	assert_true(x->fake.enabled[0]);
}

static void daemon_stays_away(void **state)
{
	struct fixture *x = *state;

	x->opt.grace = 1;
	leave_orphan(x);
	begin(x);
	assert_true(run_until(x, is_removed));
	start_daemon(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->created, 1);
}

static void without_a_driver(void **state)
{
	struct fixture *x = *state;

	leave_orphan(x);
	fake_kernel()->orphan.status = VIRTIO_CONFIG_S_ACKNOWLEDGE;
	fake_kernel()->orphan.driver_features = 0;
	start_daemon(x);
	begin(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->created, 0);
	assert_int_equal(fake_count(&x->fake, VHU_SET_MEM_TABLE), 0);
}

/* The reset that the dead adapter did not live to see comes before any daemon. */
static void driver_has_left(void **state)
{
	struct vlb_request req = { .id = 7, .type = VLB_REQ_STATUS };
	struct fixture *x = *state;

	leave_orphan(x);
	begin(x);
	assert_int_equal(send(fake_kernel()->requests, &req, sizeof(req), 0), sizeof(req));
	assert_true(run_until(x, is_answered));
	assert_int_equal(fake_kernel()->response.error, 0);
	start_daemon(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_count(&x->fake, VHU_SET_MEM_TABLE), 0);
	assert_int_equal(fake_kernel()->created, 0);
}

/* What the adapter offered on its own account is no reason to refuse a daemon, and it is not told of it. */
static void features_of_our_own(void **state)
{
	struct fixture *x = *state;

	x->opt.type = *devices_find("net");
	x->fake.protocol &= ~BIT(VHU_PF_CONFIG);
	leave_orphan(x);
	fake_kernel()->orphan.driver_features |= BIT(VIRTIO_NET_F_STATUS);
	start_daemon(x);
	begin(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->created, 0);
	assert_int_equal(x->fake.acked_features, NEGOTIATED | BIT(VHU_F_PROTOCOL_FEATURES));
}

static void daemon_has_less(void **state)
{
	struct fixture *x = *state;

	leave_orphan(x);
	x->fake.features &= ~BIT(29);
	start_daemon(x);
	begin(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->adopted, 1);
	assert_int_equal(fake_kernel()->created, 1);
	assert_int_equal(fake_kernel()->alive, 1);
}

static void begins_anew(struct fixture *x, unsigned int adopted)
{
	begin(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->adopted, adopted);
	assert_int_equal(fake_kernel()->created, 1);
	assert_int_equal(fake_kernel()->alive, 1);
	device_free(x->dev);
	x->dev = NULL;
	fake_kernel_reset();
	leave_orphan(x);
}

/* Other options than the dead adapter's */
static void another_shape(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	leave_orphan(x);
	fake_kernel()->orphan.device.queue_size = 32;
	begins_anew(x, 1);
	fake_kernel()->orphan.device.config_size = 8;
	begins_anew(x, 1);
	fake_kernel()->orphan.device.bounce_size = 1;
	begins_anew(x, 1);
	fake_kernel()->orphan.device.num_queues = 3;
	begins_anew(x, 1);
}

static void unwanted(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	leave_orphan(x);
	x->opt.name = "";
	begins_anew(x, 0);
	x->opt.name = "test";
	x->opt.grace = 0;
	begins_anew(x, 0);
	x->opt.grace = 5;
	x->opt.type.resumable = false;
	begins_anew(x, 0);
	assert_false(fake_kernel()->device.adoptable);
	x->opt.type.resumable = true;
	fake_kernel()->adopt_error = -EBUSY;
	begin(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->created, 1);
	assert_true(fake_kernel()->device.adoptable);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on),
		TEST(daemon_comes_later),
		TEST(daemon_stays_away),
		TEST(without_a_driver),
		TEST(driver_has_left),
		TEST(features_of_our_own),
		TEST(daemon_has_less),
		TEST(another_shape),
		TEST(unwanted),
	};

	return cmocka_run_group_tests_name("adapter-adopt", tests, NULL, NULL);
}
