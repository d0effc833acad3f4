// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <linux/input.h>
#include <linux/virtio_config.h>
#include <linux/virtio_input.h>

#include "fake.h"

void fake_die(const char *what)
{
	int err = errno;

	fflush(stdout); /* what was checked before tells where */
	fprintf(stderr, "failed: %s (%s)\n", what, strerror(err));
	_exit(1);
}

uint64_t fake_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

void fake_settle_udev(void)
{
	if (!access("/run/udev/control", F_OK))
		FAKE_NEED(!system("udevadm settle --timeout=60"));
}

struct vlb_create fake_template(unsigned int device_id)
{
	return (struct vlb_create) {
		.abi_version = VLB_ABI_VERSION,
		.device_id = device_id,
		.vendor_id = 0x1af4,
		.num_queues = 2,
		.max_queue_size = 64,
		.config_size = 136,
		.features = 1ull << VIRTIO_F_VERSION_1,
		.bounce_size = 256 * 1024ull,
	};
}

void *fake_at(struct fake *f, uint64_t iova)
{
	uint64_t offset = iova - f->create.pool_iova;

	return iova >= f->create.pool_iova && offset < f->create.pool_size ? f->pool + offset : NULL;
}

void fake_create(struct fake *f, const struct vlb_create *create, unsigned int size)
{
	unsigned int i;

	*f = (struct fake) { .create = *create };
	f->fd = open("/dev/virtio-loopback", O_RDWR | O_CLOEXEC);
	FAKE_NEED(f->fd >= 0);
	FAKE_NEED(!ioctl(f->fd, VLB_CREATE, &f->create));
	f->pool_fd = f->create.pool_fd;
	f->pool = mmap(NULL, f->create.pool_size, PROT_READ | PROT_WRITE, MAP_SHARED, f->pool_fd, 0);
	FAKE_NEED(f->pool != MAP_FAILED);
	FAKE_NEED(!pipe(f->stop));
	f->num_queues = create->num_queues;
	for (i = 0; i < create->num_queues && i < FAKE_MAX_QUEUES; i++) {
		struct fake_queue *q = &f->queues[i];
		struct vlb_setup_queue setup = { .index = i, .size = size };

		q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		q->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		setup.kick_fd = q->kick;
		setup.call_fd = q->call;
		FAKE_NEED(!ioctl(f->fd, VLB_SETUP_QUEUE, &setup));
	}
}

static void set_bit_in(uint8_t *bits, unsigned int bit)
{
	bits[bit / 8] |= 1 << bit % 8;
}

/* A keyboard of one key that also sends MSC_SCAN, the one event evdev never filters. */
static void input_config(struct fake *f, uint8_t *out)
{
	struct virtio_input_config config = { .select = f->select, .subsel = f->subsel };

	switch (f->select) {
	case VIRTIO_INPUT_CFG_ID_NAME:
		config.size = snprintf(config.u.string, sizeof(config.u.string), "fake-%u", f->create.index);
		break;
	case VIRTIO_INPUT_CFG_EV_BITS:
		if (f->subsel == EV_KEY) {
			set_bit_in(config.u.bitmap, KEY_A);
			config.size = KEY_A / 8 + 1;
		} else if (f->subsel == EV_MSC) {
			set_bit_in(config.u.bitmap, MSC_SCAN);
			config.size = 1;
		}
		break;
	}
	memcpy(out, &config, sizeof(config));
}

void fake_map_queue(struct fake *f, unsigned int index)
{
	struct fake_queue *q = &f->queues[index];

	q->state = (struct vlb_queue_state) { .index = index };
	FAKE_NEED(!ioctl(f->fd, VLB_GET_QUEUE, &q->state));
	q->seen = q->state.used_idx;
	q->desc = fake_at(f, q->state.desc);
	q->avail = fake_at(f, q->state.avail);
	q->used = fake_at(f, q->state.used);
}

static int on_status(struct fake *f, const struct vlb_request *req)
{
	unsigned int i;

	if (!req->status) {
		f->running = false;
		f->resets++;
		f->last_reset_id = req->id;
		return 0;
	}
	if (req->status & f->refuse_status)
		return EIO;
	if (req->status & VIRTIO_CONFIG_S_DRIVER_OK && !f->running) {
		for (i = 0; i < f->num_queues && i < FAKE_MAX_QUEUES; i++)
			fake_map_queue(f, i);
		f->running = true;
	}
	return 0;
}

