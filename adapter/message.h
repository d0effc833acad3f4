/* SPDX-License-Identifier: MIT */
/* The front-end's messages by the form of their payload. */
#ifndef ADAPTER_MESSAGE_H
#define ADAPTER_MESSAGE_H

#include "wire.h"

static inline struct vhu_msg new_msg(uint32_t request, uint32_t size)
{
	return (struct vhu_msg) { .request = request, .flags = VHU_VERSION, .size = size };
}

static inline struct vhu_msg u64_msg(uint32_t request, uint64_t value)
{
	struct vhu_msg msg = new_msg(request, sizeof(value));

	msg.payload.u64 = value;
	return msg;
}

static inline struct vhu_msg state_msg(uint32_t request, unsigned int index, unsigned int num)
{
	struct vhu_msg msg = new_msg(request, sizeof(msg.payload.state));

	msg.payload.state = (struct vhu_vring_state) { .index = index, .num = num };
	return msg;
}

static inline struct vhu_msg config_msg(uint32_t request, uint32_t offset, uint32_t len)
{
	struct vhu_msg msg = new_msg(request, (uint32_t)VHU_CONFIG_HEADER + len);

	msg.payload.config.offset = offset;
	msg.payload.config.size = len;
	return msg;
}

#endif /* ADAPTER_MESSAGE_H */
