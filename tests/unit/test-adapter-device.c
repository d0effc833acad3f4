// SPDX-License-Identifier: MIT
/* The life of a device: daemons come, die, hang and come back; the kernel is a fake. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter-fake-module.h"
#include "adapter-fixture.h"
#include "channel.h"

#define BIT(n)	   (1ULL << (n))
#define PROBING	   (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define RUNNING	   (PROBING | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)
#define NEGOTIATED (BIT(VIRTIO_F_VERSION_1) | BIT(29))

static bool is_up(const struct fixture *x)
{
	return fake_kernel()->up && fake_kernel()->running;
}

static bool is_down(const struct fixture *x)
{
	return !fake_kernel()->up && fake_kernel()->alive;
}

static bool is_removed(const struct fixture *x)
{
	return !fake_kernel()->alive;
}

static bool is_second(const struct fixture *x)
{
	return fake_kernel()->created == 2 && is_up(x);
}

static bool is_answered(const struct fixture *x)
{
	return fake_kernel()->responses;
}

/* One request of the kernel; returns the errno of the answer. */
static uint32_t ask(struct fixture *x, struct vlb_request req)
{
	req.id = fake_kernel()->response.id + 1;
	fake_kernel()->responses = 0;
	assert_int_equal(send(fake_kernel()->requests, &req, sizeof(req), 0), sizeof(req));
	assert_true(run_until(x, is_answered));
	assert_int_equal(fake_kernel()->responses, 1);
	assert_int_equal(fake_kernel()->response.id, req.id);
	return fake_kernel()->response.error;
}

static uint32_t set_status(struct fixture *x, uint32_t status)
{
	return ask(x,
		(struct vlb_request) { .type = VLB_REQ_STATUS,
			.status = status,
			.features = NEGOTIATED | BIT(VIRTIO_F_ACCESS_PLATFORM) });
}

static void bind_driver(struct fixture *x)
{
	assert_int_equal(set_status(x, 0), 0);
	assert_int_equal(set_status(x, PROBING), 0);
	assert_int_equal(set_status(x, PROBING | VIRTIO_CONFIG_S_FEATURES_OK), 0);
	assert_int_equal(set_status(x, RUNNING), 0);
}

static void daemon_comes_late(void **state)
{
	struct fixture *x = *state;

	begin(x);
	run_for(x, 250);
	assert_int_equal(fake_kernel()->created, 0);
	start_daemon(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->device.device_id, 18);
	assert_int_equal(fake_kernel()->device.num_queues, 2);
	assert_int_equal(fake_kernel()->device.config_size, 136);
	assert_int_equal(fake_kernel()->device.features, BIT(32) | BIT(29) | BIT(28));
}

static void driver_comes_and_goes(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	for (int i = 0; i < 3; i++) {
		bind_driver(x);
		assert_int_equal(x->fake.acked_features, NEGOTIATED | BIT(VHU_F_PROTOCOL_FEATURES));
		assert_int_equal(x->fake.region.size, 0x40000);
		assert_true(x->fake.enabled[0] && x->fake.enabled[1]);
		assert_int_equal(set_status(x, 0), 0);
		assert_false(x->fake.enabled[0] || x->fake.enabled[1]);
		assert_int_equal(fake_count(&x->fake, VHU_RESET_DEVICE), i + 1);
		assert_int_equal(fake_count(&x->fake, VHU_GET_VRING_BASE), 2 * (i + 1));
	}
}

/* What the front-end offers on its own account is between it and the driver. */
static void features_of_our_own(void **state)
{
	struct fixture *x = *state;
	struct vlb_request req = { .type = VLB_REQ_STATUS, .status = RUNNING };

	x->opt.type = *devices_find("net");
	x->fake.protocol &= ~BIT(VHU_PF_CONFIG);
	start_daemon(x);
	begin(x);
	assert_true(fake_kernel()->device.features & BIT(VIRTIO_NET_F_STATUS));
	assert_int_equal(set_status(x, PROBING), 0);
	req.features = fake_kernel()->device.features | BIT(VIRTIO_F_ACCESS_PLATFORM);
	assert_int_equal(ask(x, req), 0);
	assert_int_equal(x->fake.acked_features, NEGOTIATED | BIT(28) | BIT(VHU_F_PROTOCOL_FEATURES));
	/* Link up */
	assert_int_equal(ask(x, (struct vlb_request) { .type = VLB_REQ_CONFIG_GET, .offset = 6, .len = 2 }), 0);
	assert_int_equal(fake_kernel()->response.data[0], 1);
	assert_int_equal(set_status(x, 0), 0);
}

