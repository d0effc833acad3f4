// SPDX-License-Identifier: MIT
/* The life of a device: daemons come, die, hang and come back; the kernel is a fake. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter-fake-module.h"
#include "adapter-fake.h"
#include "adapter/device.h"
#include "channel.h"

#define BIT(n)	    (1ULL << (n))
#define TIMEOUT_MS  150
#define PATIENCE_MS 3000
#define PROBING	    (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define RUNNING	    (PROBING | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)
#define NEGOTIATED  (BIT(VIRTIO_F_VERSION_1) | BIT(29))

struct fixture {
	struct options opt;
	char path[64];
	sd_event *event;
	struct device *dev;
	struct fake fake;
	bool listening;
	bool over; /* the loop has ended */
	int exit_code;
};

static int setup(void **state)
{
	struct fixture *x = test_calloc(1, sizeof(*x));

	snprintf(x->path, sizeof(x->path), "/tmp/test-adapter-device.%d", getpid());
	unlink(x->path);
	x->opt = (struct options) {
		.socket_path = x->path,
		.name = "test",
		.control = "/fake",
		.type = *devices_find("input"),
		.indirect = true,
		.wait_timeout = OPTIONS_FOREVER,
		.grace = 5,
		.deadline = TIMEOUT_MS,
	};
	fake_kernel_reset();
	fake_init(&x->fake);
	*state = x;
	return sd_event_new(&x->event) < 0 ? -1 : 0;
}

static void stop_daemon(struct fixture *x)
{
	if (x->listening)
		fake_stop(&x->fake);
	x->listening = false;
	unlink(x->path);
}

static void start_daemon(struct fixture *x)
{
	fake_listen(&x->fake, x->path);
	x->listening = true;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	device_free(x->dev);
	stop_daemon(x);
	sd_event_unref(x->event);
	assert_int_equal(fake_kernel()->alive, 0);
	test_free(x);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Run the adapter's loop until @done is true, for PATIENCE_MS at most. */
static bool run_until(struct fixture *x, bool (*done)(const struct fixture *x))
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (!done(x)) {
		if (now_ms() > end || x->over)
			return false;
		assert_true(sd_event_run(x->event, 20000) >= 0);
		x->over = sd_event_get_state(x->event) == SD_EVENT_FINISHED;
	}
	return true;
}

static void run_for(struct fixture *x, int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end && sd_event_get_state(x->event) != SD_EVENT_FINISHED)
		assert_true(sd_event_run(x->event, 10000) >= 0);
}

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

static bool is_over(const struct fixture *x)
{
	return x->over;
}

static bool is_answered(const struct fixture *x)
{
	return fake_kernel()->responses;
}

static void begin(struct fixture *x)
{
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), 0);
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

static void death_out_of_order(void **state)
{
	struct fixture *x = *state;

	x->opt.type.in_order = false;
	start_daemon(x);
	begin(x);
	bind_driver(x);
	stop_daemon(x);
	assert_true(run_until(x, is_removed));
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(daemon_comes_late),
		TEST(driver_comes_and_goes),
		TEST(config_is_cut_to_size),
		TEST(daemon_returns),
		TEST(driver_leaves_while_away),
		TEST(daemon_stays_away),
		TEST(death_in_probe),
		TEST(death_out_of_order),
		TEST(returns_with_less),
		TEST(daemon_hangs),
		TEST(hangs_at_reset),
		TEST(refuses_a_ring),
		TEST(config_change),
		TEST(wrong_daemons),
		TEST(queues_of_the_daemon),
		TEST(nobody_answers),
		TEST(nobody_answers_in_time),
		TEST(no_module),
		TEST(not_a_socket),
	};

	return cmocka_run_group_tests_name("adapter-device", tests, NULL, NULL);
}
