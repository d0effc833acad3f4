// SPDX-License-Identifier: GPL-2.0-only
/*
 * SocketCAN driver for virtio CAN devices (virtio 1.4, section "CAN Device"), for
 * kernels that have none. Interface, feature numbers and module name are those of
 * the driver in later kernels, so that this one can be dropped.
 *
 * Whatever the device does, no wait is longer than CTRL_TIMEOUT, and a message
 * that it keeps costs one slot until the next reset.
 */
#include <linux/can.h>
#include <linux/can/dev.h>
#include <linux/can/error.h>
#include <linux/can/skb.h>
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/virtio.h>

#include "compat.h"
#include "virtio_can.h"

#define TX_SLOTS     128
#define CTRL_TIMEOUT (5 * HZ)

enum {
	QUEUE_TX,
	QUEUE_RX,
	QUEUE_CTRL,
	NUM_QUEUES
};

/*
 * What the device reads and what it writes never share a cache line: they are mapped in different directions.
 *
 * The echo is kept here, not in struct can_priv: can_get_echo_skb() hands it to another softirq, where
 * the answer to it, received a moment later, would overtake it.
 */
struct tx_slot {
	struct sk_buff *echo; /* NULL: nobody here wants to hear it */
	unsigned int len; /* bytes of data */
	u8 out[sizeof(struct virtio_can_tx_out) + VIRTIO_CAN_MAX_DLEN] ____cacheline_aligned;
	struct virtio_can_tx_in in ____cacheline_aligned;
};

struct ctrl_msg {
	struct virtio_can_control_out out ____cacheline_aligned;
	struct virtio_can_control_in in ____cacheline_aligned;
};

struct virtio_can {
	struct can_priv can; /* first: alloc_candev() */
	struct net_device *dev;
	struct virtio_device *vdev;
	struct virtqueue *vqs[NUM_QUEUES];
	struct napi_struct napi; /* one for both directions: the order of the bus is kept */
	bool traffic; /* @napi is enabled; under rtnl_lock */
	unsigned int starts; /* times that the controller was started */
	struct work_struct config_work;

	spinlock_t tx_lock; /* the transmit queue and @tx_busy */
	DECLARE_BITMAP(tx_busy, TX_SLOTS);
	struct tx_slot *tx;

	u8 *rx; /* one buffer every @rx_stride bytes, each of @rx_len */
	unsigned int rx_len;
	unsigned int rx_stride;

	struct mutex ctrl_lock; /* the control queue and @ctrl */
	struct completion ctrl_done;
	struct ctrl_msg *ctrl;
	bool ctrl_kept; /* the device has not given the last one back */
};

/* --- control --- */

/* The message that the device was given last comes back, or not before @end (jiffies). */
static bool ctrl_wait(struct virtio_can *priv, unsigned long end)
{
	struct virtqueue *vq = priv->vqs[QUEUE_CTRL];
	unsigned int len;
	long left;

	while (!virtqueue_get_buf(vq, &len)) {
		left = (long)(end - jiffies);
		if (left <= 0 || virtqueue_is_broken(vq))
			return false;
		/* woken in between without cause, too: the device may signal as it likes */
		wait_for_completion_timeout(&priv->ctrl_done, min_t(long, left, HZ / 4));
	}
	return true;
}

