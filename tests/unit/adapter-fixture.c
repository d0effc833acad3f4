// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter-fake-module.h"
#include "adapter-fixture.h"

#define PATIENCE_MS 3000

int fixture_setup(void **state)
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
		.stall_timeout = 1,
	};
	fake_kernel_reset();
	fake_init(&x->fake);
	*state = x;
	return sd_event_new(&x->event) < 0 ? -1 : 0;
}

void stop_daemon(struct fixture *x)
{
	if (x->listening)
		fake_stop(&x->fake);
	x->listening = false;
	unlink(x->path);
}

void start_daemon(struct fixture *x)
{
	fake_listen(&x->fake, x->path);
	x->listening = true;
}

int fixture_teardown(void **state)
{
	struct fixture *x = *state;

	device_free(x->dev);
	stop_daemon(x);
	sd_event_unref(x->event);
	assert_int_equal(fake_kernel()->alive, 0);
	test_free(x);
	return 0;
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

bool run_until(struct fixture *x, bool (*done)(const struct fixture *x))
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

void run_for(struct fixture *x, int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end && sd_event_get_state(x->event) != SD_EVENT_FINISHED)
		assert_true(sd_event_run(x->event, 10000) >= 0);
}

void begin(struct fixture *x)
{
	assert_int_equal(device_new(&x->opt, x->event, &x->dev), 0);
}
