// SPDX-License-Identifier: MIT
/*
 * Adapters that close, hesitate or refuse. Loaded with
 * retry_timeout_ms=500 and a long stop_timeout_ms; times are bounds against hangs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/input.h>
#include <linux/virtio_config.h>

#include "fake.h"
#include "tap.h"

#define LONG_MS 20000ull

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

#define STOP_TIMEOUT "/sys/module/virtio_loopback/parameters/stop_timeout_ms"

static bool driver_file(struct fake *f, const char *driver, const char *name)
{
	char path[96], device[32];

	if (!fake_find_virtio(f, device, sizeof(device), LONG_MS))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/virtio/drivers/%s/%s", driver, name);
	return write_file(path, device);
}

static bool unbind(struct fake *f)
{
	return driver_file(f, "virtio_input", "unbind");
}

static bool bind_driver(struct fake *f)
{
	return driver_file(f, "virtio_input", "bind");
}

static void make_input(struct fake *f)
{
	struct vlb_create create = fake_template(FAKE_ID_INPUT);

	fake_create(f, &create, 64);
}

static void set_backend(struct fake *f, uint32_t backend)
{
	FAKE_NEED(!ioctl(f->fd, VLB_SET_BACKEND, &backend));
}

/* Closes after the n-th request was read, answered or not; false when there were fewer. */
static bool close_after(unsigned int n, bool answered)
{
	struct vlb_response resp;
	unsigned int seen = 0;
	struct vlb_request req;
	struct fake f;

	make_input(&f);
	fake_start(&f);
	while (seen < n) {
		struct pollfd fd = { f.fd, POLLIN, 0 };

		if (poll(&fd, 1, LONG_MS) != 1)
			break;
		FAKE_NEED(read(f.fd, &req, sizeof(req)) == sizeof(req));
		seen++;
		if (seen == n && !answered)
			break;
		resp = (struct vlb_response) { .id = req.id, .len = req.type == VLB_REQ_CONFIG_GET ? req.len : 0 };
		/* ENOENT: the kernel has stopped waiting */
		FAKE_NEED(write(f.fd, &resp, sizeof(resp)) == sizeof(resp) || errno == ENOENT);
	}
	fake_close(&f);
	FAKE_NEED(fake_gone(&f, LONG_MS));
	return seen == n;
}

static void close_everywhere(void)
{
	unsigned int n = 1, reached;
	struct fake f;

	close(open("/dev/virtio-loopback", O_RDWR));
	make_input(&f);
	fake_close(&f);
	make_input(&f);
	fake_start(&f);
	fake_close(&f);
	check(fake_gone(&f, LONG_MS), "closed right after start");
	while (close_after(n, false) && close_after(n, true) && n < 60)
		n++;
	reached = n;
	check(reached > 10, "closed after every request of a probe, answered or not");
	fake_run(&f, FAKE_ID_INPUT, 2, 64);
	fake_close(&f);
	check(fake_gone(&f, LONG_MS), "closed while a driver uses it");
}

static void rebind(void)
{
	unsigned int round;
	struct fake f;

	fake_run(&f, FAKE_ID_INPUT, 2, 64);
	for (round = 0; round < 30; round++) {
		FAKE_NEED(unbind(&f));
		FAKE_NEED(!f.running && f.resets == round + 2);
		fake_signal(f.queues[0].call);
		FAKE_NEED(bind_driver(&f));
		FAKE_NEED(fake_wait_running(&f, LONG_MS));
		FAKE_NEED(fake_send_event(&f, EV_SYN, SYN_REPORT, 0));
		fake_signal(f.queues[0].call);
	}
	check(true, "unbind and bind, 30 times");
	check(unbind(&f) && fake_state_says(&f, "busy 0 "), "what the driver left in its rings is free again");
	fake_close(&f);
}

static void late_reset(void)
{
	struct vlb_response resp = { 0 };
	uint64_t began = fake_now();
	struct fake f;

	fake_run(&f, FAKE_ID_INPUT, 2, 64);
	FAKE_NEED(write_file(STOP_TIMEOUT, "2000"));
	f.mute = true;
	check(unbind(&f) && fake_now() - began < LONG_MS, "unbind ends though the reset is not answered");
	check(!bind_driver(&f), "no new driver while the daemon has the rings");
	resp.id = f.last_reset_id;
	f.mute = false;
	FAKE_NEED(write_file(STOP_TIMEOUT, "15000"));
	check(write(f.fd, &resp, sizeof(resp)) == sizeof(resp), "the late answer is taken");
	check(bind_driver(&f) && fake_wait_running(&f, LONG_MS), "and makes way for a driver");
	fake_close(&f);
}