/* Start or stop the controller; sleeps. 0, -ETIMEDOUT, -EBUSY after an earlier time-out, or -EIO: refused, or no device. */
static int ctrl_send(struct virtio_can *priv, u16 type)
{
	struct virtqueue *vq = priv->vqs[QUEUE_CTRL];
	struct scatterlist out, in, *sgs[] = { &out, &in };
	int err = 0;

	mutex_lock(&priv->ctrl_lock);
	if (priv->ctrl_kept && !ctrl_wait(priv, jiffies)) {
		err = -EBUSY;
		goto unlock;
	}
	priv->ctrl_kept = false;
	reinit_completion(&priv->ctrl_done);
	priv->ctrl->out.msg_type = cpu_to_le16(type);
	priv->ctrl->in.result = VIRTIO_CAN_RESULT_NOT_OK;
	sg_init_one(&out, &priv->ctrl->out, sizeof(priv->ctrl->out));
	sg_init_one(&in, &priv->ctrl->in, sizeof(priv->ctrl->in));
	if (virtqueue_add_sgs(vq, sgs, 1, 1, priv->ctrl, GFP_KERNEL)) {
		err = -EIO;
		goto unlock;
	}
	virtqueue_kick(vq);
	if (!ctrl_wait(priv, jiffies + CTRL_TIMEOUT)) {
		priv->ctrl_kept = true;
		err = virtqueue_is_broken(vq) ? -EIO : -ETIMEDOUT;
	} else if (priv->ctrl->in.result != VIRTIO_CAN_RESULT_OK) {
		err = -EIO;
	}
unlock:
	mutex_unlock(&priv->ctrl_lock);
	if (err)
		netdev_warn(priv->dev, "%s failed: %d\n",
			    type == VIRTIO_CAN_SET_CTRL_MODE_START ? "start" : "stop", err);
	return err;
}

static void ctrl_callback(struct virtqueue *vq)
{
	struct virtio_can *priv = vq->vdev->priv;

	complete(&priv->ctrl_done);
}

/* --- transmit --- */

static bool tx_has_room(const struct virtio_can *priv)
{
	return priv->vqs[QUEUE_TX]->num_free >= 2 && !bitmap_full(priv->tx_busy, TX_SLOTS);
}

/* Fills @slot; bytes that the device may read. */
static unsigned int tx_encode(struct tx_slot *slot, const struct sk_buff *skb)
{
	const struct canfd_frame *frame = (const struct canfd_frame *)skb->data;
	struct virtio_can_tx_out *out = (struct virtio_can_tx_out *)slot->out;
	u32 flags = 0, id = frame->can_id & CAN_SFF_MASK;

	if (frame->can_id & CAN_EFF_FLAG) {
		flags |= VIRTIO_CAN_FLAGS_EXTENDED;
		id = frame->can_id & CAN_EFF_MASK;
	}
	if (can_is_canfd_skb(skb))
		flags |= VIRTIO_CAN_FLAGS_FD;
	else if (frame->can_id & CAN_RTR_FLAG)
		flags |= VIRTIO_CAN_FLAGS_RTR;
	*out = (struct virtio_can_tx_out) {
		.msg_type = cpu_to_le16(VIRTIO_CAN_TX),
		.length = cpu_to_le16(frame->len),
		.flags = cpu_to_le32(flags),
		.can_id = cpu_to_le32(id),
	};
	slot->len = flags & VIRTIO_CAN_FLAGS_RTR ? 0 : frame->len;
	/* of a remote frame only the length counts, but the bytes are there for the device to skip */
	if (flags & VIRTIO_CAN_FLAGS_RTR)
		memset(slot->out + sizeof(*out), 0, frame->len);
	else
		memcpy(slot->out + sizeof(*out), frame->data, frame->len);
	slot->in.result = VIRTIO_CAN_RESULT_NOT_OK;
	return sizeof(*out) + frame->len;
}

/* Can this device send such a frame at all? */
static bool tx_offered(const struct virtio_can *priv, const struct sk_buff *skb)
{
	const struct can_frame *frame = (const struct can_frame *)skb->data;

	if (can_is_canfd_skb(skb))
		return virtio_has_feature(priv->vdev, VIRTIO_CAN_F_CAN_FD);
	if (!virtio_has_feature(priv->vdev, VIRTIO_CAN_F_CAN_CLASSIC))
		return false;
	/* Which of the two bits means remote frames depends on the draft that the device follows. If it cannot, it will say so. */
	return !(frame->can_id & CAN_RTR_FLAG) ||
	       virtio_has_feature(priv->vdev, VIRTIO_CAN_F_RTR_FRAMES) ||
	       virtio_has_feature(priv->vdev, VIRTIO_CAN_F_LATE_TX_ACK);
}

