// SPDX-License-Identifier: MIT
/*
 * What stock drivers come to harm by: events and late answers of a sound card while its driver probes or leaves, counts that no card
 * has, and edges of a GPIO line with a status that is none. vlb-events [ROUNDS]. A report of the kernel's fails the test, too.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/gpio.h>
#include <linux/virtio_gpio.h>
#include <linux/virtio_snd.h>
#include <sound/asound.h>

#include "fake.h"
#include "tap.h"

#define SIZE	 16
#define EVENTS	 1 /* queue of either device */
#define LONG_MS	 60000
#define BAD_EDGE 0x5a
/* virtio_snd waits for a second */
#define LATE_US 950000

/*
 * A device that answers its first queue, and has events of its own.
 * @answer: fills a writable part of a request; @code is the request's first four bytes
 * @storm: events all the time
 */
struct device {
	struct fake f;
	void (*answer)(struct device *d, uint32_t code, uint8_t *out, uint32_t len, unsigned int part);
	pthread_t requests;
	pthread_t events;
	volatile bool storm;
	volatile bool ends;
	volatile unsigned int sent;
	volatile bool late; /* an answer comes when its driver is about to give up */
	bool early; /* an event in the middle of a probe was taken */
};

static void serve_requests(struct device *d)
{
	struct fake_queue *q = &d->f.queues[0];
	unsigned int index, part = 0;
	uint32_t filled = 0, code = 0;
	int head = fake_pop(q, SIZE);

	if (head < 0)
		return;
	for (index = head;; index = le16toh(q->desc[index].next)) {
		uint32_t len = le32toh(q->desc[index].len);
		uint8_t *out = fake_at(&d->f, le64toh(q->desc[index].addr));

		if (le16toh(q->desc[index].flags) & VRING_DESC_F_WRITE && out) {
			d->answer(d, code, out, len, part++);
			filled += len;
		} else if (out && !code && len >= sizeof(code)) {
			memcpy(&code, out, sizeof(code));
		}
		if (!(le16toh(q->desc[index].flags) & VRING_DESC_F_NEXT))
			break;
	}
	fake_push(q, SIZE, head, filled);
	fake_signal(q->call);
}

static void *run_requests(void *arg)
{
	struct device *d = arg;

	while (!d->ends) {
		if (d->f.running && fake_wait_kick(&d->f.queues[0], 20))
			while (d->f.running && le16toh(d->f.queues[0].avail->idx) != d->f.queues[0].seen)
				serve_requests(d);
		else if (!d->f.running)
			usleep(100);
	}
	return NULL;
}

/* Of its first jack; false: the driver has no buffer for it */
static bool send_sound_event(struct device *d, uint32_t code)
{
	struct fake_queue *q = &d->f.queues[EVENTS];
	struct virtio_snd_event *event;
	int head = fake_pop(q, SIZE);

	if (head < 0)
		return false;
	event = fake_at(&d->f, le64toh(q->desc[head].addr));
	if (event)
		*event = (struct virtio_snd_event) { .hdr.code = htole32(code) };
	fake_push(q, SIZE, head, sizeof(*event));
	fake_signal(q->call);
	d->sent++;
	return true;
}

/* The driver puts a buffer that it has taken back into the ring */
static bool event_is_taken(struct device *d, int ms)
{
	struct fake_queue *q = &d->f.queues[EVENTS];
	uint64_t end = fake_now() + ms;

	while ((uint16_t)(le16toh(__atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE)) - q->seen) < SIZE) {
		if (fake_now() > end)
			return false;
		usleep(500);
	}
	return true;
}

static void *run_events(void *arg)
{
	struct device *d = arg;

	while (!d->ends)
		if (d->f.running && d->storm)
			send_sound_event(
				d, d->sent % 2 ? VIRTIO_SND_EVT_JACK_DISCONNECTED : VIRTIO_SND_EVT_JACK_CONNECTED);
		else
			usleep(50);
	return NULL;
}

