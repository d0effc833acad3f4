// SPDX-License-Identifier: MIT
/*
 * The virtio_can driver's controller: bus-off and restart, down and up under load, and devices that give it no rest or no answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/can/error.h>

#include "can.h"
#include "tap.h"

#define WATCHERS 2
#define WATCH_MS 3000
#define LONG_MS	 20000ull
#define BOUND_MS 9000ull /* less than two control messages take that are not answered, 5 s each */

static bool state_is(const struct can *c, const char *state)
{
	uint64_t end = fake_now() + LONG_MS;
	char line[128];

	snprintf(line, sizeof(line), "ip -details link show %s | grep -q 'can .*state %s'", c->name, state);
	while (system(line)) {
		if (fake_now() > end)
			return false;
		usleep(20000);
	}
	return true;
}

static void go_bus_off(struct can *c)
{
	c->f.status = CAN_STATUS_BUSOFF;
	FAKE_NEED(!ioctl(c->f.fd, VLB_CONFIG_CHANGED));
}

static void bus_off(struct can *c)
{
	const struct can_frame frame = { .can_id = 2, .len = 0 };
	int errors = can_socket(c, true, false), fd = can_socket(c, false, true);
	unsigned int starts = c->starts, logged = c->logged;
	struct can_frame got;

	FAKE_NEED(!ioctl(c->f.fd, VLB_CONFIG_CHANGED));
	usleep(50000);
	check(state_is(c, "ERROR-ACTIVE"), "a change of nothing changes nothing");
	go_bus_off(c);
	check(read(errors, &got, sizeof(got)) == sizeof(got) && got.can_id == (CAN_ERR_FLAG | CAN_ERR_BUSOFF),
		"off the bus: an error frame");
	check(state_is(c, "BUS-OFF"), "and the state");
	check(!can_ip(c, "type can restart") && c->starts == starts + 1 && state_is(c, "ERROR-ACTIVE"),
		"restart by hand");
	check(write(fd, &frame, sizeof(frame)) == sizeof(frame) && can_wait_for(&c->logged, logged + 1),
		"frames go out again");
	FAKE_NEED(!can_ip(c, "down") && !can_ip(c, "type can restart-ms 100") && !can_ip(c, "up"));
	starts = c->starts;
	go_bus_off(c);
	check(can_wait_for(&c->starts, starts + 1) && state_is(c, "ERROR-ACTIVE"), "restart by itself");
	close(errors);
	close(fd);
}

/* The controller leaves the bus again while the driver's restart is on its way. */
static void bus_off_again(struct can *c)
{
	unsigned int starts;

	FAKE_NEED(!can_ip(c, "down") && !can_ip(c, "type can restart-ms 100") && !can_ip(c, "up"));
	starts = c->starts;
	c->keep_ctrl = true;
	go_bus_off(c);
	FAKE_NEED(can_wait_for(&c->starts, starts + 1));
	go_bus_off(c);
	usleep(200000);
	c->keep_ctrl = false;
	check(can_wait_for(&c->starts, starts + 2), "bus-off again during a restart is not missed");
	check(state_is(c, "ERROR-ACTIVE"), "and the controller comes back");
}

struct watcher {
	struct can *c;
	volatile bool stop;
	unsigned int looks;
};

static void *watch(void *arg)
{
	struct watcher *w = arg;
	char path[96], line[512];
	FILE *file;

	can_run_anywhere();
	snprintf(path, sizeof(path), "/sys/kernel/debug/virtio_loopback/%u/state", w->c->f.create.index);
	while ((!w->looks || !w->stop) && (file = fopen(path, "r"))) {
		while (fgets(line, sizeof(line), file))
			;
		fclose(file);
		w->looks++;
	}
	return NULL;
}

/*
 * Who looks at the rings while both ends run at full speed sees them between two states, which is nobody's lie. The flood keeps
 * the driver polling, so that it takes frames back and sends the next ones without an interrupt.
 */
