// SPDX-License-Identifier: MIT
#include "can-device.h"

#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "can-dev.h"
#include "log.h"
#include "virtio_can.h"

#define LINK_WAIT_US 5000000 /* for an interface that is being set up */
#define OFF_AGAIN_US 100000 /* for the driver to see that its start has worked */

void *can_new(void)
{
	struct can_dev *can = calloc(1, sizeof(*can));

	if (!can)
		return NULL;
	can->backlog = calloc(CAN_BACKLOG, sizeof(*can->backlog));
	if (!can->backlog) {
		free(can);
		return NULL;
	}
	can_options_init(&can->options);
	can_acks_init(&can->acks);
	can->port = -1;
	can->socket = -1;
	return can;
}

uint64_t can_now(const struct can_dev *can)
{
	uint64_t now = 0;

	sd_event_now(vhu_dev_event(can->dev), CLOCK_MONOTONIC, &now);
	return now;
}

bool can_driver_known(const struct can_dev *can)
{
	return can->state.told && virtq_started(vhu_dev_queue(can->dev, CAN_CONTROL_QUEUE));
}

/* A timer that goes off too early costs less than setting it for each frame. */
static bool goes_off_before(sd_event_source *timer, uint64_t when)
{
	uint64_t armed;

	return sd_event_source_get_enabled(timer, NULL) > 0 && sd_event_source_get_time(timer, &armed) >= 0 &&
		armed <= when;
}

void can_timer_set(struct can_dev *can, sd_event_source **timer, uint64_t when, sd_event_time_handler_t handler)
{
	int ret;

	if (!*timer) {
		ret = sd_event_add_time(vhu_dev_event(can->dev), timer, CLOCK_MONOTONIC, when, 1, handler, can);
	} else {
		if (goes_off_before(*timer, when))
			return;
		ret = sd_event_source_set_time(*timer, when);
		if (ret >= 0)
			ret = sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
	}
	if (ret < 0)
		vhu_err("cannot set a timer: %s", strerror(-ret));
}

static void log_stats(struct can_dev *can)
{
	const struct can_stats *stats = &can->stats;
	char errors[256];

	can->logged = can->stats;
	can_errors_summary(&stats->errors, errors, sizeof(errors));
	vhu_info(
		"%s: sent %llu (acknowledged %llu, after a time-out %llu), not sent %llu, waited for room %llu times; "
		"received %llu, filtered %llu, of another kind %llu, dropped here %llu, by the kernel %llu; error frames: %s",
		can->options.port.name, (unsigned long long)stats->sent, (unsigned long long)stats->acked,
		(unsigned long long)stats->timed_out, (unsigned long long)stats->refused,
		(unsigned long long)stats->waited, (unsigned long long)stats->received,
		(unsigned long long)stats->filtered, (unsigned long long)stats->unwanted,
		(unsigned long long)stats->overflow, (unsigned long long)stats->missed, errors);
}

static int on_stats(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	log_stats(userdata);
	return 0;
}

static void order(struct can_dev *can, enum can_port_order what)
{
	int ret = can_port_order(can->port, what);

	/* its end is seen by on_port() */
	if (ret)
		vhu_debug("the helper does not take an order: %s", strerror(-ret));
	else if (what == CAN_PORT_START)
		can->starts++;
}

bool can_link_ready(const struct can_dev *can)
{
	return can->link.up && (!can->options.port.manage || can->link.starts == can->starts);
}

static void drop_socket(struct can_dev *can)
{
	can->socket_source = sd_event_source_disable_unref(can->socket_source);
	if (can->socket < 0)
		return;
	close(can->socket);
	can->socket = -1;
	order(can, CAN_PORT_DROPPED);
}

static void take_socket(struct can_dev *can, int fd)
{
	int ret;

	drop_socket(can);
	can->socket = fd;
	/* a new socket's */
	can->lost = 0;
	can->lost_known = true;
	ret = sd_event_add_io(vhu_dev_event(can->dev), &can->socket_source, fd, EPOLLIN, can_rx_ready, can);
	if (ret >= 0 && can->state.mode == CAN_STOPPED)
		ret = sd_event_source_set_enabled(can->socket_source, SD_EVENT_OFF);
	if (ret < 0)
		vhu_err("cannot wait for frames of %s: %s", can->options.port.name, strerror(-ret));
}