/* What local listeners will see of @skb, which is used up: 0 and an echo or NULL, or -ENOMEM. */
static int tx_make_echo(struct net_device *dev, struct sk_buff *skb, struct sk_buff **echo)
{
	*echo = NULL;
	skb_tx_timestamp(skb);
	if (skb->pkt_type != PACKET_LOOPBACK) {
		consume_skb(skb);
		return 0;
	}
	skb = can_create_echo_skb(skb);
	if (!skb)
		return -ENOMEM;
	skb->pkt_type = PACKET_BROADCAST;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->dev = dev;
	*echo = skb;
	return 0;
}

/* Gives the frame to the device; under tx_lock. @skb is used up. */
static void tx_queue(struct virtio_can *priv, struct sk_buff *skb)
{
	unsigned int index = find_first_zero_bit(priv->tx_busy, TX_SLOTS);
	struct tx_slot *slot = &priv->tx[index];
	struct scatterlist out, in, *sgs[] = { &out, &in };

	sg_init_one(&out, slot->out, tx_encode(slot, skb));
	sg_init_one(&in, &slot->in, sizeof(slot->in));
	if (tx_make_echo(priv->dev, skb, &slot->echo)) {
		priv->dev->stats.tx_dropped++;
		return;
	}
	if (virtqueue_add_sgs(priv->vqs[QUEUE_TX], sgs, 1, 1, slot, GFP_ATOMIC)) {
		kfree_skb(slot->echo);
		priv->dev->stats.tx_dropped++;
		return;
	}
	__set_bit(index, priv->tx_busy);
}

static netdev_tx_t virtio_can_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct virtio_can *priv = netdev_priv(dev);
	struct virtqueue *vq = priv->vqs[QUEUE_TX];
	bool kick;

	if (can_dev_dropped_skb(dev, skb))
		return NETDEV_TX_OK;
	if (!tx_offered(priv, skb)) {
		kfree_skb(skb);
		dev->stats.tx_dropped++;
		return NETDEV_TX_OK;
	}
	spin_lock_bh(&priv->tx_lock);
	if (!tx_has_room(priv)) {
		netif_stop_queue(dev);
		spin_unlock_bh(&priv->tx_lock);
		return NETDEV_TX_BUSY;
	}
	tx_queue(priv, skb);
	if (!tx_has_room(priv))
		netif_stop_queue(dev);
	kick = virtqueue_kick_prepare(vq);
	spin_unlock_bh(&priv->tx_lock);
	if (kick)
		virtqueue_notify(vq);
	return NETDEV_TX_OK;
}

/*
 * Takes back what the device has finished; under tx_lock, so at most TX_SLOTS. The echoes of what went out
 * are added to @echoes; NULL: nobody is to hear them.
 */
static void tx_reap(struct virtio_can *priv, struct sk_buff_head *echoes)
{
	struct net_device_stats *stats = &priv->dev->stats;
	struct tx_slot *slot;
	unsigned int len;
	bool sent;

	while ((slot = virtqueue_get_buf(priv->vqs[QUEUE_TX], &len))) {
		sent = echoes && len >= sizeof(slot->in) && slot->in.result == VIRTIO_CAN_RESULT_OK;
		if (sent) {
			stats->tx_bytes += slot->len;
			stats->tx_packets++;
		} else {
			stats->tx_dropped++;
		}
		if (sent && slot->echo)
			__skb_queue_tail(echoes, slot->echo);
		else
			kfree_skb(slot->echo);
		slot->echo = NULL;
		__clear_bit(slot - priv->tx, priv->tx_busy);
	}
}

static void tx_done(struct virtio_can *priv)
{
	struct sk_buff_head echoes;
	struct sk_buff *skb;

	__skb_queue_head_init(&echoes);
	spin_lock_bh(&priv->tx_lock);
	tx_reap(priv, &echoes);
	if (netif_queue_stopped(priv->dev) && priv->can.state == CAN_STATE_ERROR_ACTIVE &&
	    tx_has_room(priv))
		netif_wake_queue(priv->dev);
	spin_unlock_bh(&priv->tx_lock);
	/* without the lock: who hears a frame may send the next one then and there */
	while ((skb = __skb_dequeue(&echoes)))
		netif_receive_skb(skb);
}