static void watched(struct can *c)
{
	const struct can_frame frame = { .can_id = 2, .len = 0 };
	struct watcher watchers[WATCHERS] = { 0 };
	unsigned int i, looks = 0, sent = 0;
	pthread_t threads[WATCHERS];
	uint64_t end;
	int fd = can_socket(c, false, true);
	struct can_frame echo;

	c->tell = true;
	c->flood = true;
	for (i = 0; i < WATCHERS; i++) {
		watchers[i].c = c;
		FAKE_NEED(!pthread_create(&threads[i], NULL, watch, &watchers[i]));
	}
	end = fake_now() + WATCH_MS;
	while ((!sent || fake_now() < end) && write(fd, &frame, sizeof(frame)) == sizeof(frame) &&
		read(fd, &echo, sizeof(echo)) == sizeof(echo))
		sent++;
	c->flood = false;
	c->tell = false;
	for (i = 0; i < WATCHERS; i++) {
		watchers[i].stop = true;
		pthread_join(threads[i], NULL);
		looks += watchers[i].looks;
	}
	printf("# %u frames, %u buffers, %u looks\n", sent, c->flooded, looks);
	check(sent && looks && c->flooded > CAN_SIZE && write(fd, &frame, sizeof(frame)) == sizeof(frame) &&
			read(fd, &echo, sizeof(echo)) == sizeof(echo),
		"a device that is watched at full speed goes on");
	c->flooded = 0;
	close(fd);
}

/* The device fills buffers as fast as it gets them. */
static void flooded(struct can *c)
{
	uint64_t begin;

	can_run_on(0);
	can_rest(c);
	begin = fake_now();
	c->flood = true;
	check(!can_ip(c, "down") && fake_now() - begin < BOUND_MS, "down ends, though buffers come back at once");
	/* those that the device had, and each of them once more */
	check(c->flooded <= 2 * CAN_SIZE, "the driver does not try to keep up");
	printf("# %u buffers\n", c->flooded);
	c->flood = false;
	check(!can_ip(c, "up") && state_is(c, "ERROR-ACTIVE"), "and up works");
}

/* The device does not answer: nobody waits longer than the driver says, and all is well when it answers after all. */
static void silent(struct can *c)
{
	uint64_t begin = fake_now(), bound;

	/* up it is already: so long takes a command on this machine */
	FAKE_NEED(!can_ip(c, "up"));
	bound = BOUND_MS + fake_now() - begin;
	c->keep_ctrl = true;
	begin = fake_now();
	check(!can_ip(c, "down") && fake_now() - begin < bound, "down ends, though the device does not answer");
	begin = fake_now();
	check(can_ip(c, "up 2>/dev/null") != 0 && fake_now() - begin < bound, "up is refused");
	c->keep_ctrl = false;
	begin = fake_now();
	while (can_ip(c, "up 2>/dev/null") && fake_now() - begin < LONG_MS)
		usleep(20000);
	check(state_is(c, "ERROR-ACTIVE"), "and possible when it has answered");
}

/* Down and up again with frames that the device keeps. */
static void down_under_load(struct can *c)
{
	const struct can_frame frame = { .can_id = 3, .len = 0 };
	int fd = can_socket(c, false, false), i;
	unsigned int logged;

	c->keep_tx = true;
	for (i = 0; i < 50; i++)
		FAKE_NEED(write(fd, &frame, sizeof(frame)) == sizeof(frame));
	FAKE_NEED(!can_ip(c, "down") && !can_ip(c, "up"));
	close(fd);
	fd = can_socket(c, false, true);
	c->keep_tx = false;
	usleep(50000);
	logged = c->logged;
	check(write(fd, &frame, sizeof(frame)) == sizeof(frame) && can_wait_for(&c->logged, logged + 1) &&
			read(fd, &(struct can_frame) { 0 }, sizeof(frame)) == sizeof(frame),
		"down and up with frames under way");
	close(fd);
}

int main(void)
{
	struct can *c = calloc(1, sizeof(*c));

	FAKE_NEED(c);
	can_start(c, CAN_F_CLASSIC);
	FAKE_NEED(!can_ip(c, "up"));
	bus_off(c);
	bus_off_again(c);
	down_under_load(c);
	watched(c);
	flooded(c);
	silent(c);
	can_end(c);
	free(c);
	return tap_end();
}