static void answer(struct fake *f, const struct vlb_request *req)
{
	uint64_t capacity = htole64(f->capacity);
	uint16_t status = htole16(f->status);
	struct vlb_response resp = { .id = req->id };
	uint8_t config[VLB_MAX_CONFIG] = { 0 };

	switch (req->type) {
	case VLB_REQ_CONFIG_GET:
		memcpy(config, f->config, sizeof(config));
		if (f->create.device_id == FAKE_ID_INPUT)
			input_config(f, config);
		else if (f->create.device_id == FAKE_ID_BLOCK)
			memcpy(config, &capacity, sizeof(capacity));
		else if (f->create.device_id == FAKE_ID_CAN)
			memcpy(config, &status, sizeof(status));
		FAKE_NEED(req->offset + req->len <= sizeof(config));
		memcpy(resp.data, config + req->offset, req->len);
		resp.len = req->len;
		break;
	case VLB_REQ_CONFIG_SET:
		if (req->offset == 0)
			f->select = req->data[0];
		else if (req->offset == 1)
			f->subsel = req->data[0];
		break;
	case VLB_REQ_STATUS: resp.error = on_status(f, req); break;
	default: fake_die("a known request type");
	}
	if (f->mute)
		return;
	/* ENOENT: the kernel has stopped waiting */
	FAKE_NEED(write(f->fd, &resp, sizeof(resp)) == sizeof(resp) || errno == ENOENT);
}

static void *serve(void *arg)
{
	struct fake *f = arg;
	struct vlb_request req;

	for (;;) {
		struct pollfd fds[2] = { { f->stop[0], POLLIN, 0 }, { f->fd, POLLIN, 0 } };

		FAKE_NEED(poll(fds, f->deaf ? 1 : 2, 20) >= 0);
		if (fds[0].revents)
			return NULL;
		if (!fds[1].revents || f->deaf)
			continue;
		FAKE_NEED(read(f->fd, &req, sizeof(req)) == sizeof(req));
		f->requests++;
		answer(f, &req);
	}
}

void fake_serve(struct fake *f)
{
	FAKE_NEED(!pthread_create(&f->server, NULL, serve, f));
}

void fake_stop_serving(struct fake *f)
{
	char byte;

	if (!f->server)
		return;
	FAKE_NEED(write(f->stop[1], "", 1) == 1);
	pthread_join(f->server, NULL);
	f->server = 0;
	FAKE_NEED(read(f->stop[0], &byte, 1) == 1);
}

void fake_set_backend(struct fake *f, uint32_t backend)
{
	FAKE_NEED(!ioctl(f->fd, VLB_SET_BACKEND, &backend));
}

void fake_start(struct fake *f)
{
	fake_set_backend(f, VLB_BACKEND_UP);
	FAKE_NEED(!ioctl(f->fd, VLB_START));
}

static void close_daemon(struct fake *f)
{
	unsigned int i;

	munmap(f->pool, f->create.pool_size);
	close(f->pool_fd);
	for (i = 0; i < f->num_queues && i < FAKE_MAX_QUEUES; i++) {
		close(f->queues[i].kick);
		close(f->queues[i].call);
	}
}

void fake_close(struct fake *f)
{
	fake_stop_serving(f);
	if (f->fd >= 0)
		close(f->fd);
	close_daemon(f);
	close(f->stop[0]);
	close(f->stop[1]);
}

void fake_destroy(struct fake *f)
{
	fake_stop_serving(f);
	FAKE_NEED(!ioctl(f->fd, VLB_DESTROY));
}

void fake_abandon(struct fake *f)
{
	fake_stop_serving(f);
	close(f->fd);
	f->fd = -1;
}

struct vlb_adopt fake_adoption(const struct fake *f)
{
	struct vlb_adopt adopt = { .abi_version = VLB_ABI_VERSION, .device_id = f->create.device_id };

	memcpy(adopt.name, f->create.name, sizeof(adopt.name));
	return adopt;
}

int fake_adopt(struct fake *f, struct vlb_adopt *adopt)
{
	int fd = open("/dev/virtio-loopback", O_RDWR | O_CLOEXEC);

	FAKE_NEED(fd >= 0 && f->fd < 0);
	*adopt = fake_adoption(f);
	if (ioctl(fd, VLB_ADOPT, adopt)) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	close_daemon(f);
	f->fd = fd;
	f->pool_fd = adopt->pool_fd;
	f->pool = mmap(NULL, adopt->pool_size, PROT_READ | PROT_WRITE, MAP_SHARED, f->pool_fd, 0);
	FAKE_NEED(f->pool != MAP_FAILED);
	for (unsigned int i = 0; i < f->num_queues && i < FAKE_MAX_QUEUES; i++) {
		struct vlb_setup_queue queue = { .index = i };

		FAKE_NEED(!ioctl(f->fd, VLB_ADOPT_QUEUE, &queue));
		f->queues[i].kick = queue.kick_fd;
		f->queues[i].call = queue.call_fd;
	}
	f->running = adopt->status & VIRTIO_CONFIG_S_DRIVER_OK;
	return 0;
}