/* --- receive --- */

static int rx_give(struct virtio_can *priv, void *buf)
{
	struct scatterlist sg;

	sg_init_one(&sg, buf, priv->rx_len);
	return virtqueue_add_inbuf(priv->vqs[QUEUE_RX], &sg, 1, buf, GFP_ATOMIC);
}

/* All of the queue's buffers; the device has none yet. */
static void rx_fill(struct virtio_can *priv)
{
	struct virtqueue *vq = priv->vqs[QUEUE_RX];
	unsigned int i, num = virtqueue_get_vring_size(vq);

	for (i = 0; i < num; i++)
		if (rx_give(priv, priv->rx + (size_t)i * priv->rx_stride))
			break;
	virtqueue_kick(vq);
}

/* What the device wrote is no more than a claim. @msg is a copy: the device may change its own at any time. */
static bool rx_valid(const struct virtio_can *priv, const struct virtio_can_rx *msg,
		     unsigned int used)
{
	u32 flags = le32_to_cpu(msg->flags), id = le32_to_cpu(msg->can_id);
	unsigned int length, max;

	if (used < sizeof(*msg) || used > priv->rx_len ||
	    le16_to_cpu(msg->msg_type) != VIRTIO_CAN_RX)
		return false;
	if (flags & ~(VIRTIO_CAN_FLAGS_EXTENDED | VIRTIO_CAN_FLAGS_FD | VIRTIO_CAN_FLAGS_RTR))
		return false;
	if (flags & VIRTIO_CAN_FLAGS_FD &&
	    (flags & VIRTIO_CAN_FLAGS_RTR || !virtio_has_feature(priv->vdev, VIRTIO_CAN_F_CAN_FD)))
		return false;
	if (id > (flags & VIRTIO_CAN_FLAGS_EXTENDED ? CAN_EFF_MASK : CAN_SFF_MASK))
		return false;
	length = le16_to_cpu(msg->length);
	max = flags & VIRTIO_CAN_FLAGS_FD ? CANFD_MAX_DLEN : CAN_MAX_DLEN;
	/* a remote frame's bytes need not be there */
	return length <= max && (flags & VIRTIO_CAN_FLAGS_RTR || used - sizeof(*msg) >= length);
}

static void rx_frame(struct virtio_can *priv, const u8 *buf, unsigned int used)
{
	struct net_device_stats *stats = &priv->dev->stats;
	struct canfd_frame *frame;
	struct virtio_can_rx msg;
	struct sk_buff *skb;
	u32 flags;

	memcpy(&msg, buf, sizeof(msg));
	/* or the compiler may read the buffer again */
	barrier();
	if (!rx_valid(priv, &msg, used)) {
		stats->rx_errors++;
		return;
	}
	flags = le32_to_cpu(msg.flags);
	if (flags & VIRTIO_CAN_FLAGS_FD)
		skb = alloc_canfd_skb(priv->dev, &frame);
	else
		skb = alloc_can_skb(priv->dev, (struct can_frame **)&frame);
	if (!skb) {
		stats->rx_dropped++;
		return;
	}
	frame->can_id = le32_to_cpu(msg.can_id);
	frame->len = le16_to_cpu(msg.length);
	if (flags & VIRTIO_CAN_FLAGS_EXTENDED)
		frame->can_id |= CAN_EFF_FLAG;
	if (flags & VIRTIO_CAN_FLAGS_RTR) {
		frame->can_id |= CAN_RTR_FLAG;
	} else {
		memcpy(frame->data, buf + sizeof(msg), frame->len);
		stats->rx_bytes += frame->len;
	}
	stats->rx_packets++;
	netif_receive_skb(skb);
}

