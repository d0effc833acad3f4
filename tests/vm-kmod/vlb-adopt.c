// SPDX-License-Identifier: MIT
/*
 * Adapters that die and are followed by another one: what it may adopt and what not, and
 * that the driver does not notice. Loaded with a long stop_timeout_ms.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/virtio_config.h>

#include "blk.h"
#include "tap.h"

#define LONG_MS 20000ull
#define NODE	"/dev/virtio-loopback"
#define NAME	"adopt.me"

static int result(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

/* The errno of VLB_ADOPT on a fresh file that is closed again at once. */
static int adopt_result(struct vlb_adopt adopt)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC), ret;

	FAKE_NEED(fd >= 0);
	ret = result(fd, VLB_ADOPT, &adopt);
	if (!ret)
		close(adopt.pool_fd);
	close(fd);
	return ret;
}

/* A thread that writes and reads back blocks for as long as it is let. */
struct writer {
	struct blk *b;
	pthread_t thread;
	volatile bool stop;
	volatile unsigned int good;
	volatile unsigned int bad;
};

static void *run_writer(void *arg)
{
	struct writer *w = arg;
	unsigned int seed = 1, block, j;
	uint8_t *out, *in;

	FAKE_NEED(!posix_memalign((void **)&out, 4096, 4096) && !posix_memalign((void **)&in, 4096, 4096));
	while (!w->stop) {
		block = (unsigned int)rand_r(&seed) % (BLK_BYTES / 4096);
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

static bool more_good(const struct writer *w)
{
	unsigned int before = w->good;
	uint64_t end = fake_now() + LONG_MS;

	while (w->good < before + 3) {
		if (w->bad || fake_now() > end)
			return false;
		usleep(1000);
	}
	return true;
}

static void start_writer(struct writer *w, struct blk *b)
{
	*w = (struct writer) { .b = b };
	FAKE_NEED(!pthread_create(&w->thread, NULL, run_writer, w));
}

static void end_writer(struct writer *w)
{
	w->stop = true;
	pthread_join(w->thread, NULL);
}

/* All that is refused, in whatever state the device is. */
static void refusals(struct blk *b)
{
	struct vlb_setup_queue queue = { .index = 0 };
	struct vlb_adopt bad = fake_adoption(&b->f);
	int fd = open(NODE, O_RDWR | O_CLOEXEC);

	bad.abi_version++;
	check(adopt_result(bad) == EPROTO, "adopt: another ABI");
	bad = fake_adoption(&b->f);
	bad.flags = 1;
	check(adopt_result(bad) == EINVAL, "adopt: an unknown flag");
	bad = fake_adoption(&b->f);
	bad.reserved = 1;
	check(adopt_result(bad) == EINVAL, "adopt: a reserved field");
	bad = fake_adoption(&b->f);
	bad.name[0] = '\0';
	check(adopt_result(bad) == EINVAL, "adopt: no name");
	memset(bad.name, 'a', sizeof(bad.name));
	check(adopt_result(bad) == EINVAL, "adopt: a name without end");
	bad = fake_adoption(&b->f);
	bad.name[0] = 'X';
	check(adopt_result(bad) == ENOENT, "adopt: a name that is not there");
	check(result(fd, VLB_ADOPT, NULL) == EFAULT, "adopt: no argument");
	check(result(fd, VLB_ADOPT_QUEUE, &queue) == ENODEV, "no queue of a file without device");
	close(fd);
}

static void live(struct blk *b)
{
	struct vlb_setup_queue queue = { .index = 0 };
	struct vlb_adopt adopt = fake_adoption(&b->f);

	check(adopt_result(adopt) == EBUSY, "adopt: a device whose adapter lives");
	check(result(b->f.fd, VLB_ADOPT, &adopt) == EBUSY, "adopt: on a file that has a device");
	check(result(b->f.fd, VLB_ADOPT_QUEUE, &queue) == EBUSY, "no descriptors for who is no adopter");
	check(fake_state_says(&b->f, "adapter: here deaths 0"), "debugfs knows its adapter");
}

/* Somebody else may open the node; what another user's driver wrote is not theirs. */
static int adopt_as_nobody(const struct fake *f)
{
	int status;
	pid_t pid = fork();

	FAKE_NEED(pid >= 0);
	if (!pid)
		_exit(setuid(65534) ? 1 : adopt_result(fake_adoption(f)));
	FAKE_NEED(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void orphaned(struct blk *b)
{
	struct vlb_adopt bad = fake_adoption(&b->f), *page;
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	struct vlb_create create = b->f.create;

	check(fake_state_says(&b->f, "adapter: away orphaned deaths 1") && fake_state_says(&b->f, "backend: down"),
		"an orphan is one in debugfs");
	bad.device_id = FAKE_ID_RNG;
	check(adopt_result(bad) == EINVAL, "adopt: a device of another type");
	FAKE_NEED(!chmod(NODE, 0666));
	check(adopt_as_nobody(&b->f) == EPERM, "adopt: another user's device");
	FAKE_NEED(!chmod(NODE, 0600));
	check(result(fd, VLB_CREATE, &create) == EEXIST, "its name is not free");
	check(syscall(SYS_delete_module, "virtio_loopback", O_NONBLOCK) && (errno == EBUSY || errno == EWOULDBLOCK),
		"the module cannot be unloaded");
	/* Readable, so that the argument is understood, but not to be written to. */
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FAKE_NEED(page != MAP_FAILED);
	*page = fake_adoption(&b->f);
	FAKE_NEED(!mprotect(page, 4096, PROT_READ));
	check(result(fd, VLB_ADOPT, page) == EFAULT, "adopt: nowhere to put the answer");
	munmap(page, 4096);
	check(fake_state_says(&b->f, "adapter: away orphaned deaths 2"), "leaves it an orphan");
	close(fd);
}

static void adopted(struct blk *b, const struct vlb_adopt *a)
{
	struct vlb_setup_queue queue = { .index = 1 };
	const struct vlb_create *c = &b->f.create;
	struct stat before, after;

	check(a->index == c->index && a->num_queues == c->num_queues && a->max_queue_size == c->max_queue_size &&
			a->config_size == c->config_size && a->bounce_size == c->bounce_size &&
			a->pool_iova == c->pool_iova && a->pool_size == c->pool_size,
		"the adopter learns the device's shape");
	check(a->status == 0xf && a->features == (c->features | 1ull << VIRTIO_F_ACCESS_PLATFORM) &&
			a->driver_features == a->features,
		"and what the driver said");
	check(!fstat(a->pool_fd, &before) && !fstat(b->f.pool_fd, &after) && before.st_ino == after.st_ino &&
			fcntl(a->pool_fd, F_GETFD) == FD_CLOEXEC,
		"and has its memory");
	check(adopt_result(fake_adoption(&b->f)) == EBUSY, "adopt: twice");
	check(result(b->f.fd, VLB_ADOPT_QUEUE, &queue) == EINVAL, "no such queue");
	queue.index = 0;
	check(!result(b->f.fd, VLB_ADOPT_QUEUE, &queue) && queue.size == BLK_SIZE &&
			fcntl(queue.kick_fd, F_GETFD) == FD_CLOEXEC && fcntl(queue.call_fd, F_GETFD) == FD_CLOEXEC,
		"a queue and its eventfds");
	close(queue.kick_fd);
	close(queue.call_fd);
	check(fake_state_says(&b->f, "adapter: here orphaned"), "an orphan until its back-end is up");
}

static void destroyed(struct blk *b)
{
	struct vlb_create create = b->f.create;
	struct vlb_request req;
	uint32_t up = VLB_BACKEND_UP;
	struct pollfd fd = { b->f.fd, POLLIN, 0 };

	fake_stop_serving(&b->f);
	check(!result(b->f.fd, VLB_DESTROY, NULL) && fake_gone(&b->f, LONG_MS), "goodbye: the device goes at once");
	check(adopt_result(fake_adoption(&b->f)) == ENOENT, "and nobody can adopt it");
	check(result(b->f.fd, VLB_DESTROY, NULL) == ENODEV && result(b->f.fd, VLB_SET_BACKEND, &up) == ENODEV &&
			read(b->f.fd, &req, sizeof(req)) < 0 && errno == ENODEV,
		"nor is its file of any use");
	check(poll(&fd, 1, 0) == 1 && fd.revents & POLLERR, "as poll tells");
	check(result(b->f.fd, VLB_CREATE, &create) == EBUSY, "not even for another device");
}

static void one_death(void)
{
	struct vlb_setup_queue queue = { .index = 0 };
	struct vlb_adopt adopt;
	struct writer w;
	struct blk b;

	blk_start_adoptable(&b, NAME);
	refusals(&b);
	live(&b);
	start_writer(&w, &b);
	FAKE_NEED(more_good(&w));
	blk_kill_both(&b);
	orphaned(&b);
	FAKE_NEED(!fake_adopt(&b.f, &adopt));
	adopted(&b, &adopt);
	fake_serve(&b.f);
	FAKE_NEED(!blk_new_daemon(&b));
	check(result(b.f.fd, VLB_ADOPT_QUEUE, &queue) == EBUSY, "no descriptors after that");
	check(more_good(&w), "requests go on");
	end_writer(&w);
	check(!w.bad, "and none failed");
	check(fake_state_says(&b.f, "adapter: here deaths 2"), "debugfs counts deaths");
	destroyed(&b);
	blk_end(&b);
}

static void deaths(unsigned int count)
{
	unsigned int i, refused = 0;
	struct writer w;
	struct blk b;

	blk_start_adoptable(&b, NAME);
	b.shuffle = true;
	start_writer(&w, &b);
	for (i = 0; i < count && !w.bad; i++) {
		unsigned int enough = b.finished + 1 + i % 20;
		uint64_t end = fake_now() + LONG_MS;

		while (b.finished < enough && fake_now() < end)
			usleep(500);
		blk_kill_both(&b);
		refused += blk_adopt(&b) != 0;
	}
	check(!refused && more_good(&w), "adapter and daemon die again and again");
	end_writer(&w);
	printf("# %u deaths, %u blocks written and compared\n", i, w.good);
	check(!w.bad && i == count, "and every block is what was written");
	fake_destroy(&b.f);
	blk_end(&b);
	FAKE_NEED(fake_gone(&b.f, LONG_MS));
}

int main(int argc, char **argv)
{
	one_death();
	deaths(argc > 1 ? (unsigned int)atoi(argv[1]) : 200);
	return tap_end();
}
