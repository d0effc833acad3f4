// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/virtio_blk.h>

#include "blk.h"

/* A descriptor, and where it points to. */
struct piece {
	uint8_t *data;
	uint32_t len;
};

static struct piece piece_of(struct blk *b, const struct vring_desc *desc)
{
	struct piece p = { fake_at(&b->f, le64toh(desc->addr)), le32toh(desc->len) };

	FAKE_NEED(p.data);
	return p;
}

/* The pieces of a request, whether or not they stand in a table of their own: header, data, status. */
static unsigned int pieces_of(struct blk *b, struct fake_queue *q, uint16_t head, struct piece *out)
{
	const struct vring_desc *table = q->desc;
	unsigned int count = 0;
	uint16_t i = head;

	if (table[head].flags & htole16(VRING_DESC_F_INDIRECT)) {
		table = fake_at(&b->f, le64toh(table[head].addr));
		i = 0;
		FAKE_NEED(table);
	}
	for (;; i = le16toh(table[i].next)) {
		FAKE_NEED(count < BLK_SEGMENTS + 2);
		out[count++] = piece_of(b, &table[i]);
		if (!(table[i].flags & htole16(VRING_DESC_F_NEXT)))
			return count;
	}
}

/* A read that does not go as it should; the length that is reported. */
static uint32_t read_badly(struct blk *b, struct piece *data, unsigned int count, uint64_t at, uint8_t *status)
{
	uint32_t total = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		bool good = b->mood <= BLK_OVER || (b->mood == BLK_HALF && i < count / 2);

		if (good)
			memcpy(data[i].data, b->disk + at + total, data[i].len);
		total += data[i].len;
	}
	if (b->mood == BLK_SILENT)
		return 0;
	*status = b->mood <= BLK_OVER ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
	b->status = status;
	return b->mood == BLK_UNDER ? 0 : b->mood == BLK_OVER ? UINT32_MAX : total + 1;
}

/* The length that is reported. */
static uint32_t carry_out(struct blk *b, uint32_t type, uint64_t at, struct piece *data, unsigned int count)
{
	uint32_t total = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		FAKE_NEED(at + total + data[i].len <= BLK_BYTES);
		if (type == VIRTIO_BLK_T_IN)
			memcpy(data[i].data, b->disk + at + total, data[i].len);
		else if (type == VIRTIO_BLK_T_OUT)
			memcpy(b->disk + at + total, data[i].data, data[i].len);
		total += data[i].len;
	}
	*data[count].data = type <= VIRTIO_BLK_T_OUT ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_UNSUPP;
	return type == VIRTIO_BLK_T_IN ? total + 1 : 1;
}

static void finish(struct blk *b, struct fake_queue *q, uint16_t head)
{
	struct piece pieces[BLK_SEGMENTS + 2];
	unsigned int count = pieces_of(b, q, head, pieces);
	struct virtio_blk_outhdr *hdr = (void *)pieces[0].data;
	uint64_t sector = le64toh(hdr->sector);
	uint32_t type = le32toh(hdr->type), len;

	b->status = NULL;
	FAKE_NEED(count >= 2);
	if (b->mood != BLK_HONEST && type == VIRTIO_BLK_T_IN && count > 2 && pieces[1].len >= 4096)
		len = read_badly(b, pieces + 1, count - 2, sector * 512, pieces[count - 1].data);
	else
		len = carry_out(b, type, sector * 512, pieces + 1, count - 2);
	if (sector < BLK_BYTES / 512)
		b->served[sector]++;
	fake_push(q, BLK_SIZE, head, len);
	b->finished++;
}

static bool is_held(struct blk *b, uint16_t head)
{
	struct piece pieces[BLK_SEGMENTS + 2];
	struct virtio_blk_outhdr *hdr;

	if (b->hold < 0)
		return false;
	pieces_of(b, &b->f.queues[0], head, pieces);
	hdr = (void *)pieces[0].data;
	return le64toh(hdr->sector) == (uint64_t)b->hold;
}

/* Finishes what may be finished; true when it did any. */
static bool work(struct blk *b)
{
	unsigned int i = 0, was = b->num_held;

	while (i < b->num_held && !b->dying) {
		unsigned int pick = b->shuffle ? i + rand_r(&b->seed) % (b->num_held - i) : i;
		uint16_t head = b->held[pick];

		if (is_held(b, head) || (b->shuffle && rand_r(&b->seed) % 4 == 0)) {
			b->held[pick] = b->held[i];
			b->held[i++] = head;
			continue;
		}
		b->held[pick] = b->held[b->num_held - 1];
		b->num_held--;
		finish(b, &b->f.queues[0], head);
	}
	return b->num_held != was;
}

/* The driver looks by itself, and so do we. */
static bool work_polled(struct blk *b)
{
	bool any = false;
	int head;

	for (unsigned int i = 1; i < b->f.num_queues; i++) {
		struct fake_queue *q = &b->f.queues[i];

		q->used->flags = htole16(VRING_USED_F_NO_NOTIFY);
		while (!b->dying && (head = fake_pop(q, BLK_SIZE)) >= 0) {
			finish(b, q, (uint16_t)head);
			any = true;
		}
	}
	return any;
}

static void *serve_disk(void *arg)
{
	struct blk *b = arg;
	struct fake_queue *q = &b->f.queues[0];
	int head;

	while (!b->dying) {
		if (!b->f.running) {
			usleep(1000);
			continue;
		}
		while (!b->dying && (head = fake_pop(q, BLK_SIZE)) >= 0)
			b->held[b->num_held++] = (uint16_t)head;
		if (work(b))
			fake_signal(q->call);
		else if (!work_polled(b))
			fake_wait_kick(q, b->f.num_queues > 1 ? 0 : 1);
	}
	return NULL;
}

