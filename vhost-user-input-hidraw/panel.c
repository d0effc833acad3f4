// SPDX-License-Identifier: MIT
#include "panel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "hidraw.h"
#include "log.h"
#include "panel-choose.h"

/* Reports taken in one go before the loop's other sources get their turn. */
#define MAX_BATCH 128

/* A node that may not be opened yet, because udev has not come to it, is tried again for so long and so often. */
#define PATIENCE_US 5000000
#define RETRY_US    10000

/* What a search comes to, and what was opened there. */
struct attach {
	struct worker_job job;
	struct panel *panel; /* NULL when nobody wants it any more */
	int count;
	struct panel_place places[PANEL_MAX_PLACES];
	int ret;
	uint64_t began, found, opened; /* when, us: for the log */
	struct source_info info; /* when @ret is 0 */
	struct hid_error error;
};

/**
 * struct panel - see the header
 * @home: the panel that was found first; only it is taken back
 * @known: there is a home
 * @claimed: the HID device that ops->claim() was told of last, or empty
 * @refused: the HID device that ops->found() did not want
 * @fd: of the hidraw node, -1 while the panel is away
 * @monitors: uevents as the kernel sends them, and as udev does when it has set permissions
 * @attach: the search that is under way, or NULL
 * @again: something happened meanwhile
 * @retry_until: when to give up a node that may not be opened; 0: none is waited for
 */
struct panel {
	struct panel_match match;
	const struct source_ops *ops;
	void *context;
	struct source_info home;
	bool known;
	char claimed[256];
	char refused[256];
	struct udev *udev;
	struct udev_monitor *monitors[2];
	sd_event *event;
	struct worker *worker;
	sd_event_source *monitor_sources[2];
	sd_event_source *retry_timer;
	sd_event_source *source;
	int fd;
	struct attach *attach;
	bool again;
	uint64_t retry_until;
	uint8_t report[HID_MAX_REPORT + 1];
};

static void search(struct panel *panel);

static void close_panel(struct panel *panel)
{
	panel->source = sd_event_source_disable_unref(panel->source);
	panel->claimed[0] = '\0';
	panel->ops->gone(panel->context);
	close(panel->fd);
	panel->fd = -1;
}

/* Each read() is one report (Documentation/hid/hidraw.rst). */
static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct panel *panel = userdata;
	unsigned int count;
	ssize_t size = 0;
	int code;

	for (count = 0; count < MAX_BATCH; count++) {
		size = read(fd, panel->report, sizeof(panel->report));
		if (size <= 0)
			break;
		panel->ops->report(panel->context, panel->report, (size_t)size);
	}
	code = size < 0 ? errno : 0;
	panel->ops->drained(panel->context, count >= HIDRAW_KEPT_REPORTS);
	if (size <= 0 && code != EAGAIN && code != EINTR) {
		close_panel(panel);
		/* It may have come back already, and said so, before its old node was seen to fail. */
		search(panel);
	}
	return 0;
}

static void claim(struct panel *panel, const char *sysfs)
{
	if (strcmp(panel->claimed, sysfs) == 0)
		return;
	snprintf(panel->claimed, sizeof(panel->claimed), "%s", sysfs);
	panel->ops->claim(panel->context, sysfs[0] ? sysfs : NULL);
}

/* What the panel sent before the native node was silenced has arrived there. */
static void skip_reports(struct panel *panel, int fd)
{
	unsigned int count = 0;

	while (count++ < MAX_BATCH && read(fd, panel->report, sizeof(panel->report)) > 0)
		;
}

/* Consumes @info. */
static int adopt(struct panel *panel, struct source_info *info)
{
	int ret;

	if (strcmp(panel->claimed, info->sysfs) != 0) {
		claim(panel, info->sysfs);
		skip_reports(panel, info->fd);
	}
	panel->fd = info->fd;
	ret = panel->ops->found(panel->context, info);
	if (ret) {
		snprintf(panel->refused, sizeof(panel->refused), "%s", info->sysfs);
		claim(panel, "");
		close(panel->fd);
		panel->fd = -1;
		return ret;
	}
	panel->home = *info;
	panel->home.touch = NULL; /* found() owns it */
	panel->known = true;
	ret = sd_event_add_io(panel->event, &panel->source, panel->fd, EPOLLIN, on_readable, panel);
	if (ret < 0) {
		vhu_err("%s: cannot watch it: %s", panel->home.node, strerror(-ret));
		close_panel(panel);
		return ret;
	}
	return 0;
}

