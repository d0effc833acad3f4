// SPDX-License-Identifier: MIT
/*
 * What happens to a device while it has no adapter: it ends when its time is over, its
 * driver may leave and come, requests wait for the next adapter, and some devices do not
 * become orphans at all. Loaded with a long stop_timeout_ms.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/virtio_config.h>

#include "blk.h"
#include "tap.h"

#define LONG_MS 20000
#define NAME	"orphan"

static void set_stop_timeout(const char *ms)
{
	int fd = open("/sys/module/virtio_loopback/parameters/stop_timeout_ms", O_WRONLY | O_CLOEXEC);

	FAKE_NEED(fd >= 0 && write(fd, ms, strlen(ms)) == (ssize_t)strlen(ms));
	close(fd);
}

/* Once adapter and daemon are dead. */
static void bury(struct blk *b)
{
	fake_close(&b->f);
	close(b->fd);
	free(b->disk);
}

static bool driver_file(const char *device, const char *name)
{
	char path[96];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/virtio/drivers/virtio_blk/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	good = fd >= 0 && write(fd, device, strlen(device)) == (ssize_t)strlen(device);
	if (fd >= 0)
		close(fd);
	return good;
}

/* In a child of its own, which holds nothing of the device. */
static pid_t start_bind(struct blk *b, const char *device)
{
	pid_t pid = fork();

	FAKE_NEED(pid >= 0);
	if (pid)
		return pid;
	if (b->f.fd >= 0)
		close(b->f.fd);
	_exit(!driver_file(device, "bind"));
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* udev reads each disk that somebody has closed, and a driver waits for that before it lets go. */
static void close_quietly(struct blk *b, char *device, size_t len)
{
	close(b->fd);
	b->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	FAKE_NEED(b->fd >= 0 && fake_find_virtio(&b->f, device, len, LONG_MS));
	fake_settle_udev();
}

struct io {
	struct blk *b;
	pthread_t thread;
	int ret;
};

static void *run_io(void *arg)
{
	struct io *io = arg;
	uint8_t *buf;

	FAKE_NEED(!posix_memalign((void **)&buf, 4096, 4096));
	memset(buf, 1, 4096);
	io->ret = blk_io(io->b, 1, buf, true);
	free(buf);
	return NULL;
}

static void start_io(struct io *io, struct blk *b)
{
	*io = (struct io) { .b = b };
	FAKE_NEED(!pthread_create(&io->thread, NULL, run_io, io));
}

static int end_io(struct io *io)
{
	pthread_join(io->thread, NULL);
	return io->ret;
}

static void nobody_comes(void)
{
	uint64_t began;
	struct io io;
	struct blk b;

	blk_start_adoptable(&b, NAME);
	set_stop_timeout("600");
	began = fake_now();
	blk_kill_both(&b);
	start_io(&io, &b);
	check(end_io(&io) == -EIO && fake_now() - began >= 400, "nobody comes: a request waits, and fails");
	check(fake_gone(&b.f, LONG_MS), "the device ends");
	check(fake_adopt(&b.f, &(struct vlb_adopt) { 0 }) == -ENOENT, "and cannot be adopted any more");
	bury(&b);
	set_stop_timeout("20000");
}

/* Adapters that die before they have a daemon give it no time beyond the first one's. */
static void halfway(void)
{
	unsigned int adopted = 0;
	struct vlb_adopt adopt;
	uint64_t began;
	struct blk b;

	blk_start_adoptable(&b, NAME);
	blk_kill_both(&b);
	check(!fake_adopt(&b.f, &adopt), "adopted");
	fake_abandon(&b.f);
	check(!blk_adopt(&b), "that one dead before it was up: adopted again");
	blk_kill_both(&b);
	/* In time for the next death only */
	check(!blk_adopt(&b), "and again");
	set_stop_timeout("5000");
	began = fake_now();
	blk_kill_both(&b);
	while (!fake_adopt(&b.f, &adopt) && fake_now() - began < LONG_MS) {
		adopted++;
		usleep(50000);
		fake_abandon(&b.f);
	}
	check(adopted > 2 && fake_now() - began >= 4900 && fake_now() - began < LONG_MS,
		"one death after the other: its time is not prolonged");
	check(fake_gone(&b.f, LONG_MS), "and it ends");
	bury(&b);
	set_stop_timeout("20000");
}

/* A living adopter may take its time; when it dies after that, so does the device. */
static void slow_adopter(void)
{
	struct vlb_adopt adopt;
	struct io io;
	struct blk b;

	blk_start_adoptable(&b, NAME);
	set_stop_timeout("5000");
	blk_kill_both(&b);
	FAKE_NEED(!fake_adopt(&b.f, &adopt));
	set_stop_timeout("20000");
	fake_serve(&b.f);
	start_io(&io, &b);
	sleep(6);
	check(!blk_new_daemon(&b), "an adopter has all the time that its daemon needs");
	check(!end_io(&io), "and the request that waited is served");
	set_stop_timeout("5000");
	blk_kill_both(&b);
	FAKE_NEED(!fake_adopt(&b.f, &adopt));
	sleep(6);
	fake_abandon(&b.f);
	check(fake_gone(&b.f, LONG_MS / 2), "if it dies without one, the device goes at once");
	bury(&b);
	set_stop_timeout("20000");
}

static bool next_request(struct blk *b, struct vlb_request *req)
{
	struct pollfd fd = { b->f.fd, POLLIN, 0 };

	return poll(&fd, 1, LONG_MS) == 1 && read(b->f.fd, req, sizeof(*req)) == sizeof(*req);
}

/* Another adapter with its daemon, which answers nothing yet. */
static void adopt_mute(struct blk *b)
{
	FAKE_NEED(!fake_adopt(&b->f, &(struct vlb_adopt) { 0 }));
	FAKE_NEED(!blk_new_daemon(b));
}

/* The module's own question, of all configuration space; the driver asks for single fields. */
static bool asked(struct blk *b, struct vlb_request *req, int ms)
{
	struct pollfd fd = { b->f.fd, POLLIN, 0 };

	while (poll(&fd, 1, ms) == 1 && read(b->f.fd, req, sizeof(*req)) == sizeof(*req))
		if (req->type == VLB_REQ_CONFIG_GET && req->len == b->f.create.config_size)
			return true;
	return false;
}

/* The kernel asks, the adapter has read that, and dies. */
static void asked_again(void)
{
	struct vlb_request first = { 0 }, again = { 0 };
	struct vlb_response resp;
	struct blk b;

	blk_start_adoptable(&b, NAME);
	fake_stop_serving(&b.f);
	FAKE_NEED(!ioctl(b.f.fd, VLB_CONFIG_CHANGED) && asked(&b, &first, LONG_MS));
	blk_kill_both(&b);
	adopt_mute(&b);
	check(asked(&b, &again, LONG_MS) && again.id != first.id, "what the dead adapter had read is asked again");
	resp = (struct vlb_response) { .id = first.id, .len = first.len };
	memcpy(resp.data, &b.f.capacity, sizeof(b.f.capacity));
	check(write(b.f.fd, &resp, sizeof(resp)) < 0 && errno == ENOENT, "by another number");
	resp.id = again.id;
	check(write(b.f.fd, &resp, sizeof(resp)) == sizeof(resp), "and answered");
	fake_serve(&b.f);
	usleep(200000);
	fake_stop_serving(&b.f);
	FAKE_NEED(!ioctl(b.f.fd, VLB_CONFIG_CHANGED));
	for (unsigned int i = 0; i < 3; i++) {
		FAKE_NEED(asked(&b, &again, LONG_MS));
		blk_kill_both(&b);
		adopt_mute(&b);
	}
	check(!asked(&b, &again, 500), "but not when three adapters have died of it");
	fake_destroy(&b.f);
	blk_end(&b);
	FAKE_NEED(fake_gone(&b.f, LONG_MS));
}

/* The driver goes and comes while nobody can tell whether the daemon still has the rings. */
static void driver_leaves(void)
{
	struct vlb_request req;
	struct vlb_adopt adopt;
	char device[32];
	struct blk b;
	pid_t binder;

	blk_start_adoptable(&b, NAME);
	close_quietly(&b, device, sizeof(device));
	blk_kill_both(&b);
	check(driver_file(device, "unbind"), "the driver of an orphan can be unbound");
	check(fake_state_says(&b.f, "rings: with the daemon"), "whose daemon may have the rings");
	binder = start_bind(&b, device);
	usleep(300000);
	FAKE_NEED(!fake_adopt(&b.f, &adopt));
	check(!(adopt.status & VIRTIO_CONFIG_S_DRIVER_OK) && !adopt.driver_features, "the adopter learns of it");
	check(next_request(&b, &req) && req.type == VLB_REQ_STATUS && !req.status, "and hears the reset");
	FAKE_NEED(write(b.f.fd, &(struct vlb_response) { .id = req.id }, sizeof(struct vlb_response)) > 0);
	check(fake_state_says(&b.f, "rings: with the daemon"), "whose answer frees nothing");
	fake_serve(&b.f);
	FAKE_NEED(!blk_new_daemon(&b));
	check(ended_well(binder) && fake_wait_running(&b.f, LONG_MS), "the driver that waited goes on when it is up");
	fake_destroy(&b.f);
	blk_end(&b);
	FAKE_NEED(fake_gone(&b.f, LONG_MS));
}

/* A reset that waits for its answer while the adapter dies. */
static void dies_at_reset(void)
{
	struct vlb_request req;
	char device[32];
	struct blk b;
	pid_t pid;

	blk_start_adoptable(&b, NAME);
	close_quietly(&b, device, sizeof(device));
	fake_stop_serving(&b.f);
	pid = fork();
	FAKE_NEED(pid >= 0);
	if (!pid) {
		close(b.f.fd);
		_exit(!driver_file(device, "unbind"));
	}
	FAKE_NEED(next_request(&b, &req) && !req.status);
	blk_kill_both(&b);
	FAKE_NEED(!fake_adopt(&b.f, &(struct vlb_adopt) { 0 }));
	check(next_request(&b, &req) && req.type == VLB_REQ_STATUS && !req.status,
		"a reset that the dead adapter had read is told to the next one");
	FAKE_NEED(write(b.f.fd, &(struct vlb_response) { .id = req.id }, sizeof(struct vlb_response)) > 0);
	check(ended_well(pid), "and the driver is gone when that answers");
	fake_set_backend(&b.f, VLB_BACKEND_UP);
	check(fake_state_says(&b.f, "rings: free"), "the rings are free when a daemon is there");
	fake_destroy(&b.f);
	bury(&b);
	FAKE_NEED(fake_gone(&b.f, LONG_MS));
}

static struct vlb_create adoptable(void)
{
	struct vlb_create create = fake_template(FAKE_ID_INPUT);

	create.flags = VLB_CREATE_ADOPTABLE;
	strcpy(create.name, NAME);
	return create;
}

/* Closed without a word, and yet gone at once. */
static void no_orphans(void)
{
	struct vlb_create create = adoptable();
	struct vlb_request req;
	struct blk b = { 0 };

	fake_create(&b.f, &create, 64);
	fake_close(&b.f);
	fake_create(&b.f, &create, 64);
	check(true, "never started: its name is free at once");
	fake_start(&b.f);
	for (;;) {
		FAKE_NEED(next_request(&b, &req));
		if (req.type != VLB_REQ_STATUS)
			break;
		FAKE_NEED(write(b.f.fd, &(struct vlb_response) { .id = req.id }, sizeof(struct vlb_response)) > 0);
	}
	fake_close(&b.f);
	check(fake_gone(&b.f, LONG_MS / 2), "nor does one wait whose driver is in its probe");
	blk_start_adoptable(&b, NAME);
	FAKE_NEED(!ioctl(b.f.fd, VLB_BREAK));
	blk_kill_both(&b);
	check(fake_gone(&b.f, LONG_MS / 2), "nor one that is broken");
	bury(&b);
}

int main(void)
{
	nobody_comes();
	halfway();
	slow_adopter();
	asked_again();
	driver_leaves();
	dies_at_reset();
	no_orphans();
	return tap_end();
}