static void tell_bus_off(struct can_dev *can)
{
	int ret = vhu_dev_config_changed(can->dev);

	if (ret && ret != -ENOTCONN)
		vhu_warn("the driver cannot be told of bus-off: %s", strerror(-ret));
}

void can_went_off(struct can_dev *can)
{
	if (!can_state_bus_off(&can->state))
		return;
	vhu_log_limited(
		VHU_LOG_WARN, "%s is bus-off; the driver has to restart its controller", can->options.port.name);
	can_tx_cancel(can);
	tell_bus_off(can);
}

static int on_off_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct can_dev *can = userdata;

	if (can->link.bus_off)
		can_went_off(can);
	return 0;
}

static void take_report(struct can_dev *can, const struct can_port_report *report, int socket)
{
	bool went_off = report->bus_off && !can->link.bus_off;

	can->link = *report;
	if (socket >= 0)
		take_socket(can, socket);
	else if (!report->present)
		drop_socket(can);
	if (!report->present || !report->up || socket >= 0)
		can_tx_give_up(can);
	else if (can_link_ready(can))
		can->hold_until = 0;
	if (went_off)
		can_went_off(can);
	can_tx_run(can);
}

static int on_port(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct can_dev *can = userdata;
	struct can_port_report report;
	int socket, ret;

	while (!(ret = can_port_report(fd, &report, &socket)))
		take_report(can, &report, socket);
	if (ret == -EAGAIN)
		return 0;
	vhu_err("the process that looks after %s has ended; so does this one", can->options.port.name);
	can->port_source = sd_event_source_disable_unref(can->port_source);
	return sd_event_exit(vhu_dev_event(can->dev), 1);
}

static bool offers_fd(const struct can_options *opts)
{
	int ret;

	if (opts->fd != CAN_FD_AUTO)
		return opts->fd == CAN_FD_ON;
	ret = can_port_takes_fd(opts->port.name);
	if (ret < 0)
		vhu_info("%s: %s; CAN FD is not offered, unless with --can-fd=on", opts->port.name, strerror(-ret));
	return ret > 0;
}

static int watch_port(struct can_dev *can)
{
	sigset_t set;
	int ret;

	can->port = can_port_open(&can->options.port);
	if (can->port < 0)
		return can->port;
	ret = sd_event_add_io(vhu_dev_event(can->dev), &can->port_source, can->port, EPOLLIN, on_port, can);
	if (ret < 0)
		return ret;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return sd_event_add_signal(vhu_dev_event(can->dev), &can->stats_source, SIGUSR1, on_stats, can);
}

int can_init(struct vhu_dev *dev, void *state)
{
	struct can_dev *can = state;
	uint64_t features = CAN_BIT(VIRTIO_CAN_F_CAN_CLASSIC) | CAN_BIT(VIRTIO_CAN_F_RTR_FRAMES) |
		CAN_BIT(VIRTIO_CAN_F_LATE_TX_ACK);
	int ret;

	can->dev = dev;
	if (offers_fd(&can->options))
		features |= CAN_BIT(VIRTIO_CAN_F_CAN_FD);
	vhu_dev_set_features(dev, features);
	vhu_dev_set_queues(dev, CAN_NUM_QUEUES);
	vhu_dev_set_config_size(dev, sizeof(struct virtio_can_config));
	ret = watch_port(can);
	if (ret < 0)
		vhu_err("cannot look after %s: %s", can->options.port.name, strerror(-ret));
	return ret;
}

void can_free(void *state)
{
	struct can_dev *can = state;

	sd_event_source_disable_unref(can->off_again);
	sd_event_source_disable_unref(can->tx_timer);
	sd_event_source_disable_unref(can->stats_source);
	sd_event_source_disable_unref(can->port_source);
	if (can->socket >= 0)
		drop_socket(can);
	if (can->port >= 0)
		close(can->port);
	free(can->backlog);
	free(can);
}

int can_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len)
{
	const struct can_dev *can = vhu_dev_state(dev);
	const struct virtio_can_config config = { .status = htole16(can_state_config(&can->state)) };

	memcpy(data, (const uint8_t *)&config + offset, len);
	return 0;
}

/*
 * Answered before the interface is up: setting it up takes the kernel's lock of network
 * interfaces, under which the driver may wait for this very answer. Frames wait for it.
 */
