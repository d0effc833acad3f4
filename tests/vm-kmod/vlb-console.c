// SPDX-License-Identifier: MIT
/*
 * A console's driver waits in a loop for the device. Whatever the daemon does, that loop ends, and what a
 * healthy one is given is complete.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "con.h"
#include "tap.h"

#define MIB	(1024UL * 1024)
#define AREA	(256UL * 1024) /* what the module keeps for a port: kmod/README.md */
#define ALL	(10 * MIB)
#define BOUND	30000 /* ms for what takes microseconds: the kernel does not wait for the daemon */
#define LONG_MS 20000ull

static uint8_t *pattern;

static void *make_pattern(void)
{
	unsigned int seed = 3;
	size_t i;

	FAKE_NEED((pattern = malloc(ALL)));
	for (i = 0; i < ALL; i++)
		pattern[i] = (uint8_t)(rand_r(&seed) >> 8);
	return pattern;
}

static bool is_pattern(const struct con *c, unsigned int port, size_t len)
{
	return c->got[port] == len && !memcmp(c->data[port], pattern, len);
}

/* Writes all of it, in pieces of all sizes; bytes written. */
static size_t write_all(int fd, const uint8_t *buf, size_t len, size_t piece)
{
	unsigned int seed = 5;
	size_t done = 0;

	while (done < len) {
		size_t want = 1 + (size_t)rand_r(&seed) % piece;
		ssize_t n = write(fd, buf + done, want < len - done ? want : len - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

struct writer {
	pthread_t thread;
	int fd;
	size_t len;
	volatile size_t done;
	volatile bool ended;
};

static void *run_writer(void *arg)
{
	struct writer *w = arg;

	w->done = write_all(w->fd, pattern, w->len, 60000);
	w->ended = true;
	return NULL;
}

static void writer_start(struct writer *w, int fd, size_t len)
{
	*w = (struct writer) { .fd = fd, .len = len };
	FAKE_NEED(!pthread_create(&w->thread, NULL, run_writer, w));
}

static bool writer_end(struct writer *w)
{
	uint64_t end = fake_now() + LONG_MS;

	while (!w->ended) {
		if (fake_now() > end)
			return false;
		usleep(1000);
	}
	pthread_join(w->thread, NULL);
	return true;
}

/* A healthy daemon may be the port's area behind; who writes no faster loses nothing. */
static bool write_paced(struct con *c, int fd, size_t len)
{
	size_t base = c->got[0], done = 0;

	while (done < len) {
		size_t want = len - done < AREA / 2 ? len - done : AREA / 2;

		if (write_all(fd, pattern + done, want, 20000) != want || !con_wait_got(c, 0, base + done + want))
			return false;
		done += want;
	}
	return true;
}

/* Buffers of many pieces, whose descriptors lie in a table of their own. */
static bool splice_all(int port, size_t len)
{
	size_t done = 0, n;
	int fds[2];
	ssize_t ret;

	FAKE_NEED(!pipe(fds));
	while (done < len) {
		n = len - done < 50000 ? len - done : 50000;
		FAKE_NEED(write(fds[1], pattern + done, n) == (ssize_t)n);
		for (done += n; n; n -= (size_t)ret) {
			ret = splice(fds[0], NULL, port, NULL, n, 0);
			if (ret <= 0)
				return false;
		}
	}
	close(fds[0]);
	close(fds[1]);
	return true;
}

static void forget(struct con *c)
{
	c->got[0] = c->got[1] = 0;
}

/* Did the daemon get messages @event about @port, the last of them with @value? */
static unsigned int heard(struct con *c, uint32_t port, uint16_t event, int *value)
{
	unsigned int i, n = 0;

	for (i = 0; i < c->num_controls; i++)
		if (le32toh(c->controls[i].id) == port && le16toh(c->controls[i].event) == event) {
			*value = le16toh(c->controls[i].value);
			n++;
		}
	return n;
}

static bool comes_to(volatile unsigned int *value, unsigned int least)
{
	uint64_t end = fake_now() + LONG_MS;

	while (*value < least) {
		if (fake_now() > end)
			return false;
		usleep(1000);
	}
	return true;
}

static void healthy(struct con *c, int console, int port)
{
	struct writer w;
	int value = 0;

	/* DEVICE_READY, PORT_READY of both, PORT_OPEN of both */
	check(comes_to(&c->num_controls, 5) && heard(c, 0xffffffff, VIRTIO_CONSOLE_DEVICE_READY, &value) == 1 &&
			heard(c, 0, VIRTIO_CONSOLE_PORT_READY, &value) == 1 &&
			heard(c, 1, VIRTIO_CONSOLE_PORT_READY, &value) == 1 &&
			heard(c, 0, VIRTIO_CONSOLE_PORT_OPEN, &value) == 1 &&
			heard(c, 1, VIRTIO_CONSOLE_PORT_OPEN, &value) == 1 && value == 1,
		"the driver's control messages arrive");
	writer_start(&w, port, ALL);
	check(writer_end(&w) && con_wait_got(c, 1, ALL) && is_pattern(c, 1, ALL), "10 MiB through a port are exact");
	check(write_paced(c, console, ALL) && is_pattern(c, 0, ALL), "10 MiB through a console are exact");
	forget(c);
	c->shuffle = true;
	writer_start(&w, port, ALL / 4);
	check(writer_end(&w) && con_wait_got(c, 1, ALL / 4) && is_pattern(c, 1, ALL / 4),
		"and so they are when buffers are finished in another order");
	c->shuffle = false;
	forget(c);
	check(splice_all(port, 2 * MIB) && con_wait_got(c, 1, 2 * MIB) && is_pattern(c, 1, 2 * MIB),
		"splice() from a pipe is exact, too");
	c->slow = true;
	forget(c);
	writer_start(&w, port, MIB);
	check(writer_end(&w) && con_wait_got(c, 1, MIB) && is_pattern(c, 1, MIB), "a slow daemon slows the writer");
	c->slow = false;
	check(!con_state(c, "queue 1: relay", "dropped ") && !con_state(c, "queue 5: relay", "dropped "),
		"nothing was dropped");
	check(!c->late, "the daemon was woken each time");
	if (c->late)
		printf("# %u times not\n", c->late);
	forget(c);
}

static void deaf_console(struct con *c, int console)
{
	uint64_t began = fake_now();
	long long dropped;

	c->deaf = true;
	usleep(50000);
	check(write_all(console, pattern, MIB, 4000) == MIB, "a console takes 1 MiB with a daemon that does not read");
	check(fake_now() - began < BOUND, "in bounded time");
	dropped = con_state(c, "queue 1: relay", "dropped ");
	check(con_state(c, "queue 1: relay", "waiting ") == (long long)AREA && dropped == (long long)(MIB - AREA),
		"what was dropped is counted");
	c->deaf = false;
	check(con_wait_got(c, 0, AREA) && is_pattern(c, 0, AREA), "the daemon finds the beginning");
	began = fake_now();
	/* what it has read is not finished yet: there is no room before that */
	while (con_state(c, "queue 1: relay", "waiting ") > 0 && fake_now() - began < BOUND)
		usleep(1000);
	check(write_paced(c, console, MIB) && !memcmp(c->data[0] + AREA, pattern, MIB), "and all that comes later");
	check(con_state(c, "queue 1: relay", "dropped ") == dropped, "nothing more was dropped");
	forget(c);
}

static void deaf_port(struct con *c, int port)
{
	struct pollfd fd = { port, POLLOUT, 0 };
	size_t sent = 0;
	struct writer w;
	ssize_t n;

	c->deaf = true;
	usleep(50000);
	FAKE_NEED(!fcntl(port, F_SETFL, O_NONBLOCK));
	while ((n = write(port, pattern + sent, 10000)) > 0 && sent + 10000 < ALL)
		sent += (size_t)n;
	check(n < 0 && errno == EAGAIN && sent > AREA, "a port is full at some time with a daemon that does not read");
	check(!poll(&fd, 1, 100), "nor does it say that it can be written");
	FAKE_NEED(!fcntl(port, F_SETFL, 0));
	pattern += sent;
	writer_start(&w, port, MIB);
	usleep(100000);
	check(!w.ended, "a writer sleeps");
	c->deaf = false;
	check(writer_end(&w), "and is woken when the daemon reads");
	pattern -= sent;
	check(con_wait_got(c, 1, sent + MIB) && is_pattern(c, 1, sent + MIB), "nothing was lost");
	check(!con_state(c, "queue 5: relay", "dropped "), "nothing is counted as lost");
	forget(c);
}

/* What fits arrives, each message; of more, the last word. The port is open when this begins and ends. */
static void deaf_control(struct con *c, int *port, unsigned int times, bool all)
{
	unsigned int i, before = c->num_controls, bad = 0;
	uint64_t began = fake_now();
	char name[96];
	int value = 0;

	c->deaf = true;
	usleep(50000);
	for (i = 0; i < times; i++) {
		close(*port);
		*port = con_open_port(c, 0);
	}
	close(*port);
	snprintf(name, sizeof(name), "a port opens %u times with a daemon that does not read", times);
	check(fake_now() - began < BOUND, name);
	c->deaf = false;
	usleep(100000);
	FAKE_NEED(comes_to(&c->num_controls, before + 100));
	if (all) {
		comes_to(&c->num_controls, before + 2 * times + 1);
		for (i = before; i < c->num_controls; i++)
			bad += le16toh(c->controls[i].event) != VIRTIO_CONSOLE_PORT_OPEN ||
				le16toh(c->controls[i].value) != ((i - before) & 1);
		check(!bad && c->num_controls == before + 2 * times + 1, "each message arrives, in order");
	} else {
		while (con_state(c, "queue 3: relay", "waiting "))
			usleep(1000);
		usleep(50000);
		check(c->num_controls < before + 2 * times + 1, "of too many messages some are left out");
		check(heard(c, 1, VIRTIO_CONSOLE_PORT_OPEN, &value) && !value, "the last one arrives");
	}
	*port = con_open_port(c, 0);
}

/* Daemons die anywhere while data flows. */
static void deaths(struct con *c, int console, int port, unsigned int count)
{
	unsigned int i, refused = 0;
	struct writer w;

	writer_start(&w, port, ALL);
	for (i = 0; i < count; i++) {
		size_t before = c->got[1];

		if (!con_wait_got(c, 1, before + 1000 + i * 7000UL))
			break;
		con_kill_daemon(c);
		refused += con_new_daemon(c) != 0;
	}
	check(!refused, "each death is followed by a new daemon");
	check(writer_end(&w) && con_wait_got(c, 1, ALL) && is_pattern(c, 1, ALL),
		"a port's bytes arrive once and in order");
	con_kill_daemon(c);
	check(write_all(console, pattern, AREA / 2, 3000) == AREA / 2, "a console takes bytes without a daemon");
	FAKE_NEED(!con_new_daemon(c));
	check(con_wait_got(c, 0, AREA / 2) && is_pattern(c, 0, AREA / 2), "the next one finds them");
	forget(c);
}

/* Writes that wait when their port becomes a console belong to nobody any more: the driver's loop must not find them. */
static void turncoat(struct con *c, int port)
{
	uint64_t began;
	struct writer w;

	c->deaf = true;
	usleep(50000);
	writer_start(&w, port, ALL);
	while (con_state(c, "queue 5: relay", "waiting ") < (long long)AREA)
		usleep(1000);
	usleep(100000);
	began = fake_now();
	con_tell(c, 1, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
	check(writer_end(&w) && fake_now() - began < BOUND, "a port that becomes a console lets its writers go");
	check(con_state(c, "queue 5: relay console", "dropped ") > 0, "and is one in debugfs");
	c->deaf = false;
}

static void rebind(struct con *c, bool bind)
{
	int fd = open(
		bind ? "/sys/bus/virtio/drivers/virtio_console/bind" : "/sys/bus/virtio/drivers/virtio_console/unbind",
		O_WRONLY | O_CLOEXEC);

	FAKE_NEED(fd >= 0 && write(fd, c->virtio, strlen(c->virtio)) == (ssize_t)strlen(c->virtio));
	close(fd);
}

static void all_of_it(bool event_idx)
{
	int console, port;
	struct con c;

	con_start(&c, true, event_idx, ALL);
	console = con_open_console(&c, 0);
	port = con_open_port(&c, 0);
	healthy(&c, console, port);
	deaf_console(&c, console);
	deaf_port(&c, port);
	deaf_control(&c, &port, 500, true);
	deaf_control(&c, &port, 3000, false);
	deaths(&c, console, port, 20);
	turncoat(&c, port);
	c.deaf = true;
	usleep(50000);
	write_all(console, pattern, MIB, 4000);
	close(console);
	close(port);
	rebind(&c, false);
	check(!c.f.running, "the driver unbinds while everything is full");
	rebind(&c, true);
	check(fake_wait_running(&c.f, (int)LONG_MS) && !con_state(&c, "queue 1: relay", "waiting "),
		"and binds again, with nothing of before");
	con_end(&c);
	check(true, "the device goes");
}

/* One port, no control queues: a console. */
static void single(bool event_idx)
{
	uint64_t began;
	struct con c;
	int console;

	con_start(&c, false, event_idx, ALL);
	console = con_open_console(&c, 0);
	check(write_paced(&c, console, ALL) && is_pattern(&c, 0, ALL), "a single console: 10 MiB are exact");
	check(!c.late, "its daemon was woken each time");
	con_kill_daemon(&c);
	began = fake_now();
	check(write_all(console, pattern, MIB, 4000) == MIB && fake_now() - began < BOUND,
		"it takes 1 MiB without a daemon");
	con_close(&c);
	began = fake_now();
	check(write(console, pattern, 4000) != 0 && fake_now() - began < BOUND, "and comes to an end with its device");
	close(console);
	/* The next one is /dev/hvc0, too. */
	FAKE_NEED(fake_gone(&c.f, LONG_MS));
}

/* A daemon that lies in its used ring: its device ends, nothing waits for it. */
static void lies(const char *what, int lie)
{
	unsigned int seed = (unsigned int)lie, i;
	struct fake_queue *q;
	int console, port;
	uint64_t began;
	struct writer w;
	char name[128];
	struct con c;

	con_start(&c, true, lie & 1, ALL);
	console = con_open_console(&c, 0);
	port = con_open_port(&c, 0);
	c.deaf = true;
	usleep(50000);
	writer_start(&w, port, ALL);
	q = &c.f.queues[1];
	write_all(console, pattern, 2000, 100);
	began = fake_now();
	if (lie == 0)
		__atomic_store_n(&q->used->idx, htole16(le16toh(q->used->idx) + 1000), __ATOMIC_RELEASE);
	else if (lie < 3)
		fake_push(q, CON_SIZE, lie == 1 ? 60 : 0xfffff, 1);
	for (i = 0; i < 300; i++) {
		/* Noise in the used rings and in the data, while both are in use */
		if (lie == 3)
			((volatile uint8_t *)c.f.queues[rand_r(&seed) % 3 * 2 + 1].used)[rand_r(&seed) % 520] =
				(uint8_t)rand_r(&seed);
		write_all(console, pattern, 200, 100);
		fake_signal(q->call);
	}
	snprintf(name, sizeof(name), "%s: writes to a console return", what);
	check(fake_now() - began < BOUND, name);
	snprintf(name, sizeof(name), "%s: the device stops, and a port's writer with it", what);
	check(writer_end(&w) && con_state(&c, "breaks:", ": ") == 1, name);
	snprintf(name, sizeof(name), "%s: a new daemon is refused", what);
	con_kill_daemon(&c);
	check(con_new_daemon(&c) != 0, name);
	close(console);
	close(port);
	fake_close(&c.f);
	while (con_state(&c, "name", ":") >= 0)
		usleep(1000);
}

/* One console and a daemon that reads, until somebody stops us, in one sense or the other. */
static void be_there(void)
{
	struct con c;

	con_start(&c, false, true, MIB);
	puts("READY");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--serve"))
		be_there();
	make_pattern();
	all_of_it(true);
	all_of_it(false);
	single(true);
	single(false);
	lies("a used index that runs ahead", 0);
	lies("a used head that was not available", 1);
	lies("a used head out of the ring", 2);
	lies("noise", 3);
	return tap_end();
}