static int virtio_can_poll(struct napi_struct *napi, int budget)
{
	struct virtio_can *priv = container_of(napi, struct virtio_can, napi);
	struct virtqueue *rx = priv->vqs[QUEUE_RX], *tx = priv->vqs[QUEUE_TX];
	unsigned int len, rx_seen, tx_seen;
	int done = 0;
	u8 *buf;

	while (done < budget && (buf = virtqueue_get_buf(rx, &len))) {
		/* what this frame answers, if anything, was finished before the device wrote it: look after that */
		tx_done(priv);
		rx_frame(priv, buf, len);
		rx_give(priv, buf);
		done++;
	}
	tx_done(priv);
	if (done)
		virtqueue_kick(rx);
	if (done >= budget)
		return budget;

	/* Interrupts on, then one more look: what came in between makes no interrupt. */
	rx_seen = virtqueue_enable_cb_prepare(rx);
	spin_lock_bh(&priv->tx_lock);
	tx_seen = virtqueue_enable_cb_prepare(tx);
	spin_unlock_bh(&priv->tx_lock);
	if (napi_complete_done(napi, done) &&
	    (virtqueue_poll(rx, rx_seen) || virtqueue_poll(tx, tx_seen)))
		napi_schedule(napi);
	return done;
}

static void data_callback(struct virtqueue *vq)
{
	struct virtio_can *priv = vq->vdev->priv;

	virtqueue_disable_cb(vq);
	napi_schedule(&priv->napi);
}

/* --- the interface --- */

static int start_traffic(struct virtio_can *priv)
{
	int err = ctrl_send(priv, VIRTIO_CAN_SET_CTRL_MODE_START);

	if (err)
		return err;
	priv->starts++;
	priv->can.state = CAN_STATE_ERROR_ACTIVE;
	priv->traffic = true;
	napi_enable(&priv->napi);
	/* what came before napi could be scheduled */
	local_bh_disable();
	napi_schedule(&priv->napi);
	local_bh_enable();
	netif_start_queue(priv->dev);
	/* the controller may have gone off the bus again already */
	schedule_work(&priv->config_work);
	return 0;
}

static int virtio_can_open(struct net_device *dev)
{
	int err = open_candev(dev);

	if (err)
		return err;
	err = start_traffic(netdev_priv(dev));
	if (err)
		close_candev(dev);
	return err;
}

/* Does nothing when traffic was not started, or a resume could not start it again. */
static void stop_traffic(struct virtio_can *priv)
{
	struct virtqueue *rx = priv->vqs[QUEUE_RX];
	unsigned int i, len;
	u8 *buf;

	if (!priv->traffic)
		return;
	priv->traffic = false;
	/* A poll may wake the queue. None does after this, and so none of a timer's frames meets queues that are gone. */
	napi_disable(&priv->napi);
	netif_tx_disable(priv->dev);
	ctrl_send(priv, VIRTIO_CAN_SET_CTRL_MODE_STOP);
	spin_lock_bh(&priv->tx_lock);
	tx_reap(priv, NULL);
	/* frames that the device keeps will not be echoed any more */
	for_each_set_bit(i, priv->tx_busy, TX_SLOTS) {
		kfree_skb(priv->tx[i].echo);
		priv->tx[i].echo = NULL;
	}
	spin_unlock_bh(&priv->tx_lock);
	/* once around the ring: a device may fill buffers as fast as it gets them */
	for (i = virtqueue_get_vring_size(rx); i && (buf = virtqueue_get_buf(rx, &len)); i--)
		rx_give(priv, buf);
	virtqueue_kick(rx);
}

static int virtio_can_stop(struct net_device *dev)
{
	struct virtio_can *priv = netdev_priv(dev);

	/* first, for it ends the restart after bus-off, which would start the controller anew, and the queue */
	close_candev(dev);
	stop_traffic(priv);
	priv->can.state = CAN_STATE_STOPPED;
	return 0;
}

/* "ip link set can0 type can restart", or restart-ms after the controller went off the bus */
static int virtio_can_set_mode(struct net_device *dev, enum can_mode mode)
{
	struct virtio_can *priv = netdev_priv(dev);
	int err;

	if (mode != CAN_MODE_START)
		return -EOPNOTSUPP;
	err = ctrl_send(priv, VIRTIO_CAN_SET_CTRL_MODE_START);
	if (err)
		return err;
	priv->starts++;
	priv->can.state = CAN_STATE_ERROR_ACTIVE;
	netif_wake_queue(dev);
	/* the controller may have gone off the bus again while this still called it so */
	schedule_work(&priv->config_work);
	return 0;
}

