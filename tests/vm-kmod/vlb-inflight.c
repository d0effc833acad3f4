// SPDX-License-Identifier: MIT
/*
 * Requests outlive their daemon: a slow one among many, daemons that die anywhere, and
 * what becomes of requests that nobody will ever serve.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "blk.h"
#include "tap.h"

#define LONG_MS	 20000ull
#define INDIRECT (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define BLOCKS	 (BLK_BYTES / 4096)
#define WRITERS	 4

static bool wait_until(struct blk *b, volatile unsigned int *value, unsigned int least)
{
	uint64_t end = fake_now() + LONG_MS;

	(void)b;
	while (*value < least) {
		if (fake_now() > end)
			return false;
		usleep(2000);
	}
	return true;
}

/* debugfs comes to count @count requests in flight; one or two may be udev's, which looks at new disks. */
static bool in_flight(struct blk *b, unsigned int count)
{
	uint64_t end = fake_now() + LONG_MS;
	char text[3][32];

	for (unsigned int i = 0; i < 3; i++)
		snprintf(text[i], sizeof(text[i]), " in-flight %u ", count + i);
	while (!fake_state_says(&b->f, text[0]) && !fake_state_says(&b->f, text[1]) &&
		!fake_state_says(&b->f, text[2])) {
		if (fake_now() > end)
			return false;
		usleep(5000);
	}
	return true;
}

/* One thread that reads or writes one block. */
struct io {
	struct blk *b;
	pthread_t thread;
	unsigned int block;
	bool write;
	volatile bool done;
	int ret;
	uint8_t *buf;
};

static void *run_io(void *arg)
{
	struct io *io = arg;

	io->ret = blk_io(io->b, io->block, io->buf, io->write);
	io->done = true;
	return NULL;
}

static void io_start(struct io *io, struct blk *b, unsigned int block, bool write)
{
	*io = (struct io) { .b = b, .block = block, .write = write };
	FAKE_NEED(!posix_memalign((void **)&io->buf, 4096, 4096));
	memset(io->buf, (int)block, 4096);
	FAKE_NEED(!pthread_create(&io->thread, NULL, run_io, io));
}

/* Its result, or -ETIME when it hangs: then the thread is left behind. */
static int io_end(struct io *io)
{
	uint64_t end = fake_now() + LONG_MS;

	while (!io->done) {
		if (fake_now() > end)
			return -ETIME;
		usleep(2000);
	}
	pthread_join(io->thread, NULL);
	free(io->buf);
	return io->ret;
}

/* The daemon has the request that it is to sit on; if not, what is known of it goes to the log. */
static void need_held(struct blk *b, const struct io *io)
{
	if (wait_until(b, &b->num_held, 1))
		return;
	fprintf(stderr, "block %u: %s, result %d; the daemon finished %u, avail %u\n", io->block,
		io->done ? "done" : "under way", io->ret, b->finished, le16toh(b->f.queues[0].avail->idx));
	fake_die("the daemon gets the request");
}

/* The daemon sits on one request while the rings go round three times, and dies. */
static void slow_head(void)
{
	unsigned int i, bad = 0, before;
	struct io slow, quick;
	struct blk b;

	blk_start(&b);
	b.hold = 5L * 8;
	io_start(&slow, &b, 5, true);
	need_held(&b, &slow);
	before = b.finished;
	for (i = 0; i < 3 * BLK_SIZE; i++) {
		io_start(&quick, &b, 6 + i % 100, true);
		bad += io_end(&quick) != 0;
	}
	check(!bad && b.finished - before >= 3 * BLK_SIZE, "requests overtake a slow one, three times the ring");
	check(in_flight(&b, 1), "debugfs counts the slow one");
	check(ioctl(b.f.fd, VLB_RESUME_QUEUE, &b.f.queues[0].state) && errno == EBUSY, "not while a daemon serves it");
	blk_kill_daemon(&b);
	b.hold = -1;
	io_start(&quick, &b, 200, true);
	FAKE_NEED(in_flight(&b, 2));
	check(!blk_new_daemon(&b), "a new daemon takes over");
	check(!io_end(&slow) && !io_end(&quick), "the slow request ends, and one made meanwhile");
	check(b.served[5L * 8] == 1 && b.served[200L * 8] == 1, "each was served once");
	check(b.disk[5L * 4096] == 5 && b.disk[200L * 4096] == 200, "and is on the disk");
	check(in_flight(&b, 0), "nothing is in flight any more");
	blk_end(&b);
	FAKE_NEED(fake_gone(&b.f, LONG_MS));
}