static void start(struct can_dev *can)
{
	bool ready = can->socket >= 0 && can->link.up;

	can->hold_until = ready && !can->options.port.manage ? 0 : can_now(can) + LINK_WAIT_US;
	order(can, CAN_PORT_START);
	/* The helper's restart may wait for that lock, too, and until it is done the interface is off the bus as before */
	if (can->link.bus_off)
		can_timer_set(can, &can->off_again,
			can_now(can) + (can->options.port.manage ? LINK_WAIT_US : OFF_AGAIN_US), on_off_again);
	can_rx_start(can);
}

static uint8_t control(struct can_dev *can, uint16_t type)
{
	bool was_stopped = can->state.mode == CAN_STOPPED;

	switch (type) {
	case VIRTIO_CAN_SET_CTRL_MODE_START:
		if (can_state_start(&can->state))
			start(can);
		vhu_debug("the driver starts its controller%s", was_stopped ? "" : " anew");
		return VIRTIO_CAN_RESULT_OK;
	case VIRTIO_CAN_SET_CTRL_MODE_STOP:
		can_state_stop(&can->state);
		can_rx_stop(can);
		can_tx_cancel(can);
		order(can, CAN_PORT_STOP);
		vhu_debug("the driver stops its controller");
		return VIRTIO_CAN_RESULT_OK;
	default: return VIRTIO_CAN_RESULT_NOT_OK;
	}
}

static void serve_control(struct can_dev *can, struct virtq *vq)
{
	struct virtio_can_control_out request;
	struct virtq_elem *elem;
	int ret;

	while ((ret = virtq_pop(vq, &elem)) > 0) {
		size_t got = virtq_iov_read(elem->out, elem->out_num, 0, &request, sizeof(request));
		uint8_t result = VIRTIO_CAN_RESULT_NOT_OK;

		if (got == sizeof(request))
			result = control(can, le16toh(request.msg_type));
		virtq_push(vq, elem, (uint32_t)virtq_iov_write(elem->in, elem->in_num, 0, &result, sizeof(result)));
	}
	virtq_notify(vq);
	if (ret < 0)
		vhu_dev_fail(can->dev, virtq_broken(vq));
	/* frames may have waited to be sent after a start */
	can_tx_run(can);
}

/* What the last driver has left: nothing of it is for the next one. */
static void forget_driver(struct can_dev *can)
{
	if (memcmp(&can->stats, &can->logged, sizeof(can->stats)) != 0)
		log_stats(can);
	can_state_reset(&can->state);
	can_rx_stop(can);
	can->off_again = sd_event_source_disable_unref(can->off_again);
	can->hold_until = 0;
	order(can, CAN_PORT_STOP);
}

/*
 * QEMU sends no word of a guest's reset: its driver's queues stop as for a pause. The next driver's control queue begins at
 * its beginning, so there is nothing of it yet that could be lost; a driver that goes on has had its start answered at least.
 * The index wraps: once in 65,536 control messages a pause is taken for a new driver.
 */
static void control_queue_start(struct can_dev *can, bool resumed)
{
	bool told = can->state.told;

	if (!resumed && can->state.mode != CAN_STOPPED) {
		can_tx_give_up(can);
		forget_driver(can);
	}
	can_state_begin(&can->state, resumed);
	if (!told && can->state.mode == CAN_STARTED) {
		vhu_info("the driver was served before; its controller counts as started");
		start(can);
	}
	/* they may have waited for this queue */
	can_rx_deliver(can);
}

void can_queue_start(struct vhu_dev *dev, struct virtq *vq)
{
	if (virtq_index(vq) == CAN_CONTROL_QUEUE)
		control_queue_start(vhu_dev_state(dev), virtq_resumed(vq));
}

void can_queue_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct can_dev *can = vhu_dev_state(dev);

	switch (virtq_index(vq)) {
	case CAN_TX_QUEUE: can_tx_run(can); break;
	case CAN_RX_QUEUE: can_rx_deliver(can); break;
	default: serve_control(can, vq); break;
	}
}

void can_queue_stop(struct vhu_dev *dev, struct virtq *vq)
{
	struct can_dev *can = vhu_dev_state(dev);

	if (virtq_index(vq) == CAN_TX_QUEUE)
		can_tx_forget(can);
}

void can_reset(struct vhu_dev *dev)
{
	struct can_dev *can = vhu_dev_state(dev);

	forget_driver(can);
	can_tx_forget(can);
}
