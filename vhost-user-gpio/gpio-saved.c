// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpio-state.h"
#include "log.h"

#define MAGIC	    0x4f495047U /* "GPIO" */
#define ORPHAN_USEC 5000000
#define SLOPPY_USEC 10000

struct saved_line {
	uint8_t in_use;
	uint8_t output;
	uint8_t value;
	uint8_t irq_type;
};

/**
 * struct gpio_saved - the file
 * @lines: what the driver has made of each
 * @offsets: of which lines that is, so that other --lines are not taken for these
 */
struct gpio_saved {
	uint32_t magic;
	uint32_t count;
	struct saved_line lines[GPIO_MAX_LINES];
	uint32_t offsets[GPIO_MAX_LINES];
};

static void begin_anew(struct gpio_dev *gpio)
{
	struct gpio_saved *saved = gpio->saved;

	memset(saved, 0, sizeof(*saved));
	for (unsigned int i = 0; i < gpio->lines.count; i++)
		saved->offsets[i] = gpio->lines.slots[i].offset;
	saved->count = gpio->lines.count;
	saved->magic = MAGIC;
}

static bool is_ours(const struct gpio_dev *gpio)
{
	const struct gpio_saved *saved = gpio->saved;

	if (saved->magic != MAGIC || saved->count != gpio->lines.count)
		return false;
	for (unsigned int i = 0; i < gpio->lines.count; i++) {
		if (saved->offsets[i] != gpio->lines.slots[i].offset)
			return false;
	}
	return true;
}

static int map(struct gpio_dev *gpio, int fd)
{
	struct stat st;
	void *mem;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* A file that a disk cannot hold would end the program later. */
	if (posix_fallocate(fd, 0, sizeof(struct gpio_saved)))
		return -ENOSPC;
	mem = mmap(NULL, sizeof(struct gpio_saved), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		return -errno;
	gpio->saved = mem;
	return 0;
}

int gpio_saved_open(struct gpio_dev *gpio, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), ret;

	ret = fd < 0 ? -errno : map(gpio, fd);
	if (fd >= 0)
		close(fd);
	if (ret) {
		vhu_err("cannot use the state file \"%s\": %s; choose a place that this user may write to", path,
			strerror(-ret));
		return ret;
	}
	gpio->may_resume = is_ours(gpio);
	if (!gpio->may_resume)
		begin_anew(gpio);
	return 0;
}

void gpio_saved_close(struct gpio_dev *gpio)
{
	if (gpio->saved)
		munmap(gpio->saved, sizeof(*gpio->saved));
}

void gpio_saved_store(struct gpio_dev *gpio, unsigned int line)
{
	const struct gpio_slot *slot = &gpio->lines.slots[line];

	if (gpio->saved)
		gpio->saved->lines[line] = (struct saved_line) { slot->in_use, slot->use.output, slot->value,
			slot->irq.type };
}

static void resume_line(struct gpio_dev *gpio, unsigned int line, const struct saved_line *saved)
{
	struct gpio_slot *slot = &gpio->lines.slots[line];

	if (!saved->in_use || !gpio_irq_type_valid(saved->irq_type) || (saved->output && slot->read_only))
		return;
	slot->in_use = true;
	slot->use.output = saved->output;
	slot->value = saved->value;
	slot->irq.type = slot->use.output ? 0 : saved->irq_type;
	gpio_watch_resume(&gpio->watched[line]);
}

void gpio_saved_release(struct gpio_dev *gpio)
{
	for (unsigned int i = 0; i < gpio->lines.count; i++) {
		gpio_watch_free(&gpio->watched[i]);
		gpio_saved_store(gpio, i);
	}
}

static int on_orphan_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct gpio_dev *gpio = userdata;

	gpio->orphan = sd_event_source_disable_unref(gpio->orphan);
	vhu_info("no front-end came back for the driver; its lines are released");
	gpio_saved_release(gpio);
	return 0;
}

bool gpio_saved_hold(struct gpio_dev *gpio)
{
	sd_event *event = vhu_dev_event(gpio->dev);

	gpio->orphan = sd_event_source_disable_unref(gpio->orphan);
	if (!gpio->saved)
		return false;
	return sd_event_add_time_relative(
		       event, &gpio->orphan, CLOCK_MONOTONIC, ORPHAN_USEC, SLOPPY_USEC, on_orphan_time, gpio) >= 0;
}

void gpio_saved_resume(struct gpio_dev *gpio, bool same_driver)
{
	bool from_file = gpio->may_resume;

	gpio->orphan = sd_event_source_disable_unref(gpio->orphan);
	gpio->may_resume = false;
	if (!same_driver) {
		if (from_file)
			begin_anew(gpio);
		gpio_saved_release(gpio);
		return;
	}
	if (!from_file)
		return;
	for (unsigned int i = 0; i < gpio->lines.count; i++) {
		const struct saved_line saved = gpio->saved->lines[i];

		resume_line(gpio, i, &saved);
	}
	vhu_info("lines are again what the driver had made of them");
}
