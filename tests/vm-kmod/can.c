// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <endian.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>

#include "can.h"

enum {
	TX,
	RX,
	CTRL
};

static struct vring_desc *next_desc(struct fake_queue *q, const struct vring_desc *desc)
{
	return desc->flags & htole16(VRING_DESC_F_NEXT) ? &q->desc[le16toh(desc->next)] : NULL;
}

/* The driver is not told yet. */
static void put_result(struct can *c, unsigned int queue, uint16_t head, uint8_t result)
{
	struct fake_queue *q = &c->f.queues[queue];
	struct vring_desc *in = next_desc(q, &q->desc[head]);
	uint8_t *at = in ? fake_at(&c->f, le64toh(in->addr)) : NULL;

	FAKE_NEED(at && in->flags & htole16(VRING_DESC_F_WRITE) && le32toh(in->len) == 1);
	*at = result;
	fake_push(q, CAN_SIZE, head, 1);
}

static void finish(struct can *c, unsigned int queue, uint16_t head, uint8_t result)
{
	put_result(c, queue, head, result);
	fake_signal(c->f.queues[queue].call);
}

static void take_frame(struct can *c, uint16_t head)
{
	struct vring_desc *out = &c->f.queues[TX].desc[head];
	unsigned int len = le32toh(out->len);

	FAKE_NEED(len >= CAN_HEADER && len <= sizeof(struct can_msg));
	if (c->logged < CAN_LOG) {
		memcpy(&c->log[c->logged], fake_at(&c->f, le64toh(out->addr)), len);
		c->size[c->logged] = len;
		__atomic_store_n(&c->logged, c->logged + 1, __ATOMIC_RELEASE);
	}
	if (c->keep_tx) {
		c->kept[c->num_kept] = head;
		__atomic_store_n(&c->num_kept, c->num_kept + 1, __ATOMIC_RELEASE);
	} else {
		finish(c, TX, head, c->tx_result);
	}
}

static void take_ctrl(struct can *c, uint16_t head)
{
	struct vring_desc *out = &c->f.queues[CTRL].desc[head];
	uint16_t *type = fake_at(&c->f, le64toh(out->addr));

	FAKE_NEED(type && le32toh(out->len) == 2);
	if (le16toh(*type) == CAN_MSG_START) {
		c->f.status = 0;
		c->starts++;
	} else {
		FAKE_NEED(le16toh(*type) == CAN_MSG_STOP);
		c->stops++;
	}
	/* held back: not before the test lets it go */
	while (c->keep_ctrl && !c->stop)
		usleep(1000);
	finish(c, CTRL, head, 0);
}

void can_run_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	FAKE_NEED(!sched_setaffinity(0, sizeof(set), &set));
}

void can_run_anywhere(void)
{
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		CPU_SET(cpu, &set);
	FAKE_NEED(!sched_setaffinity(0, sizeof(set), &set));
}

/* Every buffer for frames comes back at once, with none in it; on a processor of its own, or it could not keep up. */
static void flood(struct can *c)
{
	int head;

	if (c->flood && !c->flooded)
		can_run_on(1);
	while (c->flood && (head = fake_pop(&c->f.queues[RX], CAN_SIZE)) >= 0) {
		fake_push(&c->f.queues[RX], CAN_SIZE, (uint32_t)head, 0);
		c->flooded++;
	}
	if (c->flood && c->tell)
		fake_signal(c->f.queues[RX].call);
}

static void *serve_can(void *arg)
{
	struct can *c = arg;
	int head;

	while (!c->stop) {
		if (!c->f.running) {
			usleep(1000);
			continue;
		}
		while ((head = fake_pop(&c->f.queues[TX], CAN_SIZE)) >= 0)
			take_frame(c, (uint16_t)head);
		while (!c->keep_tx && c->num_kept)
			finish(c, TX, c->kept[--c->num_kept], c->tx_result);
		if ((head = fake_pop(&c->f.queues[CTRL], CAN_SIZE)) >= 0)
			take_ctrl(c, (uint16_t)head);
		flood(c);
		if (!c->flood)
			fake_wait_kick(&c->f.queues[TX], 1);
	}
	return NULL;
}

static bool find_name(struct can *c)
{
	char path[96], device[32];
	struct dirent *entry;
	DIR *dir;

	if (!fake_find_virtio(&c->f, device, sizeof(device), 20000))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%s/net", device);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(c->name, sizeof(c->name), "%.20s", entry->d_name);
	if (dir)
		closedir(dir);
	return *c->name;
}

void can_start(struct can *c, uint64_t features)
{
	struct vlb_create create = fake_template(FAKE_ID_CAN);
	uint64_t end = fake_now() + 20000;

	memset(c, 0, sizeof(*c));
	create.num_queues = 3;
	create.max_queue_size = CAN_SIZE;
	create.config_size = 2;
	create.features |= features;
	fake_create(&c->f, &create, CAN_SIZE);
	FAKE_NEED(!pthread_create(&c->thread, NULL, serve_can, c));
	fake_serve(&c->f);
	fake_start(&c->f);
	while (!find_name(c)) {
		if (fake_now() > end)
			fake_die("the interface appears");
		usleep(5000);
	}
}

void can_end(struct can *c)
{
	c->stop = true;
	pthread_join(c->thread, NULL);
	fake_close(&c->f);
}

