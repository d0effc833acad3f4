// SPDX-License-Identifier: MIT
#include "accept.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "log.h"

#define RETRY_US 500000

static void update(struct vhu_acceptor *a)
{
	bool on = !a->unwanted && !a->retry;

	if (a->source && sd_event_source_set_enabled(a->source, on ? SD_EVENT_ON : SD_EVENT_OFF) < 0)
		vhu_err("cannot switch listening for %s %s", a->who, on ? "on" : "off");
}

static int on_retry(sd_event_source *source, uint64_t usec, void *data)
{
	struct vhu_acceptor *a = data;

	a->retry = sd_event_source_disable_unref(a->retry);
	update(a);
	return 0;
}

static void pause_accepting(struct vhu_acceptor *a)
{
	if (!a->retry && sd_event_add_time_relative(a->event, &a->retry, CLOCK_MONOTONIC, RETRY_US, 0, on_retry, a) < 0)
		vhu_err("cannot pause listening for %s", a->who);
	update(a);
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct vhu_acceptor *a = data;
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (conn >= 0) {
		if (a->connected(a->data, conn) < 0)
			pause_accepting(a);
	} else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
		vhu_log_limited(VHU_LOG_ERROR, "cannot accept %s: %s", a->who, strerror(errno));
		pause_accepting(a);
	}
	return 0;
}

int vhu_acceptor_start(struct vhu_acceptor *a, sd_event *event, int fd)
{
	int ret;

	a->event = event;
	ret = sd_event_add_io(event, &a->source, fd, EPOLLIN, on_connection, a);
	return ret < 0 ? ret : 0;
}

void vhu_acceptor_want(struct vhu_acceptor *a, bool wanted)
{
	a->unwanted = !wanted;
	update(a);
}

void vhu_acceptor_stop(struct vhu_acceptor *a)
{
	a->source = sd_event_source_disable_unref(a->source);
	a->retry = sd_event_source_disable_unref(a->retry);
}