static const struct net_device_ops virtio_can_netdev_ops = {
	.ndo_open = virtio_can_open,
	.ndo_stop = virtio_can_stop,
	.ndo_start_xmit = virtio_can_start_xmit,
	VCAN_CHANGE_MTU
};

static void report_bus_off(struct virtio_can *priv)
{
	struct can_frame *frame;
	struct sk_buff *skb = alloc_can_err_skb(priv->dev, &frame);

	priv->can.can_stats.bus_off++;
	priv->can.state = CAN_STATE_BUS_OFF;
	can_bus_off(priv->dev);
	if (!skb)
		return;
	frame->can_id |= CAN_ERR_BUSOFF;
	local_bh_disable();
	netif_rx(skb);
	local_bh_enable();
}

/* The status is read without rtnl_lock, which all interfaces share: the device may take its time. */
static void config_work(struct work_struct *work)
{
	struct virtio_can *priv = container_of(work, struct virtio_can, config_work);
	unsigned int starts = READ_ONCE(priv->starts);
	u16 status;

	virtio_cread_le(priv->vdev, struct virtio_can_config, status, &status);
	if (!(status & VIRTIO_CAN_S_CTRL_BUSOFF))
		return;
	rtnl_lock();
	/* started anew meanwhile: that was an old status, and whoever started it has this run once more */
	if (netif_running(priv->dev) && priv->can.state == CAN_STATE_ERROR_ACTIVE &&
	    starts == READ_ONCE(priv->starts))
		report_bus_off(priv);
	rtnl_unlock();
}

static void virtio_can_config_changed(struct virtio_device *vdev)
{
	struct virtio_can *priv = vdev->priv;

	schedule_work(&priv->config_work);
}

/* --- the device --- */

static int start_queues(struct virtio_can *priv)
{
	static void (*const callbacks[])(struct virtqueue *) = { data_callback, data_callback,
								 ctrl_callback };
	static const char *const names[] = { "can-tx", "can-rx", "can-state-ctrl" };
	unsigned int num;
	int err = vcan_find_vqs(priv->vdev, NUM_QUEUES, priv->vqs, callbacks, names);

	if (err)
		return err;
	num = virtqueue_get_vring_size(priv->vqs[QUEUE_RX]);
	/* after a resume, too: the ring may have another size then */
	kfree(priv->rx);
	priv->rx = kcalloc(num, priv->rx_stride, GFP_KERNEL);
	if (!priv->rx) {
		priv->vdev->config->del_vqs(priv->vdev);
		return -ENOMEM;
	}
	bitmap_zero(priv->tx_busy, TX_SLOTS);
	priv->ctrl_kept = false;
	virtio_device_ready(priv->vdev);
	rx_fill(priv);
	return 0;
}

/* The device forgets all that it was given. */
static void stop_queues(struct virtio_can *priv)
{
	virtio_reset_device(priv->vdev);
	priv->vdev->config->del_vqs(priv->vdev);
}

static void free_device(struct virtio_can *priv)
{
	kfree(priv->tx);
	kfree(priv->rx);
	kfree(priv->ctrl);
	free_candev(priv->dev);
}

static struct virtio_can *alloc_device(struct virtio_device *vdev)
{
	struct net_device *dev = alloc_candev(sizeof(struct virtio_can), 0);
	struct virtio_can *priv;

	if (!dev)
		return NULL;
	priv = netdev_priv(dev);
	priv->dev = dev;
	priv->vdev = vdev;
	priv->tx = kcalloc(TX_SLOTS, sizeof(*priv->tx), GFP_KERNEL);
	priv->ctrl = kzalloc(sizeof(*priv->ctrl), GFP_KERNEL);
	if (!priv->tx || !priv->ctrl) {
		free_device(priv);
		return NULL;
	}
	spin_lock_init(&priv->tx_lock);
	mutex_init(&priv->ctrl_lock);
	init_completion(&priv->ctrl_done);
	INIT_WORK(&priv->config_work, config_work);
	vcan_napi_add(dev, &priv->napi, virtio_can_poll);
	dev->netdev_ops = &virtio_can_netdev_ops;
	dev->flags |= IFF_ECHO;
	SET_NETDEV_DEV(dev, &vdev->dev);
	return priv;
}