static void config_is_cut_to_size(void **state)
{
	struct fixture *x = *state;
	struct vlb_request req = { .type = VLB_REQ_CONFIG_GET, .offset = 8, .len = 4 };

	start_daemon(x);
	begin(x);
	assert_int_equal(ask(x, req), 0);
	assert_int_equal(fake_kernel()->response.len, 4);
	assert_int_equal(fake_kernel()->response.data[0], 8);
	req.offset = 133;
	assert_int_equal(ask(x, req), EINVAL);
	assert_int_equal(fake_kernel()->response.len, 0);
	req.offset = UINT32_MAX;
	assert_int_equal(ask(x, req), EINVAL);
	assert_int_equal(ask(x, (struct vlb_request) { .type = VLB_REQ_CONFIG_SET, .offset = 135, .len = 2 }), EINVAL);
	assert_int_equal(ask(x, (struct vlb_request) { .type = VLB_REQ_CONFIG_SET, .offset = 0, .len = 2 }), 0);
	assert_int_equal(ask(x, (struct vlb_request) { .type = 99 }), EOPNOTSUPP);
}

static void daemon_returns(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	stop_daemon(x);
	assert_true(run_until(x, is_down));
	fake_init(&x->fake);
	fake_kernel()->used_idx = 1234;
	start_daemon(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_kernel()->created, 1);
	assert_int_equal(fake_kernel()->rekicks, 1);
	assert_int_equal(x->fake.base[0], 1234);
	assert_int_equal(x->fake.acked_features, NEGOTIATED | BIT(VHU_F_PROTOCOL_FEATURES));
	assert_true(x->fake.enabled[0] && x->fake.enabled[1]);
}

static void driver_leaves_while_away(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	stop_daemon(x);
	assert_true(run_until(x, is_down));
	assert_int_equal(ask(x, (struct vlb_request) { .type = VLB_REQ_CONFIG_GET, .len = 1 }), ENOTCONN);
	assert_int_equal(set_status(x, 0), 0);
	fake_init(&x->fake);
	start_daemon(x);
	assert_true(run_until(x, is_up));
	assert_int_equal(fake_count(&x->fake, VHU_SET_MEM_TABLE), 0);
	bind_driver(x);
	assert_true(x->fake.enabled[1]);
}

static void daemon_stays_away(void **state)
{
	struct fixture *x = *state;

	x->opt.grace = 1;
	start_daemon(x);
	begin(x);
	bind_driver(x);
	stop_daemon(x);
	assert_true(run_until(x, is_down));
	assert_true(run_until(x, is_removed));
	start_daemon(x);
	assert_true(run_until(x, is_second));
	bind_driver(x);
	/* A grace of nothing */
	x->opt.grace = 0;
	stop_daemon(x);
	assert_true(run_until(x, is_removed));
}

static void death_in_probe(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	assert_int_equal(set_status(x, PROBING), 0);
	stop_daemon(x);
	assert_true(run_until(x, is_removed));
	start_daemon(x);
	assert_true(run_until(x, is_second));
}

/* What the kernel asked just before it was told that the daemon is away: the probe cannot be saved. */
static void request_overtaken_by_death(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	stop_daemon(x);
	assert_true(run_until(x, is_down));
	assert_int_equal(set_status(x, PROBING | VIRTIO_CONFIG_S_FEATURES_OK), ENOTCONN);
	assert_true(run_until(x, is_removed));
	start_daemon(x);
	assert_true(run_until(x, is_second));
}

/* The kernel has broken the device that could not be started in time, so it would stay broken. */
static void answer_too_late(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	assert_int_equal(set_status(x, PROBING), 0);
	fake_kernel()->respond_error = -ENOENT;
	set_status(x, RUNNING);
	fake_kernel()->respond_error = 0;
	assert_true(run_until(x, is_second));
	bind_driver(x);
	/* One that runs only misses an answer. */
	fake_kernel()->respond_error = -ENOENT;
	ask(x, (struct vlb_request) { .type = VLB_REQ_CONFIG_GET, .len = 4 });
	fake_kernel()->respond_error = 0;
	run_for(x, 50);
	assert_true(is_up(x));
	assert_int_equal(fake_kernel()->created, 2);
}

static void death_with_a_session(void **state)
{
	struct fixture *x = *state;

	x->opt.type.resumable = false;
	start_daemon(x);
	begin(x);
	bind_driver(x);
	stop_daemon(x);
	assert_true(run_until(x, is_removed));
}

/* The rings that the last daemon left make no sense: the driver begins anew with the one that came. */
static void death_of_a_liar(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	stop_daemon(x);
	assert_true(run_until(x, is_down));
	fake_kernel()->resume_error = -ESTALE;
	start_daemon(x);
	assert_true(run_until(x, is_second));
	/* What it was given of the old rings it has to let go. */
	assert_true(fake_wait(&x->fake, VHU_RESET_DEVICE, 1));
	fake_kernel()->resume_error = 0;
}

/* The daemon is told: one whose front-end only hangs up may keep what the driver made of it. */
static void an_end_in_order(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	assert_int_equal(fake_count(&x->fake, VHU_RESET_DEVICE), 0);
	device_free(x->dev);
	x->dev = NULL;
	assert_true(fake_wait(&x->fake, VHU_RESET_DEVICE, 1));
	assert_true(fake_count(&x->fake, VHU_GET_VRING_BASE) > 0);
}

static void returns_with_less(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	stop_daemon(x);
	assert_true(run_until(x, is_down));
	x->fake.features &= ~BIT(29);
	start_daemon(x);
	assert_true(run_until(x, is_second));
	assert_int_equal(fake_kernel()->device.features, BIT(32) | BIT(28));
}

