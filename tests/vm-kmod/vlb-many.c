// SPDX-License-Identifier: MIT
/*
 * Many devices at once, and the largest there can be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <linux/input.h>
#include <linux/virtio_config.h>

#include "fake.h"
#include "tap.h"

#define DEVICES 64

static bool all_run(struct fake *f)
{
	int i;

	for (i = 0; i < DEVICES; i++)
		if (!fake_wait_running(&f[i], 60000))
			return false;
	return true;
}

static bool all_deliver(struct fake *f)
{
	int i, round;

	for (round = 0; round < 20; round++)
		for (i = 0; i < DEVICES; i++) {
			struct fake_queue *q = &f[i].queues[0];
			uint64_t end = fake_now() + 60000;

			while (!fake_send_event(&f[i], EV_SYN, SYN_REPORT, 0))
				if (fake_now() > end)
					return false;
			fake_signal(q->call);
		}
	return true;
}

static void largest(void)
{
	struct vlb_create create = fake_template(FAKE_ID_NONE);
	struct fake f;

	create.num_queues = VLB_MAX_QUEUES;
	create.max_queue_size = VLB_MAX_QUEUE_SIZE;
	create.bounce_size = 64 << 20;
	fake_create(&f, &create, VLB_MAX_QUEUE_SIZE);
	check(f.create.pool_size > create.bounce_size, "1024 queues of 1024 and 64 MiB");
	fake_serve(&f);
	fake_start(&f);
	usleep(200000);
	fake_close(&f);
}

int main(void)
{
	struct rlimit files = { 4096, 4096 };
	struct fake *f = calloc(DEVICES, sizeof(*f));
	int i;

	FAKE_NEED(f && !setrlimit(RLIMIT_NOFILE, &files));
	for (i = 0; i < DEVICES; i++) {
		struct vlb_create create = fake_template(FAKE_ID_INPUT);

		fake_create(&f[i], &create, 64);
		fake_serve(&f[i]);
	}
	for (i = 0; i < DEVICES; i++)
		fake_start(&f[i]);
	check(all_run(f), "64 devices have their driver");
	check(all_deliver(f), "and take events side by side");
	check(system("rmmod virtio_loopback 2>/dev/null") != 0, "the module stays while they live");
	for (i = 0; i < DEVICES; i += 2)
		fake_close(&f[i]);
	for (i = 1; i < DEVICES; i += 2)
		fake_close(&f[i]);
	free(f);
	check(true, "all closed");
	largest();
	return tap_end();
}
