// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "adapter/adopt.h"
#include "adapter/device.h"
#include "adapter/explain.h"
#include "adapter/pulse.h"
#include "adapter/session.h"
#include "adapter/shape.h"
#include "log.h"

#define BIT(n)	     (1ULL << (n))
#define SECOND	     1000000ULL /* of sd-event's clock */
#define RETRY_FIRST  (SECOND / 10)
#define RETRY_LAST   SECOND
#define TIMER_SLOPPY (SECOND / 100)

struct device {
	const struct options *opt;
	sd_event *event;
	sd_event_source *daemon_io;
	sd_event_source *backend_io;
	sd_event_source *kernel_io;
	sd_event_source *retry_timer;
	sd_event_source *grace_timer;
	struct pulse *pulse;
	uint64_t retry_delay;
	uint64_t give_up; /* when --wait-timeout is over; 0: never */
	uint64_t offered; /* features of the kernel device */
	bool ready; /* systemd knows */
	bool complained; /* about a daemon that is not there; once is enough */
	struct session session;
};

static const char *label(const struct device *dev)
{
	return *dev->opt->name ? dev->opt->name : dev->opt->type.name;
}

static void set_state(const struct device *dev, const char *state)
{
	vhu_debug("%s: %s", label(dev), state);
	sd_notifyf(0, "STATUS=%s: %s", label(dev), state);
}

static int give_up(struct device *dev, int err)
{
	sd_event_exit(dev->event, err);
	return err;
}

/* Hangs up, which is also how a daemon learns to let go of its rings. */
static void drop_daemon(struct device *dev)
{
	dev->daemon_io = sd_event_source_disable_unref(dev->daemon_io);
	dev->backend_io = sd_event_source_disable_unref(dev->backend_io);
	frontend_free(dev->session.fe);
	dev->session.fe = NULL;
	memset(dev->session.running, 0, sizeof(dev->session.running));
}

/* The kernel first, which unbinds the driver in its own time; its requests in the rings fail. */
static void remove_device(struct device *dev)
{
	dev->kernel_io = sd_event_source_disable_unref(dev->kernel_io);
	dev->grace_timer = sd_event_source_disable_unref(dev->grace_timer);
	if (!dev->session.mod)
		return;
	module_free(dev->session.mod);
	dev->session.mod = NULL;
	session_end(&dev->session);
	dev->session.status = 0;
	dev->session.taken = 0;
	dev->session.started = false;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *data);

static int retry_later(struct device *dev)
{
	uint64_t now = 0;
	int ret;

	sd_event_now(dev->event, CLOCK_MONOTONIC, &now);
	if (dev->give_up && now >= dev->give_up) {
		vhu_err("no daemon answered at %s within %d s: start it, or check --socket-path", dev->opt->socket_path,
			dev->opt->wait_timeout);
		return give_up(dev, -ETIMEDOUT);
	}
	dev->retry_timer = sd_event_source_disable_unref(dev->retry_timer);
	ret = sd_event_add_time_relative(
		dev->event, &dev->retry_timer, CLOCK_MONOTONIC, dev->retry_delay, TIMER_SLOPPY, on_retry, dev);
	dev->retry_delay = dev->retry_delay * 2 < RETRY_LAST ? dev->retry_delay * 2 : RETRY_LAST;
	return ret < 0 ? give_up(dev, ret) : 0;
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *data)
{
	struct device *dev = data;

	vhu_warn("%s: the daemon has been away for %d s; the device goes too until it is back", label(dev),
		dev->opt->grace);
	remove_device(dev);
	set_state(dev, "waiting for the daemon");
	return 0;
}

/* Can another daemon go on where this one was? Else its driver has to start afresh. */
static bool survives(const struct device *dev)
{
	const struct session *s = &dev->session;

	/* A lying daemon has spoilt its rings, and a late one may still be alive and write to the pool. */
	if (frontend_broken(s->fe) != -ECONNRESET && !(frontend_broken(s->fe) == -ETIMEDOUT && frontend_hung_up(s->fe)))
		return false;
	if (!dev->opt->grace)
		return false;
	/* A driver in its probe may be halfway through a dialogue that the next daemon knows nothing of. */
	return s->started ? dev->opt->type.resumable : !s->status;
}