static void daemon_hangs(void **state)
{
	struct fixture *x = *state;
	int64_t start;

	start_daemon(x);
	begin(x);
	assert_int_equal(set_status(x, PROBING), 0);
	x->fake.faulty = VHU_GET_CONFIG;
	x->fake.fault = FAKE_SILENT;
	start = now_ms();
	assert_int_equal(ask(x, (struct vlb_request) { .type = VLB_REQ_CONFIG_GET, .len = 4 }), ETIMEDOUT);
	assert_true(now_ms() - start < 2LL * TIMEOUT_MS);
	assert_true(run_until(x, is_removed));
	x->fake.fault = FAKE_POLITE;
	assert_true(run_until(x, is_second));
}

/* It may wake up and write to rings that are not its own any more, so the memory is not used again. */
static void hangs_at_reset(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	x->fake.faulty = VHU_GET_VRING_BASE;
	x->fake.fault = FAKE_SILENT;
	assert_int_equal(set_status(x, 0), ETIMEDOUT);
	assert_true(run_until(x, is_removed));
}

/* It is gone when the driver lets go: the device stays, and nobody has the rings. */
static void dies_at_reset(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	x->fake.faulty = VHU_GET_VRING_BASE;
	x->fake.fault = FAKE_HANGUP;
	assert_int_equal(set_status(x, 0), 0);
	assert_true(run_until(x, is_up));
	x->fake.fault = FAKE_POLITE;
	bind_driver(x);
	assert_int_equal(fake_kernel()->created, 1);
}

static void refuses_a_ring(void **state)
{
	struct fixture *x = *state;

	x->fake.faulty = VHU_SET_VRING_NUM;
	x->fake.fault = FAKE_NO;
	start_daemon(x);
	begin(x);
	assert_int_equal(set_status(x, PROBING), 0);
	assert_int_equal(set_status(x, RUNNING), EIO);
	assert_true(is_up(x));
	assert_int_equal(set_status(x, 0), 0);
}

static void config_change(void **state)
{
	struct vhu_msg msg = { .request = VHU_BACKEND_CONFIG_CHANGE_MSG, .flags = VHU_VERSION };
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	assert_int_equal(vhu_channel_send(x->fake.backend_fd, &msg, 100), 0);
	run_for(x, 50);
	assert_int_equal(fake_kernel()->config_changes, 1);
	shutdown(x->fake.backend_fd, SHUT_RDWR);
	run_for(x, 50);
	assert_true(is_up(x));
	assert_int_equal(set_status(x, 0), 0);
}

/* The kernel asks nothing, but the driver has given it buffers. */
static void daemon_stalls(void **state)
{
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	x->fake.faulty = VHU_GET_FEATURES;
	x->fake.fault = FAKE_SILENT;
	assert_true(run_until(x, is_removed));
	x->fake.fault = FAKE_POLITE;
	assert_true(run_until(x, is_second));
	bind_driver(x);
	/* One that lies about it is no better. */
	x->fake.fault = FAKE_WRONG_SIZE;
	assert_true(run_until(x, is_removed));
	x->fake.fault = FAKE_POLITE;
}

static void daemon_shows_life(void **state)
{
	unsigned int asked;
	struct fixture *x = *state;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	asked = fake_count(&x->fake, VHU_GET_FEATURES);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(ask(x, (struct vlb_request) { .type = VLB_REQ_CONFIG_GET, .len = 4 }), 0);
		run_for(x, 50);
	}
	assert_true(is_up(x));
	assert_int_equal(fake_kernel()->created, 1);
	assert_in_range(fake_count(&x->fake, VHU_GET_FEATURES) - asked, 1, 4);
}

/* Nobody waits for it, so it may sleep. */
static void idle_daemon_is_left_alone(void **state)
{
	struct fixture *x = *state;
	unsigned int asked;

	start_daemon(x);
	begin(x);
	bind_driver(x);
	fake_kernel()->idle = true;
	asked = fake_count(&x->fake, VHU_GET_FEATURES);
	run_for(x, 1300);
	assert_int_equal(fake_count(&x->fake, VHU_GET_FEATURES), asked);
	assert_true(is_up(x));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(daemon_comes_late),
		TEST(driver_comes_and_goes),
		TEST(features_of_our_own),
		TEST(config_is_cut_to_size),
		TEST(daemon_returns),
		TEST(driver_leaves_while_away),
		TEST(daemon_stays_away),
		TEST(death_in_probe),
		TEST(request_overtaken_by_death),
		TEST(answer_too_late),
		TEST(death_with_a_session),
		TEST(death_of_a_liar),
		TEST(an_end_in_order),
		TEST(returns_with_less),
		TEST(daemon_hangs),
		TEST(hangs_at_reset),
		TEST(dies_at_reset),
		TEST(refuses_a_ring),
		TEST(config_change),
		TEST(daemon_stalls),
		TEST(daemon_shows_life),
		TEST(idle_daemon_is_left_alone),
	};

	return cmocka_run_group_tests_name("adapter-device", tests, NULL, NULL);
}
