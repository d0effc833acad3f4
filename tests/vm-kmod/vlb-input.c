// SPDX-License-Identifier: MIT
/*
 * Reports through the stock virtio_input driver: vlb-input [REPORTS].
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/input.h>

#include "fake.h"
#include "tap.h"

#define WINDOW 16 /* reports on the way at most: evdev's buffer loses more than 64 events */

struct reader {
	int fd;
	uint32_t next;
	bool lost;
};

/* Takes what has arrived; every report is MSC_SCAN with the next number, then SYN. */
static void read_events(struct reader *r, int ms)
{
	struct pollfd fd = { r->fd, POLLIN, 0 };
	struct input_event events[64];
	ssize_t n, i;

	if (poll(&fd, 1, ms) != 1)
		return;
	n = read(r->fd, events, sizeof(events));
	for (i = 0; i < n / (ssize_t)sizeof(events[0]); i++) {
		if (events[i].type == EV_MSC && (uint32_t)events[i].value == r->next)
			r->next++;
		else if (events[i].type == EV_MSC || events[i].code == SYN_DROPPED)
			r->lost = true;
	}
}

static bool send_reports(struct fake *f, struct reader *r, uint32_t reports)
{
	struct fake_queue *q = &f->queues[0];
	uint64_t last = fake_now();
	uint32_t sent = 0;
	bool half = false;

	while (r->next < reports && !r->lost && fake_now() - last < 10000) {
		uint32_t before = r->next;

		while (sent < reports && sent - r->next < WINDOW) {
			if (!half && !fake_send_event(f, EV_MSC, MSC_SCAN, sent))
				break;
			half = !fake_send_event(f, EV_SYN, SYN_REPORT, 0);
			if (half)
				break;
			sent++;
		}
		fake_signal(q->call);
		fake_wait_kick(q, 0);
		read_events(r, 1);
		if (r->next != before)
			last = fake_now();
	}
	return r->next == reports && !r->lost;
}

/* A number from debugfs: the one after @word in the line that begins with @line. */
static long long counter(struct fake *f, const char *line, const char *word)
{
	char path[96], text[512], *at;
	long long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/virtio_loopback/%u/state", f->create.index);
	file = fopen(path, "r");
	while (file && fgets(text, sizeof(text), file))
		if (!strncmp(text, line, strlen(line)) && (at = strstr(text, word)))
			value = strtoll(at + strlen(word), NULL, 0);
	if (file)
		fclose(file);
	return value;
}

/* The driver tells its device of MSC events; takes as many as the queue has. */
static unsigned int take_statuses(struct fake *f)
{
	struct fake_queue *q = &f->queues[1];
	uint64_t end = fake_now() + 5000;
	unsigned int taken = 0;
	int head;

	while ((head = fake_pop(q, q->state.size)) >= 0) {
		fake_push(q, q->state.size, head, 0);
		taken++;
	}
	fake_signal(q->call);
	while (counter(f, "bounce:", "mappings ") != 64 && fake_now() < end)
		usleep(1000);
	return taken;
}

static void check_counters(struct fake *f, uint32_t reports)
{
	unsigned int statuses = take_statuses(f);

	check(counter(f, "type:", "type:") == FAKE_ID_INPUT, "debugfs: type");
	check(counter(f, "status:", "status:") == 15, "debugfs: status");
	check(counter(f, "queue 0:", "interrupts ") > 0, "debugfs: interrupts");
	check(counter(f, "queue 0:", "calls ") >= counter(f, "queue 0:", "interrupts "), "debugfs: calls");
	check(counter(f, "queue 0:", "kicks ") > 0, "debugfs: kicks");
	check(counter(f, "queue 0:", "from-daemon ") == 16ll * reports, "debugfs: the event queue's bytes are exact");
	check(counter(f, "queue 1:", "to-daemon ") == 8ll * statuses && counter(f, "queue 1:", "from-daemon ") == 0,
		"debugfs: the status queue's bytes too");
	check(counter(f, "bytes:", "from-daemon ") == 16ll * reports, "debugfs: the device's bytes");
	check(counter(f, "bounce:", "mappings ") == 64, "debugfs: 64 buffers wait for events");
	check(!counter(f, "failures:", "mappings ") && !counter(f, "failures:", "bad-unmaps "), "debugfs: no failures");
}

/* Before any event: what the driver handed over has no content of its own. */
static bool nothing_to_see(struct fake *f)
{
	struct fake_queue *q = &f->queues[0];
	uint64_t end = fake_now() + 20000;
	size_t i;

	while (le16toh(__atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE)) != 64)
		if (fake_now() > end)
			return false;
	for (i = f->create.pool_size - f->create.bounce_size; i < f->create.pool_size; i++)
		if (f->pool[i])
			return false;
	return true;
}

int main(int argc, char **argv)
{
	uint32_t reports = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
	struct reader reader = { 0 };
	uint64_t began;
	char path[64];
	struct fake f;

	fake_run(&f, FAKE_ID_INPUT, 2, 64);
	check(fake_find_evdev(&f, path, sizeof(path), 20000), "an event device appears");
	check(nothing_to_see(&f), "no byte of the kernel's memory is in the pool");
	reader.fd = open(path, O_RDONLY | O_NONBLOCK);
	check(reader.fd >= 0, "and opens");
	began = fake_now();
	check(send_reports(&f, &reader, reports), "all reports arrive, in order");
	printf("# %u of %u reports in %llu ms\n", reader.next, reports, (unsigned long long)(fake_now() - began));
	check_counters(&f, reports);
	fake_close(&f);
	while (reader.fd >= 0 && read(reader.fd, path, sizeof(path)) >= 0)
		;
	check(errno == ENODEV || errno == EAGAIN, "the reader is told when the device goes");
	return tap_end();
}