bool fake_wait_running(struct fake *f, int ms)
{
	uint64_t end = fake_now() + ms;

	while (!f->running) {
		if (fake_now() > end)
			return false;
		usleep(2000);
	}
	return true;
}

void fake_run(struct fake *f, unsigned int device_id, unsigned int queues, unsigned int size)
{
	struct vlb_create create = fake_template(device_id);

	create.num_queues = queues;
	create.max_queue_size = size;
	fake_create(f, &create, size);
	fake_serve(f);
	fake_start(f);
	if (!fake_wait_running(f, 20000))
		fake_die("a driver takes the device");
}

int fake_pop(struct fake_queue *q, unsigned int size)
{
	uint16_t avail = le16toh(__atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE));

	if (avail == q->seen)
		return -1;
	return le16toh(q->avail->ring[q->seen++ % size]);
}

void fake_push(struct fake_queue *q, unsigned int size, uint32_t head, uint32_t len)
{
	uint16_t idx = le16toh(q->used->idx);

	q->used->ring[idx % size] = (struct vring_used_elem) { htole32(head), htole32(len) };
	__atomic_store_n(&q->used->idx, htole16(idx + 1), __ATOMIC_RELEASE);
}

void fake_signal(int eventfd)
{
	uint64_t one = 1;
	ssize_t n = write(eventfd, &one, sizeof(one));

	(void)n; /* full is as good */
}

bool fake_wait_kick(struct fake_queue *q, int ms)
{
	struct pollfd fd = { q->kick, POLLIN, 0 };
	uint64_t count;

	return poll(&fd, 1, ms) == 1 && read(q->kick, &count, sizeof(count)) == sizeof(count);
}

bool fake_send_event(struct fake *f, uint16_t type, uint16_t code, uint32_t value)
{
	struct fake_queue *q = &f->queues[0];
	int head = fake_pop(q, q->state.size);
	struct virtio_input_event *event;

	if (head < 0)
		return false;
	event = fake_at(f, le64toh(q->desc[head].addr));
	FAKE_NEED(event && le32toh(q->desc[head].len) == sizeof(*event));
	*event = (struct virtio_input_event) { htole16(type), htole16(code), htole32(value) };
	fake_push(q, q->state.size, head, sizeof(*event));
	return true;
}

/* First entry of folder @path whose name begins with @prefix. */
static bool first_entry(const char *path, const char *prefix, char *buf, size_t len)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(buf, len, "%s", entry->d_name);
		found = true;
		break;
	}
	if (dir)
		closedir(dir);
	return found;
}

bool fake_find_virtio(struct fake *f, char *buf, size_t len, int ms)
{
	uint64_t end = fake_now() + ms;
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/platform/virtio-loopback.%u", f->create.index);
	while (!first_entry(path, "virtio", buf, len)) {
		if (fake_now() > end)
			return false;
		usleep(5000);
	}
	return true;
}

bool fake_find_evdev(struct fake *f, char *buf, size_t len, int ms)
{
	uint64_t end = fake_now() + ms;
	char path[160], virtio[32], input[32], event[32];

	do {
		usleep(5000);
		if (!fake_find_virtio(f, virtio, sizeof(virtio), ms))
			return false;
		snprintf(path, sizeof(path), "/sys/devices/platform/virtio-loopback.%u/%s/input", f->create.index,
			virtio);
		if (!first_entry(path, "input", input, sizeof(input)))
			continue;
		snprintf(path, sizeof(path), "/sys/class/input/%s", input);
		if (!first_entry(path, "event", event, sizeof(event)))
			continue;
		snprintf(buf, len, "/dev/input/%s", event);
		if (!access(buf, R_OK))
			return true;
	} while (fake_now() < end);
	return false;
}

bool fake_state_says(const struct fake *f, const char *text)
{
	char path[96], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/virtio_loopback/%u/state", f->create.index);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		found |= !!strstr(line, text);
	if (file)
		fclose(file);
	return found;
}

bool fake_gone(const struct fake *f, int ms)
{
	uint64_t end = fake_now() + ms;
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/platform/virtio-loopback.%u", f->create.index);
	while (!access(path, F_OK)) {
		if (fake_now() > end)
			return false;
		usleep(5000);
	}
	return true;
}