bool can_wait_for(volatile unsigned int *value, unsigned int least)
{
	uint64_t end = fake_now() + 20000;

	while (__atomic_load_n(value, __ATOMIC_ACQUIRE) < least) {
		if (fake_now() > end)
			return false;
		usleep(1000);
	}
	return true;
}

/* As can_receive(), but the driver is not told yet. */
static bool put_frame(struct can *c, const struct can_msg *msg, unsigned int used)
{
	struct fake_queue *q = &c->f.queues[RX];
	uint64_t end = fake_now() + 5000;
	struct vring_desc *desc;
	int head;

	while ((head = fake_pop(q, CAN_SIZE)) < 0) {
		if (fake_now() > end)
			return false;
		usleep(100);
	}
	desc = &q->desc[head];
	FAKE_NEED(desc->flags & htole16(VRING_DESC_F_WRITE));
	memcpy(fake_at(&c->f, le64toh(desc->addr)), msg,
		le32toh(desc->len) < sizeof(*msg) ? le32toh(desc->len) : sizeof(*msg));
	fake_push(q, CAN_SIZE, (uint32_t)head, used);
	return true;
}

bool can_receive(struct can *c, const struct can_msg *msg, unsigned int used)
{
	bool put = put_frame(c, msg, used);

	if (put)
		fake_signal(c->f.queues[RX].call);
	return put;
}

static bool has_kept(const struct can *c)
{
	uint64_t end = fake_now() + 5000;

	while (!__atomic_load_n(&c->num_kept, __ATOMIC_ACQUIRE) && fake_now() < end)
		usleep(100);
	return c->num_kept;
}

bool can_answer(struct can *c, const struct can_msg *msg, unsigned int used)
{
	if (!has_kept(c))
		return false;
	put_result(c, TX, c->kept[--c->num_kept], 0);
	if (!put_frame(c, msg, used))
		return false;
	/* both: a driver that is busy may have found the first before the second was there */
	fake_signal(c->f.queues[TX].call);
	fake_signal(c->f.queues[RX].call);
	return true;
}

struct answer {
	struct can *c;
	const struct can_msg *msg;
	unsigned int used;
	uint16_t avail; /* of the queue of receive buffers, before the driver is told of anything */
	bool watching;
	bool given;
};

static void *answer_when_busy(void *arg)
{
	const struct vring_avail *avail = ((struct answer *)arg)->c->f.queues[RX].avail;
	struct answer *a = arg;
	uint64_t end = fake_now() + 5000;

	/* not where the driver is: its softirq would have to be done first */
	can_run_on(1);
	__atomic_store_n(&a->watching, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) == a->avail && fake_now() < end)
		;
	a->given = can_answer(a->c, a->msg, a->used);
	return NULL;
}

bool can_answer_busy(
	struct can *c, const struct can_msg *msg, unsigned int used, const struct can_msg *other, unsigned int num)
{
	struct answer a = { c, msg, used, c->f.queues[RX].avail->idx, false, false };
	pthread_t thread;

	if (!num || !has_kept(c))
		return can_answer(c, msg, used);
	while (num--)
		FAKE_NEED(put_frame(c, other, CAN_HEADER));
	FAKE_NEED(!pthread_create(&thread, NULL, answer_when_busy, &a));
	can_run_on(0);
	while (!__atomic_load_n(&a.watching, __ATOMIC_ACQUIRE))
		usleep(100);
	fake_signal(c->f.queues[RX].call);
	pthread_join(thread, NULL);
	return a.given;
}

void can_finish_kept(
	struct can *c, const unsigned int *order, const uint8_t *results, unsigned int num, unsigned int group)
{
	unsigned int i;

	FAKE_NEED(c->num_kept == num);
	for (i = 0; i < num; i++) {
		put_result(c, TX, c->kept[order[i]], results[order[i]]);
		if (i % group == group - 1 || i == num - 1)
			fake_signal(c->f.queues[TX].call);
	}
	c->num_kept = 0;
}

void can_rest(struct can *c)
{
	const struct fake_queue *q = &c->f.queues[RX];
	uint64_t end = fake_now() + 20000;

	fake_signal(q->call);
	while ((uint16_t)(le16toh(__atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE)) - le16toh(q->used->idx)) !=
			CAN_SIZE &&
		fake_now() < end)
		usleep(1000);
	/* its poll ends */
	usleep(50000);
}

int can_ip(const struct can *c, const char *words)
{
	char line[128];

	snprintf(line, sizeof(line), "ip link set %s %s", c->name, words);
	return system(line);
}

int can_socket(const struct can *c, bool errors, bool own)
{
	struct sockaddr_can addr = { .can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(c->name) };
	struct timeval wait = { .tv_sec = 5 };
	can_err_mask_t mask = CAN_ERR_MASK;
	int one = 1, size = 1 << 20, fd = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);

	FAKE_NEED(fd >= 0);
	FAKE_NEED(!setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one)));
	FAKE_NEED(!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)));
	FAKE_NEED(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)));
	if (own)
		FAKE_NEED(!setsockopt(fd, SOL_CAN_RAW, CAN_RAW_RECV_OWN_MSGS, &one, sizeof(one)));
	if (errors) {
		FAKE_NEED(!setsockopt(fd, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &mask, sizeof(mask)));
		FAKE_NEED(!setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, NULL, 0));
	}
	FAKE_NEED(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}