static void suspend_device(struct device *dev)
{
	int ret;

	ret = module_set_backend(dev->session.mod, false);
	if (!ret && dev->opt->grace > 0 && !dev->grace_timer)
		ret = sd_event_add_time_relative(dev->event, &dev->grace_timer, CLOCK_MONOTONIC,
			(uint64_t)dev->opt->grace * SECOND, TIMER_SLOPPY, on_grace_over, dev);
	if (ret < 0) {
		vhu_warn("%s: cannot keep the device without its daemon: %s", label(dev), strerror(-ret));
		remove_device(dev);
	}
}

/* The daemon is gone or treated as such. */
static void lose_daemon(struct device *dev)
{
	bool keep = dev->session.mod && survives(dev);

	vhu_warn("%s: the daemon %s; %s", label(dev), frontend_why(dev->session.fe),
		keep ? "the device waits for its return" : "the device begins anew when it returns");
	drop_daemon(dev);
	if (keep)
		suspend_device(dev);
	else if (dev->session.mod)
		remove_device(dev);
	set_state(dev, keep ? "the daemon is away" : "waiting for the daemon");
	/* The loss was told, so its consequence, a socket that nobody serves, need not be. */
	dev->complained = true;
	dev->retry_delay = RETRY_FIRST;
	retry_later(dev);
}

static void on_lost_pulse(void *data)
{
	lose_daemon(data);
}

static int on_daemon_input(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct device *dev = data;
	int ret = frontend_idle_input(dev->session.fe);

	if (ret)
		lose_daemon(dev);
	return 0;
}

static int on_backend_input(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct device *dev = data;
	struct session *s = &dev->session;
	bool changed;
	int ret;

	frontend_start_clock(s->fe);
	ret = frontend_backend_input(s->fe, &changed);
	if (frontend_broken(s->fe)) {
		lose_daemon(dev);
	} else if (ret) {
		dev->backend_io = sd_event_source_disable_unref(dev->backend_io);
		vhu_debug("%s: the daemon %s", label(dev), frontend_why(s->fe));
	} else if (changed && s->mod) {
		ret = module_config_changed(s->mod);
		if (ret)
			vhu_warn("%s: cannot tell the driver of new configuration: %s", label(dev), strerror(-ret));
	}
	return 0;
}

static void tell_ready(struct device *dev)
{
	set_state(dev, "running");
	if (!dev->ready) {
		vhu_info("%s: a driver uses the device", label(dev));
		sd_notify(0, "READY=1");
	}
	dev->ready = true;
}

/* The kernel gave up on an answer that the driver's probe needed, and will not try again with this device. */
static void begin_anew(struct device *dev)
{
	vhu_warn("%s: the answer came too late for the kernel; the device begins anew", label(dev));
	remove_device(dev);
	drop_daemon(dev);
	set_state(dev, "waiting for the daemon");
	dev->retry_delay = RETRY_FIRST;
	retry_later(dev);
}

/* What became of the device by @req, which was answered with @resp; @late: the kernel did not wait for it. */
static void after_request(
	struct device *dev, const struct vlb_request *req, const struct vlb_response *resp, bool was_started, bool late)
{
	struct session *s = &dev->session;
	bool is_reset = req->type == VLB_REQ_STATUS && !req->status;

	if (s->fe && frontend_broken(s->fe)) {
		lose_daemon(dev);
	} else if (late && !was_started && !is_reset) {
		begin_anew(dev);
	} else if (s->fe && resp->error) {
		vhu_warn("%s: the daemon %s", label(dev), frontend_why(s->fe));
	} else if (resp->error && !s->started) {
		/* Asked before the kernel knew that the daemon is away: the probe that waited for it has failed. */
		remove_device(dev);
		set_state(dev, "waiting for the daemon");
	} else if (s->started != was_started) {
		if (s->started)
			tell_ready(dev);
		else
			set_state(dev, "no driver");
	}
}