static void start(struct device *d, unsigned int id, unsigned int queues, unsigned int config_size, uint64_t features)
{
	struct vlb_create create = fake_template(id);

	create.num_queues = queues;
	create.max_queue_size = SIZE;
	create.config_size = config_size;
	create.features |= features;
	fake_create(&d->f, &create, SIZE);
}

static void go(struct device *d)
{
	FAKE_NEED(!pthread_create(&d->requests, NULL, run_requests, d));
	FAKE_NEED(!pthread_create(&d->events, NULL, run_events, d));
	fake_serve(&d->f);
	fake_start(&d->f);
	if (!fake_wait_running(&d->f, LONG_MS))
		fake_die("a driver takes the device");
}

static void end(struct device *d)
{
	d->ends = true;
	pthread_join(d->requests, NULL);
	pthread_join(d->events, NULL);
	fake_close(&d->f);
}

static void answer_sound(struct device *d, uint32_t code, uint8_t *out, uint32_t len, unsigned int part)
{
	struct virtio_snd_hdr hdr = { htole32(VIRTIO_SND_S_OK) };
	struct virtio_snd_pcm_info stream = {
		.formats = htole64(1ull << VIRTIO_SND_PCM_FMT_S16),
		.rates = htole64(1ull << VIRTIO_SND_PCM_RATE_48000),
		.direction = VIRTIO_SND_D_OUTPUT,
		.channels_min = 2,
		.channels_max = 2,
	};

	memset(out, 0, len);
	if (!part && len >= sizeof(hdr))
		memcpy(out, &hdr, sizeof(hdr));
	/* A map of another function than that of the stream */
	if (part && le32toh(code) == VIRTIO_SND_R_CHMAP_INFO)
		*out = 7;
	if (!part || le32toh(code) != VIRTIO_SND_R_PCM_INFO || len < sizeof(stream))
		return;
	memcpy(out, &stream, sizeof(stream));
	if (d->late)
		usleep(LATE_US);
	/* It has asked for the jacks by now, and has not made them */
	if (!d->storm && !d->late)
		d->early = send_sound_event(d, VIRTIO_SND_EVT_JACK_CONNECTED) && event_is_taken(d, 500);
}

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/* The number of its card, or -1 */
static int card_of(const struct device *d, const char *device)
{
	char path[160];

	for (int i = 0; i < 32; i++) {
		snprintf(path, sizeof(path), "/sys/devices/platform/virtio-loopback.%u/%s/sound/card%d",
			d->f.create.index, device, i);
		if (!access(path, F_OK))
			return i;
	}
	return -1;
}

/* What the control of the first jack says: 1 with a plug in it, or -1 */
static int jack(int card)
{
	struct snd_ctl_elem_value value = { .id.iface = SNDRV_CTL_ELEM_IFACE_CARD };
	struct snd_ctl_elem_id ids[8];
	struct snd_ctl_elem_list list = { .space = 8, .pids = ids };
	char path[64];
	int fd, ret = -1;

	snprintf(path, sizeof(path), "/dev/snd/controlC%d", card);
	fd = open(path, O_RDWR | O_CLOEXEC);
	FAKE_NEED(fd >= 0 && !ioctl(fd, SNDRV_CTL_IOCTL_ELEM_LIST, &list));
	for (unsigned int i = 0; i < list.used && ret < 0; i++) {
		if (!strstr((const char *)ids[i].name, "Jack"))
			continue;
		value.id = ids[i];
		FAKE_NEED(!ioctl(fd, SNDRV_CTL_IOCTL_ELEM_READ, &value));
		ret = value.value.integer.value[0];
	}
	close(fd);
	return ret;
}

static bool jack_gets(int card, int what, int ms)
{
	uint64_t end = fake_now() + ms;

	while (jack(card) != what) {
		if (fake_now() > end)
			return false;
		usleep(5000);
	}
	return true;
}

static bool bind_sound(const char *device)
{
	return write_to("/sys/bus/virtio/drivers/virtio_snd/bind", device);
}

/* A probe that the machine stood still in has found no answer in time, and there is another one */
static int wait_for_card(struct device *d, const char *device)
{
	uint64_t end = fake_now() + LONG_MS;
	int card;

	while ((card = card_of(d, device)) < 0 && fake_now() < end) {
		usleep(5000);
		bind_sound(device);
	}
	fake_settle_udev();
	return card;
}

