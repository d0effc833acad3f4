// SPDX-License-Identifier: MIT
/*
 * What a disk's daemon leaves out of a read is never the rest of an older request, nor memory that the kernel
 * has not written, whatever it says; and what it has read arrives, whatever length it says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/virtio_blk.h>

#include "blk.h"
#include "tap.h"

#define LONG_MS 20000ull
#define BYTES	(32L * 1024) /* one request, however far its pages lie apart */
/* What stands on the disk, and in the reader's buffer before it reads. */
#define SECRET 0xa5
#define MINE   0x11

struct io {
	struct blk *b;
	pthread_t thread;
	uint8_t *buf;
	volatile bool done;
	int ret; /* 0 or -errno */
};

static void *run_read(void *arg)
{
	struct io *io = arg;
	ssize_t n = pread(io->b->fd, io->buf, BYTES, 0);

	io->ret = n == BYTES ? 0 : n < 0 ? -errno : -EIO;
	io->done = true;
	return NULL;
}

static void read_start(struct io *io, struct blk *b)
{
	*io = (struct io) { .b = b };
	FAKE_NEED(!posix_memalign((void **)&io->buf, 4096, BYTES));
	memset(io->buf, MINE, BYTES);
	FAKE_NEED(!pthread_create(&io->thread, NULL, run_read, io));
}

/* Its result; what it read stands in the buffer until read_free(). A read that hangs ends the program. */
static int read_end(struct io *io)
{
	uint64_t end = fake_now() + LONG_MS;

	while (!io->done) {
		if (fake_now() > end)
			fake_die("a read ends");
		usleep(1000);
	}
	pthread_join(io->thread, NULL);
	return io->ret;
}

static void read_free(struct io *io)
{
	free(io->buf);
}

static unsigned int count(const struct io *io, uint8_t what)
{
	unsigned int i, n = 0;

	for (i = 0; i < BYTES; i++)
		n += io->buf[i] == what;
	return n;
}

static bool is_disk(const struct io *io)
{
	return !memcmp(io->buf, io->b->disk, BYTES);
}

/* So many reads in that mood: how many were as they should be. */
static unsigned int reads(struct blk *b, enum blk_mood mood, int ret, bool data)
{
	unsigned int i, good = 0, want = 10;
	struct io io;

	for (i = 0; i < want; i++) {
		/* Its slots hold the disk's data from now on. */
		b->mood = BLK_HONEST;
		read_start(&io, b);
		FAKE_NEED(!read_end(&io) && is_disk(&io));
		read_free(&io);
		b->mood = mood;
		read_start(&io, b);
		good += read_end(&io) == ret && (data ? is_disk(&io) : !count(&io, SECRET));
		read_free(&io);
	}
	b->mood = BLK_HONEST;
	return good == want;
}

static void moods(struct blk *b)
{
	check(reads(b, BLK_HONEST, 0, true), "a read");
	check(reads(b, BLK_UNDER, 0, true), "a daemon that says that it wrote nothing: what it read arrives");
	check(reads(b, BLK_OVER, 0, true), "one that says that it wrote more than there is: the same");
	check(reads(b, BLK_FAIL, -EIO, false), "a read that fails has nothing of an older one");
	check(reads(b, BLK_SILENT, -EIO, false), "one that the daemon did not touch fails, and has nothing");
	b->disk[0] = 1;
	memset(b->disk, 0x5a, BYTES);
	memset(b->disk + BYTES / 2, SECRET, BYTES / 2);
	check(reads(b, BLK_HALF, -EIO, false), "one that fails half way has no old second half");
	memset(b->disk, SECRET, BYTES);
}

/* A read that the daemon has taken and never finishes. */
static void read_held(struct io *io, struct blk *b)
{
	uint64_t end = fake_now() + LONG_MS;

	b->hold = 0;
	read_start(io, b);
	while (!b->num_held) {
		if (fake_now() > end)
			fake_die("the daemon gets the read");
		usleep(1000);
	}
}

/* A read whose daemon dies with it, by the next one in that mood; its result. */
static int read_inherited(struct io *io, struct blk *b, enum blk_mood mood)
{
	int ret;

	read_held(io, b);
	blk_kill_daemon(b);
	b->hold = -1;
	b->mood = mood;
	FAKE_NEED(!blk_new_daemon(b));
	ret = read_end(io);
	b->mood = BLK_HONEST;
	return ret;
}