/* --- the panel that comes, or comes back: opened by the worker --- */

static uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* In the worker's thread: one of a panel's interfaces is a touch screen. */
static void run_attach(struct worker_job *job)
{
	struct attach *attach = (struct attach *)job;
	struct hid_error error;
	int i, ret;

	attach->ret = -ENODEV;
	for (i = 0; i < attach->count && attach->ret; i++) {
		ret = panel_place_open(&attach->places[i], &attach->info, &error);
		if (ret == 0 || i == 0 || ret != -ENODEV) {
			attach->ret = ret;
			attach->error = error;
		}
	}
	attach->opened = clock_us();
}

static uint64_t now_us(const struct panel *panel)
{
	uint64_t now = 0;

	sd_event_now(panel->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void not_attached(struct panel *panel, const struct attach *attach)
{
	bool denied = attach->ret == -EACCES || attach->ret == -EPERM || attach->ret == -ENOENT;
	uint64_t now = now_us(panel);

	claim(panel, "");
	if (denied && !panel->retry_until)
		panel->retry_until = now + PATIENCE_US;
	if (denied && now < panel->retry_until) {
		sd_event_source_set_time(panel->retry_timer, now + RETRY_US);
		sd_event_source_set_enabled(panel->retry_timer, SD_EVENT_ONESHOT);
		return;
	}
	panel->retry_until = 0;
	/* -ENXIO: the next one to come will be told of. */
	vhu_log(attach->ret == -ENODEV || attach->ret == -ENXIO ? VHU_LOG_DEBUG : VHU_LOG_WARN, "%s",
		attach->error.text);
}

static void end_attach(struct worker_job *job, bool cancelled)
{
	struct attach *attach = (struct attach *)job;
	struct panel *panel = attach->panel;

	if (cancelled || !panel) {
		if (attach->ret == 0 && attach->info.touch)
			panel_place_close(&attach->info);
		free(attach);
		return;
	}
	panel->attach = NULL;
	if (attach->ret) {
		not_attached(panel, attach);
	} else {
		panel->retry_until = 0;
		adopt(panel, &attach->info);
		vhu_debug("%s: found in %" PRIu64 " us, opened in %" PRIu64 ", taken in %" PRIu64, attach->info.node,
			attach->found - attach->began, attach->opened - attach->found, clock_us() - attach->opened);
	}
	free(attach);
	if (panel->again)
		search(panel);
}

/* A panel that was refused is not looked at again before it is plugged in anew. */
static void forget_refused(const struct panel *panel, struct attach *attach)
{
	int i, kept = 0;

	for (i = 0; i < attach->count; i++)
		if (strcmp(attach->places[i].sysfs, panel->refused) != 0)
			attach->places[kept++] = attach->places[i];
	attach->count = kept;
}

static void search(struct panel *panel)
{
	struct attach *attach;

	panel->again = panel->attach;
	if (panel->attach || panel->fd >= 0)
		return;
	attach = calloc(1, sizeof(*attach));
	if (!attach)
		return;
	attach->began = clock_us();
	attach->count = panel_find(panel->udev, &panel->match, panel->known ? &panel->home : NULL, attach->places);
	forget_refused(panel, attach);
	if (attach->count <= 0) {
		claim(panel, "");
		free(attach);
		return;
	}
	/* Before it is opened, so that no touch arrives twice. Of strangers it is not known yet which one it will be. */
	if (panel->known)
		claim(panel, attach->places[0].sysfs);
	attach->found = clock_us();
	attach->job.run = run_attach;
	attach->job.done = end_attach;
	attach->panel = panel;
	panel->attach = attach;
	worker_start(panel->worker, &attach->job);
}

static int on_retry(sd_event_source *timer, uint64_t due, void *userdata)
{
	search(userdata);
	return 0;
}

static int on_monitor(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct panel *panel = userdata;
	struct udev_monitor *monitor = panel->monitors[source == panel->monitor_sources[1]];
	struct udev_device *node = udev_monitor_receive_device(monitor);
	const char *action = node ? udev_device_get_action(node) : NULL;

	/* No device: so many came at once that some were lost, or one was malformed. */
	if (!node || (action && strcmp(action, "add") == 0))
		search(panel);
	udev_device_unref(node);
	return 0;
}

static int watch_group(struct panel *panel, unsigned int index, const char *group)
{
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(panel->udev, group);
	int ret;

	panel->monitors[index] = monitor;
	if (!monitor)
		return -ENOMEM;
	ret = udev_monitor_filter_add_match_subsystem_devtype(monitor, "hidraw", NULL);
	if (ret >= 0)
		ret = udev_monitor_enable_receiving(monitor);
	if (ret >= 0)
		ret = sd_event_add_io(panel->event, &panel->monitor_sources[index], udev_monitor_get_fd(monitor),
			EPOLLIN, on_monitor, panel);
	/* Before what native.c hears at the same time: it looks by itself when the panel is found. */
	if (ret >= 0)
		ret = sd_event_source_set_priority(panel->monitor_sources[index], SD_EVENT_PRIORITY_NORMAL - 1);
	return ret;
}

static int watch(struct panel *panel)
{
	int ret;

	/* The kernel tells at once, udev when its rules have been run; in a container only one of them may. */
	ret = watch_group(panel, 0, "kernel");
	if (ret >= 0)
		ret = watch_group(panel, 1, "udev");
	if (ret >= 0)
		ret = sd_event_add_time(
			panel->event, &panel->retry_timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_retry, panel);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(panel->retry_timer, SD_EVENT_OFF);
	return ret < 0 ? ret : 0;
}

int panel_open(struct panel *panel, struct hid_error *error)
{
	struct source_info info;
	int ret;

	ret = panel_choose(panel->udev, &panel->match, &info, error);
	if (ret)
		return ret;
	ret = adopt(panel, &info);
	if (ret)
		snprintf(error->text, sizeof(error->text), "%s cannot be used: %s", info.node, strerror(-ret));
	return ret;
}

int panel_peek(struct panel *panel, struct source_info *info, struct hid_error *error)
{
	int ret;

	ret = panel_choose(panel->udev, &panel->match, info, error);
	if (ret)
		return ret;
	close(info->fd);
	info->fd = -1;
	return 0;
}

bool panel_present(const struct panel *panel)
{
	return panel->fd >= 0;
}

int panel_new(const struct panel_match *match, sd_event *event, struct worker *worker, const struct source_ops *ops,
	void *context, struct panel **result)
{
	struct panel *panel = calloc(1, sizeof(*panel));
	int ret = 0;

	*result = NULL;
	if (!panel)
		return -ENOMEM;
	panel->match = *match;
	panel->ops = ops;
	panel->context = context;
	panel->event = event;
	panel->worker = worker;
	panel->fd = -1;
	panel->udev = udev_new();
	if (!panel->udev)
		ret = -ENOMEM;
	else if (event)
		ret = watch(panel);
	if (ret)
		panel_free(panel);
	else
		*result = panel;
	return ret;
}

void panel_free(struct panel *panel)
{
	unsigned int i;

	if (!panel)
		return;
	if (panel->attach)
		panel->attach->panel = NULL;
	sd_event_source_disable_unref(panel->source);
	sd_event_source_disable_unref(panel->retry_timer);
	for (i = 0; i < 2; i++) {
		sd_event_source_disable_unref(panel->monitor_sources[i]);
		udev_monitor_unref(panel->monitors[i]);
	}
	udev_unref(panel->udev);
	if (panel->fd >= 0)
		close(panel->fd);
	free(panel);
}