static void start_sound(struct device *d, uint32_t jacks, uint32_t chmaps, char *device, size_t len)
{
	struct virtio_snd_config config = { .jacks = htole32(jacks), .streams = htole32(1), .chmaps = htole32(chmaps) };

	d->answer = answer_sound;
	start(d, FAKE_ID_SOUND, 4, sizeof(config), 0);
	memcpy(d->f.config, &config, sizeof(config));
	go(d);
	FAKE_NEED(fake_find_virtio(&d->f, device, len, LONG_MS));
}

static void check_early_event(struct device *d, const char *device)
{
	int card = wait_for_card(d, device);

	for (int i = 0; !d->early && i < 5; i++) {
		write_to("/sys/bus/virtio/drivers/virtio_snd/unbind", device);
		card = wait_for_card(d, device);
	}
	check(card >= 0, "there is a sound card");
	check(d->early, "an event was taken while its driver probed");
	check(!jack(card), "and meant nothing");
	check(send_sound_event(d, VIRTIO_SND_EVT_JACK_CONNECTED) && jack_gets(card, 1, LONG_MS),
		"now one means something");
}

static void check_storm(struct device *d, const char *device, unsigned int rounds)
{
	unsigned int i, cards = 0, missing = 0, before = d->sent;
	uint64_t began;

	d->storm = true;
	for (i = 0; i < rounds; i++) {
		write_to("/sys/bus/virtio/drivers/virtio_snd/unbind", device);
		began = fake_now();
		bind_sound(device);
		/* Longer: the machine stood still, and an answer may have been too late */
		if (card_of(d, device) >= 0)
			cards++;
		else if (fake_now() - began < LATE_US / 1000 - 100)
			missing++;
	}
	printf("# %u events in %u rounds\n", d->sent - before, rounds);
	check(d->sent - before > rounds, "it sends events all the time");
	check(!missing && cards > rounds / 2, "its driver leaves and probes meanwhile");
}

static void check_sound(unsigned int rounds)
{
	struct device d = { 0 };
	char device[32];

	start_sound(&d, 1, 0, device, sizeof(device));
	check_early_event(&d, device);
	check_storm(&d, device, rounds);
	end(&d);
	check(fake_gone(&d.f, LONG_MS), "the device goes");
}

/* Nor has it the channel map that it says */
static void check_many_jacks(void)
{
	struct device d = { 0 };
	char device[32];

	start_sound(&d, 0x7fffffff, 1, device, sizeof(device));
	check(wait_for_card(&d, device) >= 0, "a card of two milliards of jacks has none");
	end(&d);
	check(fake_gone(&d.f, LONG_MS), "the device goes");
}

/* An answer then would reach a driver that may just have freed its question */
static void check_late_answer(void)
{
	struct device d = { .late = true };
	uint64_t end_ms = fake_now() + LONG_MS;
	char device[32];

	start_sound(&d, 1, 0, device, sizeof(device));
	while (d.f.running && fake_now() < end_ms)
		usleep(5000);
	check(!d.f.running && card_of(&d, device) < 0, "an answer that is nearly too late ends a probe");
	d.late = false;
	check(wait_for_card(&d, device) >= 0, "the next one ends well");
	end(&d);
	check(fake_gone(&d.f, LONG_MS), "the device goes");
}

/* Every request is fine */
static void answer_gpio(struct device *d, uint32_t code, uint8_t *out, uint32_t len, unsigned int part)
{
	memset(out, 0, len);
}

/* The driver waits for an edge, within @ms; the head of its buffer, or -1 */
static int next_edge(struct device *d, int ms)
{
	uint64_t end = fake_now() + ms;
	int head;

	while ((head = fake_pop(&d->f.queues[EVENTS], SIZE)) < 0 && fake_now() < end)
		usleep(1000);
	return head;
}

