// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <linux/virtio_config.h>

#include "con.h"

#define LONG_MS 20000

static uint16_t *avail_event(struct fake_queue *q)
{
	return (uint16_t *)&q->used->ring[CON_SIZE];
}

static uint16_t used_event(struct fake_queue *q)
{
	return le16toh(__atomic_load_n(&q->avail->ring[CON_SIZE], __ATOMIC_RELAXED));
}

/* As a daemon that keeps to the rules: a call only where one is wanted. */
static void call(struct con *c, struct fake_queue *q, uint16_t old)
{
	uint16_t now = le16toh(q->used->idx);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (c->event_idx ? vring_need_event(used_event(q), now, old)
			 : !(le16toh(q->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT))
		fake_signal(q->call);
}

static void take(struct con *c, unsigned int index, const struct vring_desc *desc)
{
	const uint8_t *bytes = fake_at(&c->f, le64toh(desc->addr));
	unsigned int port = index == 1 ? 0 : (index - 3) / 2;
	uint32_t len = le32toh(desc->len);

	FAKE_NEED(bytes && !desc->flags && fake_at(&c->f, le64toh(desc->addr) + len - 1));
	if (index == CON_CONTROL_OUT) {
		FAKE_NEED(len == sizeof(struct virtio_console_control));
		memcpy(&c->controls[c->num_controls % CON_CONTROLS], bytes, len);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		c->num_controls++;
		return;
	}
	if (c->got[port] + len <= c->room)
		memcpy(c->data[port] + c->got[port], bytes, len);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	c->got[port] += len;
}

/* True when there was something. */
static bool work(struct con *c, unsigned int index)
{
	struct fake_queue *q = &c->f.queues[index];
	int heads[CON_SIZE], n = 0, i, head;
	bool shuffle = c->shuffle; /* one order for the whole pass */
	uint16_t old = le16toh(q->used->idx);

	while (n < CON_SIZE && (head = fake_pop(q, CON_SIZE)) >= 0)
		heads[n++] = head;
	for (i = 0; i < n && !c->dying; i++)
		take(c, index, &q->desc[heads[i]]);
	/* Data in order, but finished from both ends */
	for (n = i, i = 0; i < n; i++) {
		int at = !shuffle ? i : i & 1 ? i / 2 : n - 1 - i / 2;

		fake_push(q, CON_SIZE, (uint32_t)heads[at], 0);
		if (c->slow)
			usleep(500);
	}
	__atomic_store_n(avail_event(q), htole16(q->seen), __ATOMIC_SEQ_CST);
	if (n)
		call(c, q, old);
	return n > 0;
}

static bool work_all(struct con *c)
{
	bool any = work(c, 1);

	if (!c->multiport)
		return any;
	any |= work(c, CON_CONTROL_OUT);
	return work(c, CON_OUT(1)) || any;
}

static bool wait_for_kick(struct con *c, int ms)
{
	struct pollfd fds[3] = { { c->f.queues[1].kick, POLLIN, 0 }, { c->f.queues[3].kick, POLLIN, 0 },
		{ c->f.queues[5].kick, POLLIN, 0 } };
	int i, n = c->multiport ? 3 : 1;
	uint64_t count;
	ssize_t ret;

	if (poll(fds, (nfds_t)n, ms) <= 0)
		return false;
	for (i = 0; i < n; i++)
		if (fds[i].revents) {
			ret = read(fds[i].fd, &count, sizeof(count));
			(void)ret;
		}
	return true;
}

static bool has_work(const struct con *c)
{
	for (unsigned int i = 1; i < (c->multiport ? 6 : 2); i += 2)
		if (le16toh(__atomic_load_n(&c->f.queues[i].avail->idx, __ATOMIC_ACQUIRE)) != c->f.queues[i].seen)
			return true;
	return false;
}

static void *serve(void *arg)
{
	struct con *c = arg;
	bool woken = true;

	while (!c->dying) {
		if (!c->f.running || c->deaf) {
			usleep(1000);
			woken = true;
			continue;
		}
		while (!c->dying && !c->deaf && work_all(c)) {
			c->late += !woken;
			woken = true;
		}
		woken = wait_for_kick(c, 300);
		/* An entry comes a moment before its kick; a machine that stands still makes that long */
		if (!woken && has_work(c))
			woken = wait_for_kick(c, 5000);
	}
	return NULL;
}

static void start_daemon(struct con *c)
{
	c->dying = false;
	FAKE_NEED(!pthread_create(&c->daemon, NULL, serve, c));
}

void con_kill_daemon(struct con *c)
{
	uint32_t down = VLB_BACKEND_DOWN;

	c->dying = true;
	pthread_join(c->daemon, NULL);
	FAKE_NEED(!ioctl(c->f.fd, VLB_SET_BACKEND, &down));
}

int con_new_daemon(struct con *c)
{
	uint32_t up = VLB_BACKEND_UP;
	unsigned int i;

	for (i = 0; i < c->f.num_queues; i++) {
		struct fake_queue *q = &c->f.queues[i];

		q->state = (struct vlb_queue_state) { .index = i };
		if (ioctl(c->f.fd, VLB_RESUME_QUEUE, &q->state))
			return -errno;
		q->seen = q->state.used_idx;
		fake_signal(q->kick);
	}
	start_daemon(c);
	FAKE_NEED(!ioctl(c->f.fd, VLB_SET_BACKEND, &up));
	return 0;
}

static bool wait_for_path(const char *path)
{
	uint64_t end = fake_now() + LONG_MS;

	while (access(path, F_OK)) {
		if (fake_now() > end)
			return false;
		usleep(5000);
	}
	return true;
}

void con_tell(struct con *c, uint32_t port, uint16_t event, uint16_t value)
{
	struct virtio_console_control msg = { htole32(port), htole16(event), htole16(value) };
	struct fake_queue *q = &c->f.queues[CON_CONTROL_IN];
	uint64_t end = fake_now() + LONG_MS;
	void *at;
	int head;

	while ((head = fake_pop(q, CON_SIZE)) < 0) {
		if (fake_now() > end)
			fake_die("the driver has a buffer for a control message");
		usleep(1000);
	}
	at = fake_at(&c->f, le64toh(q->desc[head].addr));
	FAKE_NEED(at);
	memcpy(at, &msg, sizeof(msg));
	fake_push(q, CON_SIZE, (uint32_t)head, sizeof(msg));
	fake_signal(q->call);
}

/* The daemon's side of the greeting, a step at a time: what the driver has made of it is in /sys. */
static void greet(struct con *c)
{
	char path[96];
	uint32_t port;

	for (port = 0; port < CON_PORTS; port++) {
		con_tell(c, port, VIRTIO_CONSOLE_PORT_ADD, 1);
		if (!port)
			con_tell(c, port, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
		con_tell(c, port, VIRTIO_CONSOLE_PORT_OPEN, 1);
	}
	snprintf(path, sizeof(path), "/dev/vport%sp1", c->virtio + strlen("virtio"));
	FAKE_NEED(wait_for_path(path));
}

void con_start(struct con *c, bool multiport, bool event_idx, size_t room)
{
	struct virtio_console_config config = { .max_nr_ports = htole32(CON_PORTS) };
	struct vlb_create create = fake_template(FAKE_ID_CONSOLE);
	unsigned int port;

	*c = (struct con) { .multiport = multiport, .event_idx = event_idx, .room = room };
	for (port = 0; port < CON_PORTS; port++)
		FAKE_NEED((c->data[port] = malloc(room)));
	FAKE_NEED((c->controls = calloc(CON_CONTROLS, sizeof(*c->controls))));
	create.num_queues = multiport ? 2 * (CON_PORTS + 1) : 2;
	create.config_size = 12;
	create.bounce_size = 4096UL * 1024;
	create.features |= (multiport ? 1ull << VIRTIO_CONSOLE_F_MULTIPORT : 0) |
		(event_idx ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0) | 1ull << VIRTIO_RING_F_INDIRECT_DESC;
	fake_create(&c->f, &create, CON_SIZE);
	memcpy(c->f.config, &config, sizeof(config));
	start_daemon(c);
	fake_serve(&c->f);
	fake_start(&c->f);
	if (!fake_wait_running(&c->f, LONG_MS) || !fake_find_virtio(&c->f, c->virtio, sizeof(c->virtio), LONG_MS))
		fake_die("a driver takes the device");
	if (multiport)
		greet(c);
}

void con_close(struct con *c)
{
	c->dying = true;
	pthread_join(c->daemon, NULL);
	fake_close(&c->f);
}

void con_end(struct con *c)
{
	char path[96];
	uint64_t end = fake_now() + LONG_MS;

	con_close(c);
	free(c->data[0]);
	free(c->data[1]);
	free(c->controls);
	snprintf(path, sizeof(path), "/sys/devices/platform/virtio-loopback.%u", c->f.create.index);
	while (!access(path, F_OK)) {
		if (fake_now() > end)
			fake_die("the device goes");
		usleep(5000);
	}
}

/* No other console of this kind is in the machine: the first number is ours once the driver has it. */
int con_open_console(struct con *c, int flags)
{
	uint64_t end = fake_now() + LONG_MS;
	struct termios t;
	int fd;

	(void)c;
	while ((fd = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_CLOEXEC | flags)) < 0) {
		if (fake_now() > end)
			fake_die("the console opens");
		usleep(5000);
	}
	FAKE_NEED(!tcgetattr(fd, &t));
	cfmakeraw(&t);
	FAKE_NEED(!tcsetattr(fd, TCSANOW, &t));
	return fd;
}

int con_open_port(struct con *c, int flags)
{
	uint64_t end = fake_now() + LONG_MS;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/vport%sp1", c->virtio + strlen("virtio"));
	/* The node is there a moment before the port. */
	while ((fd = open(path, O_RDWR | O_CLOEXEC | flags)) < 0) {
		if (fake_now() > end)
			fake_die("the port opens");
		usleep(1000);
	}
	return fd;
}

bool con_wait_got(struct con *c, unsigned int port, size_t n)
{
	uint64_t end = fake_now() + LONG_MS;

	while (c->got[port] < n) {
		if (fake_now() > end)
			return false;
		usleep(500);
	}
	return true;
}

long long con_state(struct con *c, const char *line, const char *word)
{
	char path[96], text[512], *at;
	long long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/virtio_loopback/%u/state", c->f.create.index);
	file = fopen(path, "r");
	while (file && fgets(text, sizeof(text), file)) {
		if (strncmp(text, line, strlen(line)) != 0)
			continue;
		at = strstr(text, word);
		if (at)
			value = atoll(at + strlen(word));
	}
	if (file)
		fclose(file);
	return value;
}