struct writer {
	struct blk *b;
	pthread_t thread;
	unsigned int number;
	volatile bool stop;
	unsigned int good;
	unsigned int bad;
};

/* Writes and reads back blocks of its own, each time with other bytes. */
static void *run_writer(void *arg)
{
	struct writer *w = arg;
	unsigned int seed = w->number, block, j;
	uint8_t *out, *in;

	FAKE_NEED(!posix_memalign((void **)&out, 4096, 4096) && !posix_memalign((void **)&in, 4096, 4096));
	while (!w->stop) {
		block = rand_r(&seed) % (BLOCKS / WRITERS) * WRITERS + w->number;
		for (j = 0; j < 4096; j++)
			out[j] = (uint8_t)(rand_r(&seed) >> 8);
		if (blk_io(w->b, block, out, true) || blk_io(w->b, block, in, false) || memcmp(in, out, 4096) != 0)
			w->bad++;
		else
			w->good++;
	}
	free(out);
	free(in);
	return NULL;
}

/* Daemons that finish in random order die anywhere, again and again. */
static void deaths(unsigned int count, uint64_t features)
{
	unsigned int i, refused = 0, good = 0, bad = 0, before;
	struct writer w[WRITERS];
	struct blk b;

	blk_start_with(&b, features, 1);
	b.shuffle = true;
	for (i = 0; i < WRITERS; i++) {
		w[i] = (struct writer) { .b = &b, .number = i };
		FAKE_NEED(!pthread_create(&w[i].thread, NULL, run_writer, &w[i]));
	}
	for (i = 0; i < count; i++) {
		before = b.finished;
		FAKE_NEED(wait_until(&b, &b.finished, before + 1 + i % 50));
		blk_kill_daemon(&b);
		refused += blk_new_daemon(&b) != 0;
	}
	for (i = 0; i < WRITERS; i++)
		w[i].stop = true;
	for (i = 0; i < WRITERS; i++) {
		pthread_join(w[i].thread, NULL);
		good += w[i].good;
		bad += w[i].bad;
	}
	printf("# %u deaths, %u requests, %u blocks compared\n", count, b.finished, good);
	check(!refused, "each death is followed by a new daemon");
	check(!bad && good > count, "every block is what was written");
	blk_end(&b);
	FAKE_NEED(fake_gone(&b.f, LONG_MS));
}

/* Requests of a dead daemon, and the device ends. */
static void drained_by_close(uint64_t features)
{
	struct io io[8];
	unsigned int i, failed = 0;
	struct blk b;

	blk_start_with(&b, features, 1);
	blk_kill_daemon(&b);
	for (i = 0; i < 8; i++)
		io_start(&io[i], &b, i, i % 2);
	FAKE_NEED(in_flight(&b, 8));
	fake_close(&b.f);
	for (i = 0; i < 8; i++)
		failed += io_end(&io[i]) == -EIO;
	check(failed == 8, "closed: what was in flight fails");
	close(b.fd);
	check(fake_gone(&b.f, LONG_MS), "and the device goes");
	free(b.disk);
}

/* The table of a request decides whether anybody waits for it, so it is not the daemon's to change. */
static bool tables_are_safe(struct blk *b)
{
	struct fake_queue *q = &b->f.queues[0];
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	unsigned int i, refused = 0, written = 0;

	for (i = 0; i < b->num_held; i++) {
		const struct vring_desc *desc = &q->desc[b->held[i]];
		void *table = fake_at(&b->f, le64toh(desc->addr));

		if (!(desc->flags & htole16(VRING_DESC_F_INDIRECT)))
			continue;
		refused += read(zero, table, sizeof(*desc)) == -1 && errno == EFAULT;
		written += read(zero, (char *)table + sizeof(*desc), sizeof(*desc)) != -1;
	}
	close(zero);
	return refused && !written;
}