static int on_kernel_request(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct device *dev = data;
	struct session *s = &dev->session;
	struct vlb_response resp;
	struct vlb_request req;
	bool was_started = s->started;
	int ret;

	/* One a turn of the loop, so that a hang-up is seen between two requests. */
	ret = module_read(s->mod, &req);
	if (ret == -EAGAIN)
		return 0;
	if (ret) {
		vhu_err("%s: the kernel could not make the device (%s): see dmesg", label(dev), strerror(-ret));
		return give_up(dev, ret);
	}
	session_handle(s, &req, &resp);
	ret = module_respond(s->mod, &resp);
	if (ret && ret != -ENOENT)
		vhu_warn("%s: cannot answer the kernel: %s", label(dev), strerror(-ret));
	after_request(dev, &req, &resp, was_started, ret == -ENOENT);
	return 0;
}

static int watch(struct device *dev, sd_event_source **source, int fd, sd_event_io_handler_t handler, int64_t priority)
{
	int ret = sd_event_add_io(dev->event, source, fd, EPOLLIN, handler, dev);

	if (ret >= 0)
		ret = sd_event_source_set_priority(*source, priority);
	return ret < 0 ? ret : 0;
}

static int start_module(struct device *dev)
{
	const struct device_type *type = &dev->opt->type;
	struct session *s = &dev->session;
	struct module_device device = {
		.name = dev->opt->name,
		.adoptable = adopt_wanted(dev->opt),
		.device_id = type->id,
		.num_queues = s->config.num_queues,
		.queue_size = type->queue_size,
		.config_size = type->config_size,
		.features = dev->offered,
		.bounce_size = type->bounce_size,
	};
	int ret;

	ret = module_open(dev->opt->control, &s->mod);
	if (!ret)
		ret = module_create(s->mod, &device);
	if (!ret)
		ret = module_set_backend(s->mod, true);
	if (!ret)
		ret = watch(dev, &dev->kernel_io, module_fd(s->mod), on_kernel_request, SD_EVENT_PRIORITY_NORMAL);
	return ret ? ret : module_start(s->mod);
}

static int create_device(struct device *dev)
{
	struct session *s = &dev->session;
	int ret;

	frontend_start_clock(s->fe);
	ret = explain_daemon(dev->opt, &s->config, s->fe);
	if (ret && frontend_broken(s->fe)) {
		lose_daemon(dev);
		return 0;
	}
	if (ret)
		return give_up(dev, ret);
	s->config.num_queues = shape_queues(&dev->opt->type, s->fe);
	s->num_queues = s->config.num_queues - dev->opt->type.unserved;
	s->config_size = dev->opt->type.config_size;
	dev->offered = shape_offer(dev->opt, s);
	ret = start_module(dev);
	if (!ret) {
		vhu_info("%s: device virtio-loopback.%u of type %s, %u queues, features %#llx", label(dev),
			module_index(s->mod), dev->opt->type.name, s->config.num_queues,
			(unsigned long long)dev->offered);
		set_state(dev, "waiting for a driver");
		return 0;
	}
	remove_device(dev);
	explain_module(dev->opt, ret);
	return give_up(dev, ret);
}

/* The rings of a driver that has been waiting go to the new daemon. */
static int resume_device(struct device *dev)
{
	struct session *s = &dev->session;
	int ret = 0;

	frontend_start_clock(s->fe);
	if (s->started)
		ret = session_resume_rings(s);
	if (frontend_broken(s->fe)) {
		lose_daemon(dev);
		return 0;
	}
	if (!ret)
		ret = module_rekick(s->mod);
	/* Only now may the driver be heard again: its requests would overtake the rings. */
	if (!ret)
		ret = module_set_backend(s->mod, true);
	if (ret) {
		vhu_warn("%s: the daemon that came back %s; the device begins anew", label(dev),
			ret == -ESTALE ? "cannot go on with the rings that the last one left" : frontend_why(s->fe));
		remove_device(dev);
		return create_device(dev);
	}
	dev->grace_timer = sd_event_source_disable_unref(dev->grace_timer);
	vhu_info("%s: the daemon is back", label(dev));
	if (s->started)
		tell_ready(dev);
	else
		set_state(dev, "no driver");
	return 0;
}

