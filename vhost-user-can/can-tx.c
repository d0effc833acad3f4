// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "can-dev.h"
#include "log.h"
#include "virtio_can.h"

#define RETRY_US 2000

static void answer(struct virtq *vq, struct virtq_elem *elem, uint8_t result)
{
	virtq_push(vq, elem, (uint32_t)virtq_iov_write(elem->in, elem->in_num, 0, &result, sizeof(result)));
}

static void refuse(struct can_dev *can, struct virtq *vq, struct virtq_elem *elem, const char *why)
{
	can->stats.refused++;
	vhu_debug("a frame was not sent: %s", why);
	answer(vq, elem, VIRTIO_CAN_RESULT_NOT_OK);
}

static int on_tx_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct can_dev *can = userdata;
	struct virtq *vq = vhu_dev_queue(can->dev, CAN_TX_QUEUE);
	struct virtq_elem *elem;

	while ((elem = can_acks_expire(&can->acks, can_now(can)))) {
		if (!can->stats.timed_out++)
			vhu_warn(
				"a frame was not heard on the bus within %u ms; it counts as sent. Is somebody else on the bus?",
				can->options.ack_timeout_ms);
		answer(vq, elem, VIRTIO_CAN_RESULT_OK);
	}
	can_tx_run(can);
	return 0;
}

static bool may_send(const struct can_dev *can)
{
	return can->state.mode == CAN_STARTED && can->socket >= 0 && can_link_ready(can);
}

/* The interface is on its way, or nobody knows yet whose frames these are. */
static bool must_wait(const struct can_dev *can)
{
	if (!can_driver_known(can))
		return true;
	return can->state.mode == CAN_STARTED && !may_send(can) && can_now(can) < can->hold_until;
}

/* When to look again. The kernel does not say when it has room. */
static void arm(struct can_dev *can, bool blocked, bool more)
{
	uint64_t when = can_acks_deadline(&can->acks), again = UINT64_MAX;

	if (blocked)
		again = can_now(can) + RETRY_US;
	else if (more)
		again = can_now(can);
	else if (can_driver_known(can) && must_wait(can))
		again = can->hold_until;
	if (again < when)
		when = again;
	if (when != UINT64_MAX)
		can_timer_set(can, &can->tx_timer, when, on_tx_timer);
}

/* The frame is with the kernel. */
static void sent(struct can_dev *can, struct virtq *vq, struct virtq_elem *elem, const struct can_msg *msg)
{
	uint64_t deadline = can_now(can) + can->options.ack_timeout_ms * 1000ull;

	can->stats.sent++;
	/* there is a place for each descriptor of the queue */
	if ((vhu_dev_features(can->dev) & CAN_BIT(VIRTIO_CAN_F_LATE_TX_ACK)) &&
		!can_acks_push(&can->acks, msg, elem, deadline))
		return;
	can->stats.acked++;
	answer(vq, elem, VIRTIO_CAN_RESULT_OK);
}

/* Returns whether @elem is dealt with; if not, it stays in the ring. */
static bool send_one(struct can_dev *can, struct virtq *vq, struct virtq_elem *elem)
{
	uint8_t bytes[CAN_MESSAGE_BYTES];
	size_t len = virtq_iov_read(elem->out, elem->out_num, 0, bytes, sizeof(bytes));
	struct can_msg msg;
	int ret;

	if (!may_send(can)) {
		refuse(can, vq, elem, can->state.mode == CAN_STARTED ? "no interface" : "the controller is stopped");
		return true;
	}
	ret = can_frame_from_driver(bytes, len, vhu_dev_features(can->dev), can->options.brs, &msg);
	if (ret) {
		refuse(can, vq, elem, ret == -EOPNOTSUPP ? "its kind was not negotiated" : "it makes no sense");
		return true;
	}
	ret = can_raw_send(can->socket, &msg);
	/*
	 * It may be news of a moment that is over, which the socket keeps for whoever comes first. If it is not the helper says so
	 * soon.
	 */
	can->went_down = ret == -ENETDOWN;
	if (ret == -EAGAIN || ret == -ENOBUFS || ret == -ENETDOWN)
		return false;
	if (ret)
		refuse(can, vq, elem, strerror(-ret));
	else
		sent(can, vq, elem, &msg);
	return true;
}

void can_tx_run(struct can_dev *can)
{
	struct virtq *vq = vhu_dev_queue(can->dev, CAN_TX_QUEUE);
	struct virtq_elem *elem;
	unsigned int left = virtq_size(vq);
	bool blocked = false;
	int ret = 0;

	if (!virtq_started(vq))
		return;
	while (!must_wait(can) && !blocked && left-- && (ret = virtq_pop(vq, &elem)) > 0) {
		blocked = !send_one(can, vq, elem);
		if (blocked)
			virtq_unpop(vq, elem);
	}
	can->stats.waited += blocked && !can->tx_blocked && !can->went_down;
	can->tx_blocked = blocked;
	arm(can, blocked, ret > 0 && !must_wait(can));
	virtq_notify(vq);
	if (ret < 0)
		vhu_dev_fail(can->dev, virtq_broken(vq));
	/* last, for the driver may be told of bus-off by it, and all that it has sent answered */
	if (can->went_down)
		can_went_down(can);
}

void can_tx_confirm(struct can_dev *can, const struct can_msg *echo)
{
	struct virtq_elem *elem = can_acks_confirm(&can->acks, echo);

	if (!elem)
		return;
	can->stats.acked++;
	answer(vhu_dev_queue(can->dev, CAN_TX_QUEUE), elem, VIRTIO_CAN_RESULT_OK);
}

void can_tx_give_up(struct can_dev *can)
{
	struct virtq *vq = vhu_dev_queue(can->dev, CAN_TX_QUEUE);
	struct virtq_elem *elem;

	while ((elem = can_acks_take(&can->acks)))
		refuse(can, vq, elem, "it was on its way when the controller left the bus");
	virtq_notify(vq);
}

void can_tx_cancel(struct can_dev *can)
{
	can_tx_give_up(can);
	/* the mode is none that sends: one ring's worth of refusals */
	can_tx_run(can);
}

void can_tx_forget(struct can_dev *can)
{
	can_acks_init(&can->acks);
	can->tx_blocked = false;
	can->went_down = false;
}
