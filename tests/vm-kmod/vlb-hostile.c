// SPDX-License-Identifier: MIT
/*
 * A daemon that does its worst in the memory it has, while stock drivers use
 * the device. What is checked is that the kernel goes on: the log is read by
 * the harness.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/input.h>

#include "fake.h"
#include "tap.h"

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static void rebind(struct fake *f, const char *driver)
{
	char path[96], device[32];

	FAKE_NEED(fake_find_virtio(f, device, sizeof(device), 10000));
	snprintf(path, sizeof(path), "/sys/bus/virtio/drivers/%s/unbind", driver);
	write_file(path, device);
	snprintf(path, sizeof(path), "/sys/bus/virtio/drivers/%s/bind", driver);
	FAKE_NEED(write_file(path, device) && fake_wait_running(f, 20000));
}

static void push_raw(struct fake_queue *q, unsigned int size, uint32_t id, uint32_t len)
{
	fake_push(q, size, id, len);
	fake_signal(q->call);
}

/* One wrong used element at a time, on a fresh ring each. */
static void used_elements(struct fake *f)
{
	static const struct {
		uint32_t id, len;
	} bad[] = {
		{ 64, 8 },
		{ ~0u, 8 },
		{ 0x10000, 8 },
		{ 65535, ~0u },
		{ 0, ~0u },
		{ 1, 0 },
		{ 63, 1u << 31 },
	};
	struct fake_queue *q = &f->queues[0];
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		push_raw(q, 64, bad[i].id, bad[i].len);
		push_raw(q, 64, bad[i].id, bad[i].len);
		usleep(2000);
		rebind(f, "virtio_input");
	}
	for (i = 0; i < 200; i++)
		push_raw(q, 64, 0, 8);
	rebind(f, "virtio_input");
	q->used->idx = 0x8000;
	fake_signal(q->call);
	usleep(2000);
	rebind(f, "virtio_input");
	check(true, "used elements with wrong ids, lengths and repetitions");
}

/* Random bytes over everything writable, with calls, for a while. */
static void garbage(struct fake *f, const char *driver, int rounds)
{
	struct fake_queue *q = &f->queues[0];
	/* Without the eighth that is read-only. */
	size_t bounce = f->create.pool_size - f->create.bounce_size / 8 * 7;
	int round;

	for (round = 0; round < rounds; round++) {
		uint64_t end = fake_now() + 150;
		unsigned int n;

		while (fake_now() < end) {
			for (n = 0; n < 200; n++) {
				((uint8_t *)q->used)[rand() % (4 + 8 * 64 + 2)] = rand();
				f->pool[bounce + rand() % (f->create.pool_size - bounce)] = rand();
				if (n % 16 == 0)
					fake_signal(q->call);
			}
			/* An index just ahead of the driver's gets further than noise. */
			q->used->idx = q->seen + rand() % 80;
		}
		rebind(f, driver);
	}
	check(true, driver);
}

/* Completes whatever the driver puts back, as fast as it can, without a pause. */
static void flood(struct fake *f)
{
	struct fake_queue *q = &f->queues[0];
	uint64_t end = fake_now() + 4000;
	unsigned long events = 0;

	while (fake_now() < end) {
		unsigned int n;

		for (n = 0; n < 1000; n++)
			events += fake_send_event(f, EV_MSC, MSC_SCAN, n);
		fake_signal(q->call);
	}
	printf("# %lu events\n", events);
	check(true, "a flood of events");
	rebind(f, "virtio_input");
	for (end = fake_now() + 2000; fake_now() < end;)
		fake_signal(q->call);
	check(true, "a flood of calls without cause");
}

/* The same eventfd for everything, and a call that nobody expects. */
static void same_eventfd(void)
{
	struct vlb_create create = fake_template(FAKE_ID_INPUT);
	struct vlb_setup_queue setup = { .size = 64 };
	struct vlb_create again;
	struct fake f;
	int fd, event;

	fake_create(&f, &create, 64);
	event = f.queues[0].call;
	fd = open("/dev/virtio-loopback", O_RDWR);
	again = create;
	FAKE_NEED(!ioctl(fd, VLB_CREATE, &again));
	setup.kick_fd = event;
	setup.call_fd = event;
	FAKE_NEED(!ioctl(fd, VLB_SETUP_QUEUE, &setup));
	setup.index = 1;
	FAKE_NEED(!ioctl(fd, VLB_SETUP_QUEUE, &setup));
	fake_close(&f);
	f.fd = fd;
	f.create = again;
	f.pool_fd = again.pool_fd;
	f.pool = NULL;
	f.num_queues = 0;
	FAKE_NEED(!pipe(f.stop));
	fake_serve(&f);
	fake_start(&f);
	check(fake_wait_running(&f, 20000), "one eventfd for kicks and calls of all queues");
	fake_stop_serving(&f);
	close(fd);
	close(f.pool_fd);
}

/* One of virtio_overlap's parameters. */
static unsigned long overlap_says(const char *name)
{
	char path[96];
	unsigned long value;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/virtio_overlap/parameters/%s", name);
	file = fopen(path, "re");
	FAKE_NEED(file && fscanf(file, "%lu", &value) == 1);
	fclose(file);
	return value;
}

static void *call_for_a_while(void *arg)
{
	struct fake *f = arg;
	uint64_t end = fake_now() + 3000;

	while (fake_now() < end)
		fake_signal(f->queues[0].call);
	return NULL;
}

/*
 * Interrupts of a device do not overlap, and the callbacks of virtio_rng and i2c-virtio rely on it. A daemon with
 * several threads may call from several processors at once.
 */
static void calls_at_once(void)
{
	pthread_t callers[3];
	uint64_t end = fake_now() + 20000;
	unsigned int i;
	struct fake f;
	int head;

	fake_run(&f, FAKE_ID_NONE, 1, 64);
	while ((head = fake_pop(&f.queues[0], 64)) < 0) {
		if (fake_now() > end)
			fake_die("the driver makes a buffer available");
		usleep(1000);
	}
	/* never taken, so each call has a cause */
	fake_push(&f.queues[0], 64, (uint32_t)head, 1);
	for (i = 0; i < 3; i++)
		FAKE_NEED(!pthread_create(&callers[i], NULL, call_for_a_while, &f));
	for (i = 0; i < 3; i++)
		pthread_join(callers[i], NULL);
	printf("# %lu callbacks, %lu of them while another one ran\n", overlap_says("callbacks"),
		overlap_says("overlaps"));
	check(overlap_says("callbacks") > 100 && !overlap_says("overlaps"),
		"calls from all processors at once make one interrupt after the other");
	fake_close(&f);
}

int main(void)
{
	struct fake f;

	srand(7);
	fake_run(&f, FAKE_ID_INPUT, 2, 64);
	used_elements(&f);
	garbage(&f, "virtio_input", 12);
	flood(&f);
	fake_close(&f);
	fake_run(&f, FAKE_ID_RNG, 1, 64);
	garbage(&f, "virtio_rng", 12);
	fake_close(&f);
	same_eventfd();
	if (!access("/sys/module/virtio_overlap", F_OK))
		calls_at_once();
	return tap_end();
}