/* A daemon answered: give it the device that waits for one, or make one. */
static int adopt_daemon(struct device *dev)
{
	struct session *s = &dev->session;
	int ret;

	/* First who hung up, then the kernel, which waits, and last the daemon, which may have much to say. */
	ret = watch(dev, &dev->daemon_io, frontend_fd(s->fe), on_daemon_input, SD_EVENT_PRIORITY_IMPORTANT);
	if (!ret && frontend_backend_fd(s->fe) >= 0)
		ret = watch(
			dev, &dev->backend_io, frontend_backend_fd(s->fe), on_backend_input, SD_EVENT_PRIORITY_IDLE);
	if (ret)
		return give_up(dev, ret);
	dev->retry_delay = RETRY_FIRST;
	dev->complained = false;
	dev->give_up = 0;
	if (!s->mod)
		return create_device(dev);
	if (!shape_fits(dev->opt, s, dev->offered)) {
		vhu_warn("%s: the daemon that came back offers less than its driver uses; the device begins anew",
			label(dev));
		remove_device(dev);
		return create_device(dev);
	}
	return resume_device(dev);
}

static int try_daemon(struct device *dev)
{
	struct session *s = &dev->session;
	int fd, ret;

	ret = frontend_connect(dev->opt->socket_path, &fd);
	if (ret) {
		ret = explain_connect(dev->opt, ret);
		if (!ret && !dev->complained)
			vhu_info("%s: waiting for the daemon at %s", label(dev), dev->opt->socket_path);
		dev->complained = true;
		return ret ? give_up(dev, ret) : retry_later(dev);
	}
	ret = frontend_new(fd, dev->opt->deadline, &s->fe);
	if (ret)
		return give_up(dev, ret);
	/* This may block for the deadline, but in the kernel nobody waits: either there is no device, or it is down. */
	ret = frontend_handshake(s->fe);
	if (!ret)
		return adopt_daemon(dev);
	if (!dev->complained)
		vhu_warn("%s: what listens at %s %s: is it a vhost-user daemon, and free? Trying again", label(dev),
			dev->opt->socket_path, frontend_why(s->fe));
	dev->complained = true;
	drop_daemon(dev);
	return retry_later(dev);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *data)
{
	try_daemon(data);
	return 0;
}

/* As when its daemon had died: what became of that will be seen. */
static int keep_orphan(struct device *dev)
{
	int ret = watch(dev, &dev->kernel_io, module_fd(dev->session.mod), on_kernel_request, SD_EVENT_PRIORITY_NORMAL);

	if (ret)
		return ret;
	dev->give_up = 0;
	suspend_device(dev);
	set_state(dev, "the adapter has died, and is back");
	return 0;
}

int device_new(const struct options *opt, sd_event *event, struct device **out)
{
	struct device *dev = calloc(1, sizeof(*dev));
	uint64_t now = 0;
	int ret;

	if (!dev)
		return -ENOMEM;
	dev->opt = opt;
	dev->event = sd_event_ref(event);
	dev->retry_delay = RETRY_FIRST;
	dev->session.config = (struct config) { .type = &opt->type, .opt = &opt->config };
	sd_event_now(event, CLOCK_MONOTONIC, &now);
	if (opt->wait_timeout >= 0)
		dev->give_up = now + (uint64_t)opt->wait_timeout * SECOND;
	ret = adopt_orphan(opt, &dev->session, &dev->offered);
	if (ret)
		explain_module(dev->opt, ret);
	else if (dev->session.mod)
		ret = keep_orphan(dev);
	else
		set_state(dev, "waiting for the daemon");
	if (!ret)
		ret = pulse_new(&dev->session, event, opt->stall_timeout, on_lost_pulse, dev, &dev->pulse);
	if (!ret)
		ret = try_daemon(dev);
	if (ret)
		device_free(dev);
	else
		*out = dev;
	return ret;
}

void device_free(struct device *dev)
{
	if (!dev)
		return;
	remove_device(dev);
	drop_daemon(dev);
	config_end(&dev->session.config);
	sd_event_source_disable_unref(dev->retry_timer);
	pulse_free(dev->pulse);
	sd_event_unref(dev->event);
	free(dev);
}