static void silent(void)
{
	uint64_t began = fake_now();
	char name[32];
	struct fake f;

	FAKE_NEED(write_file(STOP_TIMEOUT, "2000"));
	make_input(&f);
	f.mute = true;
	fake_serve(&f);
	fake_start(&f);
	check(fake_find_virtio(&f, name, sizeof(name), LONG_MS), "an adapter that never answers gets its device");
	usleep(2500000);
	fake_close(&f);
	check(fake_gone(&f, LONG_MS) && fake_now() - began < 2 * LONG_MS, "which goes in bounded time");

	began = fake_now();
	make_input(&f);
	f.deaf = true;
	fake_serve(&f);
	fake_start(&f);
	usleep(2500000);
	fake_close(&f);
	check(fake_gone(&f, LONG_MS) && fake_now() - began < 2 * LONG_MS, "as with one that does not even read");
	FAKE_NEED(write_file(STOP_TIMEOUT, "15000"));
}

static void refusals(void)
{
	char name[32], link[96];
	uint64_t end = fake_now() + LONG_MS;
	struct fake f;

	make_input(&f);
	f.refuse_status = VIRTIO_CONFIG_S_FEATURES_OK;
	fake_serve(&f);
	fake_start(&f);
	FAKE_NEED(fake_find_virtio(&f, name, sizeof(name), LONG_MS));
	snprintf(link, sizeof(link), "/sys/bus/virtio/devices/%s/driver", name);
	/* FAILED comes a moment before the driver has gone */
	while (!(fake_state_says(&f, "status: 0x8") && access(link, F_OK)) && fake_now() < end)
		usleep(5000);
	check(access(link, F_OK), "features refused: no driver");
	f.refuse_status = VIRTIO_CONFIG_S_DRIVER_OK;
	(void)bind_driver(&f);
	check(fake_state_says(&f, "needs-reset"), "DRIVER_OK refused: the device is broken");
	f.refuse_status = 0;
	if (!access(link, F_OK))
		unbind(&f);
	check(bind_driver(&f) && fake_wait_running(&f, LONG_MS), "and works after a reset");
	FAKE_NEED(!ioctl(f.fd, VLB_CONFIG_CHANGED));
	FAKE_NEED(!ioctl(f.fd, VLB_BREAK) && !ioctl(f.fd, VLB_BREAK));
	check(fake_state_says(&f, "needs-reset"), "VLB_BREAK breaks");
	check(unbind(&f) && bind_driver(&f) && fake_wait_running(&f, LONG_MS), "until the next reset");
	fake_close(&f);
}

static bool set_retry(const char *ms)
{
	return write_file("/sys/module/virtio_loopback/parameters/retry_timeout_ms", ms);
}

static void bind_in_child(struct fake *f)
{
	if (fork())
		return;
	/* Else the child would keep the device open for as long as it waits for it. */
	close(f->fd);
	(void)bind_driver(f);
	_exit(0);
}

static void absent_backend(void)
{
	uint64_t began = fake_now();
	struct fake f;

	make_input(&f);
	fake_serve(&f);
	FAKE_NEED(!ioctl(f.fd, VLB_START));
	usleep(2500000);
	check(!f.running && fake_now() - began < LONG_MS, "without a daemon the driver gives up");
	FAKE_NEED(set_retry("0"));
	began = fake_now();
	check(!bind_driver(&f) && fake_now() - began < LONG_MS, "retry_timeout_ms=0: at once");
	FAKE_NEED(set_retry("-1"));
	bind_in_child(&f);
	usleep(700000);
	check(!f.running, "retry_timeout_ms=-1: waits");
	set_backend(&f, VLB_BACKEND_UP);
	check(fake_wait_running(&f, LONG_MS), "until the daemon is there");
	set_backend(&f, VLB_BACKEND_DOWN);
	check(unbind(&f), "unbind does not wait for a daemon");
	bind_in_child(&f);
	usleep(300000);
	fake_close(&f);
	check(fake_gone(&f, LONG_MS), "nor does close, with a driver waiting for ever");
	FAKE_NEED(set_retry("500"));
}

int main(void)
{
	close_everywhere();
	rebind();
	late_reset();
	silent();
	refusals();
	absent_backend();
	return tap_end();
}