static void start_daemon(struct blk *b)
{
	b->dying = false;
	b->num_held = 0;
	FAKE_NEED(!pthread_create(&b->daemon, NULL, serve_disk, b));
}

static void stop_daemon(struct blk *b)
{
	b->dying = true;
	pthread_join(b->daemon, NULL);
}

void blk_kill_daemon(struct blk *b)
{
	stop_daemon(b);
	fake_set_backend(&b->f, VLB_BACKEND_DOWN);
}

void blk_kill_both(struct blk *b)
{
	fake_abandon(&b->f);
	stop_daemon(b);
}

int blk_new_daemon(struct blk *b)
{
	struct fake_queue *q = &b->f.queues[0];

	q->state = (struct vlb_queue_state) { .index = 0 };
	if (ioctl(b->f.fd, VLB_RESUME_QUEUE, &q->state))
		return -errno;
	q->seen = q->state.used_idx;
	/* Another adapter has mapped them elsewhere. */
	q->desc = fake_at(&b->f, q->state.desc);
	q->avail = fake_at(&b->f, q->state.avail);
	q->used = fake_at(&b->f, q->state.used);
	start_daemon(b);
	fake_signal(q->kick);
	fake_signal(q->call);
	fake_set_backend(&b->f, VLB_BACKEND_UP);
	return 0;
}

int blk_adopt(struct blk *b)
{
	struct vlb_adopt adopt;
	int ret = fake_adopt(&b->f, &adopt);

	if (ret)
		return ret;
	fake_serve(&b->f);
	return blk_new_daemon(b);
}

static bool find_node(struct blk *b)
{
	char path[96], device[32];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (!fake_find_virtio(&b->f, device, sizeof(device), 20000))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%s/block", device);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(b->node, sizeof(b->node), "/dev/%.20s", entry->d_name);
	if (dir)
		closedir(dir);
	return *b->node && !stat(b->node, &st) && S_ISBLK(st.st_mode);
}

/* Writes to a file of sysfs, whatever becomes of it: the answer comes when the file's lock was free. */
static void knock(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	FAKE_NEED(fd >= 0);
	n = write(fd, text, strlen(text));
	(void)n;
	close(fd);
}

/*
 * The driver's probe goes on after its node has come: it looks for partitions, and in Linux 5.10 then waits until no
 * request is under way. It holds the device's lock. Binding a bound driver does nothing, but only with that lock; before
 * Linux 5.14 without it, so say something about power, too, that is refused with the lock held.
 */
static void wait_for_probe(struct blk *b)
{
	char device[32], power[96];

	FAKE_NEED(fake_find_virtio(&b->f, device, sizeof(device), 20000));
	knock("/sys/bus/virtio/drivers/virtio_blk/bind", device);
	snprintf(power, sizeof(power), "/sys/bus/virtio/devices/%s/power/control", device);
	if (!access(power, W_OK))
		knock(power, "nothing");
}

static void blk_start_as(struct blk *b, struct vlb_create create)
{
	struct virtio_blk_config config = {
		.seg_max = htole32(BLK_SEGMENTS),
		.num_queues = htole16((uint16_t)create.num_queues),
	};
	uint64_t end = fake_now() + 20000;

	*b = (struct blk) { .hold = -1, .seed = 1 };
	b->disk = calloc(1, BLK_BYTES);
	FAKE_NEED(b->disk);
	create.config_size = sizeof(config);
	create.bounce_size = 1024UL * 1024;
	fake_create(&b->f, &create, BLK_SIZE);
	memcpy(b->f.config, &config, sizeof(config));
	b->f.capacity = BLK_BYTES / 512;
	start_daemon(b);
	fake_serve(&b->f);
	fake_start(&b->f);
	while (!find_node(b)) {
		if (fake_now() > end)
			fake_die("the block device appears");
		usleep(5000);
	}
	wait_for_probe(b);
	/* udev's own requests would be counted, and held, as if they were the test's */
	fake_settle_udev();
	b->fd = open(b->node, O_RDWR | O_DIRECT | O_CLOEXEC);
	FAKE_NEED(b->fd >= 0);
}

void blk_start(struct blk *b)
{
	blk_start_with(b, 0, 1);
}

void blk_start_with(struct blk *b, uint64_t features, unsigned int queues)
{
	struct vlb_create create = fake_template(FAKE_ID_BLOCK);

	create.features |= features;
	create.num_queues = queues;
	blk_start_as(b, create);
}

void blk_start_adoptable(struct blk *b, const char *name)
{
	struct vlb_create create = fake_template(FAKE_ID_BLOCK);

	create.num_queues = 1;
	create.flags = VLB_CREATE_ADOPTABLE;
	snprintf(create.name, sizeof(create.name), "%s", name);
	blk_start_as(b, create);
}

void blk_end(struct blk *b)
{
	stop_daemon(b);
	fake_close(&b->f);
	close(b->fd);
	free(b->disk);
}

int blk_io(struct blk *b, unsigned int block, uint8_t *buf, bool write)
{
	ssize_t n = write ? pwrite(b->fd, buf, 4096, block * 4096l) : pread(b->fd, buf, 4096, block * 4096l);

	return n == 4096 ? 0 : n < 0 ? -errno : -EIO;
}
