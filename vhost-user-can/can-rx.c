// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "can-dev.h"
#include "log.h"
#include "virtio_can.h"

/* Frames taken in one go before the loop's other sources get their turn. */
#define MAX_BATCH 64
/* What a socket's buffer can hold, generously. */
#define MAX_STALE 65536

static void set_enabled(struct can_dev *can, bool on)
{
	if (can->socket_source && sd_event_source_set_enabled(can->socket_source, on ? SD_EVENT_ON : SD_EVENT_OFF) < 0)
		vhu_err("cannot switch receiving %s", on ? "on" : "off");
}

void can_rx_start(struct can_dev *can)
{
	struct can_received stale;
	int ret = 0;

	can->backlog_count = 0;
	/* until there is nothing: an interface that went down has left an error in front of the frames */
	for (unsigned int i = 0; can->socket >= 0 && i < MAX_STALE && ret != -EAGAIN; i++)
		ret = can_raw_receive(can->socket, &stale);
	/*
	 * The last stale frame tells only what was lost before it; those that found the buffer full came later. The first fresh
	 * one tells all that, and no more: there has been room since.
	 */
	can->lost_known = false;
	set_enabled(can, true);
}

void can_rx_stop(struct can_dev *can)
{
	set_enabled(can, false);
	can->backlog_count = 0;
}

/*
 * The newest frame goes when there is no room, so that those which arrive are in order and
 * without a gap among them, like a controller whose own queue is full.
 */
static void put_back(struct can_dev *can, const struct can_msg *msg)
{
	if (can->backlog_count == CAN_BACKLOG) {
		if (!can->stats.overflow++)
			vhu_warn("the driver takes no frames; those that do not fit any more are dropped");
		return;
	}
	can->backlog[(can->backlog_first + can->backlog_count++) % CAN_BACKLOG] = *msg;
}

/* Returns whether the frame is dealt with, by the driver or because it cannot be. */
static bool give(struct can_dev *can, struct virtq *vq, struct virtq_elem *elem, const struct can_msg *msg)
{
	uint8_t bytes[CAN_MESSAGE_BYTES];
	int len = can_frame_to_driver(msg, vhu_dev_features(can->dev), bytes);

	if (elem->in_len < CAN_HEADER_BYTES) {
		virtq_push(vq, elem, 0);
		vhu_dev_fail(can->dev, "a buffer for received frames is too small for any");
		return false;
	}
	if (len < 0 || elem->in_len < (size_t)len) {
		can->stats.unwanted++;
		virtq_unpop(vq, elem);
		return true;
	}
	can->stats.received++;
	virtq_push(vq, elem, (uint32_t)virtq_iov_write(elem->in, elem->in_num, 0, bytes, (size_t)len));
	return true;
}

void can_rx_deliver(struct can_dev *can)
{
	struct virtq *vq = vhu_dev_queue(can->dev, CAN_RX_QUEUE);
	struct virtq_elem *elem;
	int ret = 1;

	if (!virtq_started(vq) || can->state.mode == CAN_STOPPED || !can_driver_known(can))
		return;
	while (can->backlog_count && (ret = virtq_pop(vq, &elem)) > 0) {
		if (!give(can, vq, elem, &can->backlog[can->backlog_first]))
			break;
		can->backlog_first = (can->backlog_first + 1) % CAN_BACKLOG;
		can->backlog_count--;
	}
	virtq_notify(vq);
	if (ret < 0)
		vhu_dev_fail(can->dev, virtq_broken(vq));
}

static void take_error(struct can_dev *can, const struct can_msg *msg)
{
	uint32_t kinds = can_errors_count(&can->stats.errors, &msg->frame);
	char text[160];

	can_errors_text(kinds, text, sizeof(text));
	vhu_log_limited(kinds & CAN_ERR_BUSOFF ? VHU_LOG_WARN : VHU_LOG_INFO, "%s: %s", can->options.port.name, text);
	if (kinds & CAN_ERR_BUSOFF)
		can_went_off(can);
}

static void count_missed(struct can_dev *can, uint32_t lost)
{
	/* modulo 2^32, as the kernel counts */
	if (can->lost_known)
		can->stats.missed += (uint32_t)(lost - can->lost);
	can->lost = lost;
	can->lost_known = true;
}

static void take(struct can_dev *can, const struct can_received *received)
{
	const struct can_msg *msg = &received->msg;

	count_missed(can, received->lost);
	if (msg->frame.can_id & CAN_ERR_FLAG)
		take_error(can, msg);
	else if (received->own)
		can_tx_confirm(can, msg);
	else if (!can_filters_pass(&can->options.filters, msg->frame.can_id))
		can->stats.filtered++;
	else if (can->state.mode == CAN_STARTED)
		put_back(can, msg);
}

/* The driver is told of all that was taken so far. */
static void tell(struct can_dev *can, bool own)
{
	if (own)
		virtq_notify(vhu_dev_queue(can->dev, CAN_TX_QUEUE));
	else
		can_rx_deliver(can);
}

/*
 * Acknowledgements and frames come to the driver by two queues, but in the order of the bus: who
 * sends a question and sees the answer before his own question (J1939's session layer does look) takes it for another one's.
 */
static int receive(struct can_dev *can, unsigned int max)
{
	struct can_received received;
	bool own = false;
	int ret = 0;

	for (unsigned int i = 0; i < max && (!ret || ret == -ENOMSG); i++) {
		ret = can_raw_receive(can->socket, &received);
		if (ret)
			continue;
		if (received.own != own)
			tell(can, own);
		own = received.own;
		take(can, &received);
	}
	tell(can, own);
	return ret;
}

void can_went_down(struct can_dev *can)
{
	can->went_down = false;
	receive(can, MAX_STALE);
	can_tx_give_up(can);
}

int can_rx_ready(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct can_dev *can = userdata;
	int ret = receive(can, MAX_BATCH);

	if (ret == -ENETDOWN)
		can_went_down(can);
	/* what is gone the helper tells; this only takes the error off the socket */
	else if (ret && ret != -EAGAIN && ret != -ENOMSG)
		vhu_debug("%s: %s", can->options.port.name, strerror(-ret));
	/* a frame that has left makes room for the next one */
	can_tx_run(can);
	return 0;
}
