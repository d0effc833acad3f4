/* SPDX-License-Identifier: MIT */
/*
 * Messages over a connected vhost-user socket. Every call has a deadline, so a
 * peer that stops in the middle of a message costs @timeout_ms and its
 * connection, nothing else. The functions keep no state.
 */
#ifndef VHU_CHANNEL_H
#define VHU_CHANNEL_H

#include "wire.h"

/**
 * vhu_channel_recv - read one message with its descriptors
 * @fd: a connected stream socket, blocking or not
 * @msg: filled in; the caller owns msg->fds even on nothing but success
 * @timeout_ms: until the whole message must be there; -1 waits for ever
 *
 * Returns 0, -ECONNRESET (closed by the peer), -ETIMEDOUT, -EPROTO (wrong version,
 * payload larger than any message, too many descriptors), or -errno. After an
 * error no descriptor is left open and the socket is out of step: close it.
 */
int vhu_channel_recv(int fd, struct vhu_msg *msg, int timeout_ms);

/* Write one message; 0 or -errno as above. The descriptors stay the caller's. */
int vhu_channel_send(int fd, const struct vhu_msg *msg, int timeout_ms);

void vhu_msg_close_fds(struct vhu_msg *msg);

#endif /* VHU_CHANNEL_H */