static void answer_edge(struct device *d, int head, uint8_t status)
{
	struct fake_queue *q = &d->f.queues[EVENTS];

	for (unsigned int i = head;; i = le16toh(q->desc[i].next)) {
		uint8_t *out = fake_at(&d->f, le64toh(q->desc[i].addr));

		if (le16toh(q->desc[i].flags) & VRING_DESC_F_WRITE && out)
			*out = status;
		if (!(le16toh(q->desc[i].flags) & VRING_DESC_F_NEXT))
			break;
	}
	fake_push(q, SIZE, head, 1);
	fake_signal(q->call);
}

static int open_chip(struct device *d)
{
	char device[32], path[200];
	uint64_t end = fake_now() + LONG_MS;

	FAKE_NEED(fake_find_virtio(&d->f, device, sizeof(device), LONG_MS));
	while (fake_now() < end) {
		for (unsigned int i = 0; i < 16; i++) {
			int fd;

			snprintf(path, sizeof(path), "/sys/devices/platform/virtio-loopback.%u/%s/gpiochip%u",
				d->f.create.index, device, i);
			if (access(path, F_OK))
				continue;
			snprintf(path, sizeof(path), "/dev/gpiochip%u", i);
			fd = open(path, O_RDWR | O_CLOEXEC);
			if (fd >= 0)
				return fd;
		}
		usleep(5000);
	}
	fake_die("a GPIO chip appears");
}

static int watch_line(int chip)
{
	struct gpio_v2_line_request request = {
		.num_lines = 1,
		.consumer = "vlb-events",
		.config.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING,
	};

	FAKE_NEED(!ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request));
	return request.fd;
}

static bool edge_comes(int line, int ms)
{
	struct pollfd fd = { line, POLLIN, 0 };
	struct gpio_v2_line_event event;

	return poll(&fd, 1, ms) == 1 && read(line, &event, sizeof(event)) == sizeof(event);
}

static void check_gpio(void)
{
	struct virtio_gpio_config config = { .ngpio = htole16(1) };
	struct device d = { .answer = answer_gpio };
	int chip, line, head;

	start(&d, FAKE_ID_GPIO, 2, sizeof(config), 1ull << VIRTIO_GPIO_F_IRQ);
	memcpy(d.f.config, &config, sizeof(config));
	go(&d);
	chip = open_chip(&d);
	line = watch_line(chip);
	head = next_edge(&d, LONG_MS);
	check(head >= 0, "a GPIO driver waits for an edge");
	answer_edge(&d, head, BAD_EDGE);
	head = next_edge(&d, 10000);
	check(head >= 0, "an answer that is none is no edge: it waits again");
	check(!edge_comes(line, 200), "nobody hears of it");
	if (head >= 0)
		answer_edge(&d, head, VIRTIO_GPIO_IRQ_STATUS_VALID);
	check(edge_comes(line, LONG_MS), "an edge arrives");
	close(line);
	close(chip);
	end(&d);
	check(fake_gone(&d.f, LONG_MS), "the device goes");
}

/* A driver that has none gives up, and says why */
static void check_many_lines(void)
{
	struct virtio_gpio_config config = { .ngpio = htole16(UINT16_MAX), .gpio_names_size = htole32(UINT32_MAX) };
	struct device d = { .answer = answer_gpio };
	char device[32], path[160];

	start(&d, FAKE_ID_GPIO, 2, sizeof(config), 1ull << VIRTIO_GPIO_F_IRQ);
	memcpy(d.f.config, &config, sizeof(config));
	fake_serve(&d.f);
	fake_start(&d.f);
	FAKE_NEED(fake_find_virtio(&d.f, device, sizeof(device), LONG_MS));
	snprintf(path, sizeof(path), "/sys/bus/virtio/drivers/gpio_virtio/%s", device);
	check(!write_to("/sys/bus/virtio/drivers/gpio_virtio/bind", device) && access(path, F_OK),
		"a chip of 65,535 lines has none, and no driver");
	fake_close(&d.f);
	check(fake_gone(&d.f, LONG_MS), "the device goes");
}

int main(int argc, char **argv)
{
	check_gpio();
	check_many_lines();
	check_many_jacks();
	check_late_answer();
	check_sound(argc > 1 ? strtoul(argv[1], NULL, 10) : 50);
	return tap_end();
}
