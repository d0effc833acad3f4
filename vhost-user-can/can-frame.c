// SPDX-License-Identifier: MIT
#include "can-frame.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "virtio_can.h"

#define BIT(n)	    (1ULL << (n))
#define KNOWN_FLAGS (VIRTIO_CAN_FLAGS_EXTENDED | VIRTIO_CAN_FLAGS_FD | VIRTIO_CAN_FLAGS_RTR)

_Static_assert(sizeof(struct virtio_can_tx_out) == CAN_HEADER_BYTES, "the header is packed by its layout");
_Static_assert(sizeof(struct virtio_can_rx) == CAN_HEADER_BYTES, "the header is packed by its layout");

/*
 * Was that kind of frame negotiated? Of the two bits that drafts had exchanged only today's counts for remote frames: a driver
 * with the other one alone is, by the specification, one that wants late acknowledgements and must get no remote frames.
 */
static bool negotiated(uint64_t features, bool fd, bool rtr)
{
	if (rtr && !(features & BIT(VIRTIO_CAN_F_RTR_FRAMES)))
		return false;
	return features & BIT(fd ? VIRTIO_CAN_F_CAN_FD : VIRTIO_CAN_F_CAN_CLASSIC);
}

static int check(const struct virtio_can_tx_out *out, size_t data_len)
{
	uint32_t flags = le32toh(out->flags), id = le32toh(out->can_id);
	uint16_t length = le16toh(out->length);
	bool fd = flags & VIRTIO_CAN_FLAGS_FD, rtr = flags & VIRTIO_CAN_FLAGS_RTR;

	if (le16toh(out->msg_type) != VIRTIO_CAN_TX || flags & ~(uint32_t)KNOWN_FLAGS || (fd && rtr))
		return -EINVAL;
	if (id & ~(flags & VIRTIO_CAN_FLAGS_EXTENDED ? CAN_EFF_MASK : CAN_SFF_MASK))
		return -EINVAL;
	if (length > (fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN))
		return -EINVAL;
	/* a remote frame has a length and no data */
	return !rtr && length > data_len ? -EINVAL : 0;
}

int can_frame_from_driver(const void *bytes, size_t len, uint64_t features, bool brs, struct can_msg *msg)
{
	struct virtio_can_tx_out out;
	uint32_t flags;
	int ret;

	memset(msg, 0, sizeof(*msg));
	if (len < sizeof(out))
		return -EINVAL;
	memcpy(&out, bytes, sizeof(out));
	ret = check(&out, len - sizeof(out));
	if (ret)
		return ret;
	flags = le32toh(out.flags);
	msg->fd = flags & VIRTIO_CAN_FLAGS_FD;
	if (!negotiated(features, msg->fd, flags & VIRTIO_CAN_FLAGS_RTR))
		return -EOPNOTSUPP;
	msg->frame.can_id = le32toh(out.can_id);
	msg->frame.len = (uint8_t)le16toh(out.length);
	if (flags & VIRTIO_CAN_FLAGS_EXTENDED)
		msg->frame.can_id |= CAN_EFF_FLAG;
	if (msg->fd && brs)
		msg->frame.flags = CANFD_BRS;
	if (flags & VIRTIO_CAN_FLAGS_RTR)
		msg->frame.can_id |= CAN_RTR_FLAG;
	else
		memcpy(msg->frame.data, (const uint8_t *)bytes + sizeof(out), msg->frame.len);
	return 0;
}

int can_frame_to_driver(const struct can_msg *msg, uint64_t features, uint8_t bytes[CAN_MESSAGE_BYTES])
{
	const struct canfd_frame *frame = &msg->frame;
	bool extended = frame->can_id & CAN_EFF_FLAG, rtr = frame->can_id & CAN_RTR_FLAG;
	size_t max = msg->fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN, len = frame->len < max ? frame->len : max;
	const struct virtio_can_rx header = {
		.msg_type = htole16(VIRTIO_CAN_RX),
		.length = htole16((uint16_t)len),
		.flags = htole32((extended ? VIRTIO_CAN_FLAGS_EXTENDED : 0u) | (msg->fd ? VIRTIO_CAN_FLAGS_FD : 0u) |
			(rtr ? VIRTIO_CAN_FLAGS_RTR : 0u)),
		.can_id = htole32(frame->can_id & (extended ? CAN_EFF_MASK : CAN_SFF_MASK)),
	};

	if (!negotiated(features, msg->fd, rtr))
		return -EOPNOTSUPP;
	memcpy(bytes, &header, sizeof(header));
	if (rtr)
		memset(bytes + sizeof(header), 0, len);
	else
		memcpy(bytes + sizeof(header), frame->data, len);
	return (int)(sizeof(header) + len);
}

bool can_frame_same(const struct can_msg *sent, const struct can_msg *echo)
{
	const struct canfd_frame *a = &sent->frame, *b = &echo->frame;

	if (sent->fd != echo->fd || a->can_id != b->can_id || a->len != b->len)
		return false;
	return a->can_id & CAN_RTR_FLAG || !memcmp(a->data, b->data, a->len);
}