/* The same request by two daemons, and by none. */
static void successors(struct blk *b)
{
	struct io io;
	int ret;

	ret = read_inherited(&io, b, BLK_FAIL);
	check(ret == -EIO && !count(&io, SECRET), "a read that the next daemon fails has nothing");
	read_free(&io);

	ret = read_inherited(&io, b, BLK_HONEST);
	check(!ret && is_disk(&io), "what the next daemon has read arrives");
	read_free(&io);

	read_held(&io, b);
	FAKE_NEED(!ioctl(b->f.fd, VLB_BREAK));
	ret = read_end(&io);
	check(ret == -EIO && !count(&io, SECRET), "a read that nobody will serve has nothing");
	read_free(&io);
	b->hold = -1;
}

/* @lock: held while the status is flipped; its memory is another request's before long */
struct flipper {
	struct blk *b;
	pthread_t thread;
	pthread_mutex_t lock;
	volatile bool stop;
};

/* Now it has failed, now it has not. */
static void *run_flipper(void *arg)
{
	struct flipper *f = arg;

	while (!f->stop) {
		volatile uint8_t *status;

		pthread_mutex_lock(&f->lock);
		status = f->b->status;
		for (unsigned int i = 0; status && i < 50; i++) {
			*status = VIRTIO_BLK_S_IOERR;
			*status = VIRTIO_BLK_S_OK;
		}
		pthread_mutex_unlock(&f->lock);
	}
	return NULL;
}

static void leave_alone(struct flipper *f)
{
	pthread_mutex_lock(&f->lock);
	f->b->status = NULL;
	pthread_mutex_unlock(&f->lock);
}

/* The driver believes the status a moment after the module did: nothing that it calls read may be memory as it was. */
static void two_faced(struct blk *b)
{
	unsigned int i, read = 0, bare = 0;
	struct flipper f = { .b = b, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct io io;

	b->mood = BLK_FAIL;
	b->status = NULL;
	FAKE_NEED(!pthread_create(&f.thread, NULL, run_flipper, &f));
	/* until it has been quick enough at least once */
	for (i = 0; i < 300 || (!read && i < 20000); i++) {
		read_start(&io, b);
		if (!read_end(&io)) {
			read++;
			bare += count(&io, MINE) != 0;
		}
		leave_alone(&f);
		read_free(&io);
	}
	f.stop = true;
	pthread_join(f.thread, NULL);
	b->mood = BLK_HONEST;
	printf("# %u of %u reads were said to be good\n", read, i);
	check(read && !bare, "a status that changes its mind shows no memory of the kernel's");
}

static void with(const char *what, uint64_t features)
{
	struct blk b;

	printf("# %s\n", what);
	blk_start_with(&b, features | 1ull << VIRTIO_BLK_F_SEG_MAX, 1);
	memset(b.disk, SECRET, BLK_BYTES);
	moods(&b);
	two_faced(&b);
	successors(&b);
	blk_end(&b);
	check(fake_gone(&b.f, LONG_MS), "the device goes");
}

static bool set_poll_queues(const char *number)
{
	int fd = open("/sys/module/virtio_blk/parameters/poll_queues", O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, number, strlen(number)) == (ssize_t)strlen(number);

	if (fd >= 0)
		close(fd);
	return good;
}

/* Without kicks and calls the module hears of a request when its buffers come back. */
static void polled(void)
{
	char command[256];
	struct blk b;

	if (!set_poll_queues("1")) {
		check(true, "polled queues # SKIP this kernel's driver has none (5.19)");
		return;
	}
	blk_start_with(
		&b, 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_MQ | 1ull << VIRTIO_RING_F_INDIRECT_DESC, 2);
	set_poll_queues("0");
	snprintf(command, sizeof(command),
		"fio --name=polled --filename=%s --direct=1 --ioengine=io_uring --hipri=1 --iodepth=8 --rw=randwrite"
		" --bssplit=4k/50:64k/50 --size=1M --loops=10 --verify=crc32c --verify_fatal=1 >&2",
		b.node);
	check(!system(command), "polled: every block is what was written");
	blk_end(&b);
	check(fake_gone(&b.f, LONG_MS), "polled: the device goes");
}

int main(void)
{
	with("descriptors in the ring", 0);
	with("descriptors in a table", 1ull << VIRTIO_RING_F_INDIRECT_DESC);
	polled();
	return tap_end();
}