static int virtio_can_probe(struct virtio_device *vdev)
{
	bool fd = virtio_has_feature(vdev, VIRTIO_CAN_F_CAN_FD);
	struct virtio_can *priv;
	int err = 0;

	if (!fd && !virtio_has_feature(vdev, VIRTIO_CAN_F_CAN_CLASSIC)) {
		dev_err(&vdev->dev, "the device offers neither classic CAN nor CAN FD\n");
		return -ENODEV;
	}
	priv = alloc_device(vdev);
	if (!priv)
		return -ENOMEM;
	vdev->priv = priv;
	priv->rx_len = sizeof(struct virtio_can_rx) + (fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN);
	priv->rx_stride = ALIGN(priv->rx_len, L1_CACHE_BYTES);
	/* bit timing is the business of whoever has the controller */
	priv->can.bittiming.bitrate = CAN_BITRATE_UNKNOWN;
	vcan_data_bitrate(&priv->can) = CAN_BITRATE_UNKNOWN;
	priv->can.do_set_mode = virtio_can_set_mode;
	if (fd)
		err = vcan_static_ctrlmode(priv->dev, CAN_CTRLMODE_FD);
	if (!err)
		err = start_queues(priv);
	if (err)
		goto free;
	err = register_candev(priv->dev);
	if (!err)
		return 0;
	stop_queues(priv);
	cancel_work_sync(&priv->config_work);
free:
	free_device(priv);
	return err;
}

static void virtio_can_remove(struct virtio_device *vdev)
{
	struct virtio_can *priv = vdev->priv;

	unregister_candev(priv->dev);
	stop_queues(priv);
	cancel_work_sync(&priv->config_work);
	free_device(priv);
}

#ifdef CONFIG_PM_SLEEP
static int virtio_can_freeze(struct virtio_device *vdev)
{
	struct virtio_can *priv = vdev->priv;

	rtnl_lock();
	netif_device_detach(priv->dev);
	if (netif_running(priv->dev))
		virtio_can_stop(priv->dev);
	rtnl_unlock();
	cancel_work_sync(&priv->config_work);
	stop_queues(priv);
	return 0;
}

static int virtio_can_restore(struct virtio_device *vdev)
{
	struct virtio_can *priv = vdev->priv;
	int err = start_queues(priv);

	if (err)
		return err;
	rtnl_lock();
	/* one that cannot be started is down, and may be set up again */
	if (netif_running(priv->dev) && virtio_can_open(priv->dev))
		dev_close(priv->dev);
	netif_device_attach(priv->dev);
	rtnl_unlock();
	return 0;
}
#endif

static const struct virtio_device_id id_table[] = {
	{ VIRTIO_ID_CAN, VIRTIO_DEV_ANY_ID },
	{ 0 },
};
MODULE_DEVICE_TABLE(virtio, id_table);

static const unsigned int features[] = {
	VIRTIO_CAN_F_CAN_CLASSIC,
	VIRTIO_CAN_F_CAN_FD,
	VIRTIO_CAN_F_RTR_FRAMES,
	VIRTIO_CAN_F_LATE_TX_ACK,
};

static struct virtio_driver virtio_can_driver = {
	.driver.name = KBUILD_MODNAME,
	.driver.owner = THIS_MODULE,
	.feature_table = features,
	.feature_table_size = ARRAY_SIZE(features),
	.id_table = id_table,
	.probe = virtio_can_probe,
	.remove = virtio_can_remove,
	.config_changed = virtio_can_config_changed,
#ifdef CONFIG_PM_SLEEP
	.freeze = virtio_can_freeze,
	.restore = virtio_can_restore,
#endif
};
module_virtio_driver(virtio_can_driver);

MODULE_DESCRIPTION("SocketCAN driver for virtio CAN devices");
MODULE_LICENSE("GPL");