static void drained_by_break(uint64_t features)
{
	struct io io, later;
	struct blk b;
	int ret;

	blk_start_with(&b, features, 1);
	b.hold = 3L * 8;
	io_start(&io, &b, 3, false);
	need_held(&b, &io);
	check(!features || tables_are_safe(&b), "an indirect table cannot be written by its daemon");
	FAKE_NEED(!ioctl(b.f.fd, VLB_BREAK));
	check(io_end(&io) == -EIO, "VLB_BREAK: what was in flight fails");
	io_start(&later, &b, 4, true);
	ret = io_end(&later);
	if (!check(ret == -EIO, "and so does what comes later"))
		printf("# %s\n", strerror(-ret));
	check(fake_state_says(&b.f, "draining") && !fake_state_says(&b.f, "drained 0"), "debugfs shows it");
	b.hold = -1;
	usleep(20000);
	blk_end(&b);
	check(fake_gone(&b.f, LONG_MS), "a daemon that goes on writing to its rings changes nothing");
}

enum lie {
	LIE_INDEX,
	LIE_HEAD,
	LIE_BEYOND,
};

static const char *const lie_names[] = {
	[LIE_INDEX] = "a used index that runs ahead",
	[LIE_HEAD] = "a used head that was not available",
	[LIE_BEYOND] = "a used head out of the ring",
};

static void tell(struct fake_queue *q, enum lie lie)
{
	if (lie == LIE_INDEX)
		__atomic_store_n(&q->used->idx, htole16(le16toh(q->used->idx) + 1000), __ATOMIC_RELEASE);
	else
		fake_push(q, BLK_SIZE, lie == LIE_HEAD ? 63 : 0xfffff, 1);
	fake_signal(q->call);
}

/* One that lies and lives on, and answers whatever it is asked: nothing may wait for its end. */
static void lies_and_lives(enum lie lie, uint64_t features)
{
	struct io slow, later;
	char name[128];
	struct blk b;

	blk_start_with(&b, features, 1);
	b.hold = 5L * 8;
	io_start(&slow, &b, 5, true);
	need_held(&b, &slow);
	tell(&b.f.queues[0], lie);
	snprintf(name, sizeof(name), "%s: what its daemon had fails while that lives", lie_names[lie]);
	check(io_end(&slow) == -EIO, name);
	io_start(&later, &b, 6, true);
	snprintf(name, sizeof(name), "%s: and so does what comes later", lie_names[lie]);
	check(io_end(&later) == -EIO, name);
	b.hold = -1;
	blk_end(&b);
	FAKE_NEED(fake_gone(&b.f, LONG_MS));
}

/* One that is dead: its device ends, and nothing waits for it. */
static void lies(enum lie lie, uint64_t features)
{
	const char *what = lie_names[lie];
	struct fake_queue *q;
	char name[128];
	struct io io[4];
	struct blk b;
	unsigned int i, hang = 0;

	blk_start_with(&b, features, 1);
	q = &b.f.queues[0];
	blk_kill_daemon(&b);
	for (i = 0; i < 4; i++)
		io_start(&io[i], &b, i, true);
	FAKE_NEED(in_flight(&b, 4));
	tell(q, lie);
	usleep(100000);
	snprintf(name, sizeof(name), "%s: nobody can go on", what);
	check(blk_new_daemon(&b) == -ESTALE, name);
	fake_close(&b.f);
	for (i = 0; i < 4; i++)
		hang += io_end(&io[i]) == -ETIME;
	close(b.fd);
	snprintf(name, sizeof(name), "%s: nothing waits for it, and the device goes", what);
	check(!hang && fake_gone(&b.f, LONG_MS), name);
	free(b.disk);
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 1 ? (unsigned int)atoi(argv[1]) : 200;

	slow_head();
	deaths(count, 0);
	deaths(count / 4, INDIRECT);
	for (int i = 0; i < 2; i++) {
		uint64_t features = i ? INDIRECT : 0;

		printf("# %s indirect tables\n", i ? "with" : "without");
		drained_by_close(features);
		drained_by_break(features);
		for (int lie = LIE_INDEX; lie <= LIE_BEYOND; lie++) {
			lies((enum lie)lie, features);
			lies_and_lives((enum lie)lie, features);
		}
	}
	return tap_end();
}
