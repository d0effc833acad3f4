/* SPDX-License-Identifier: MIT */
/*
 * Takes connections at a listening socket for as long as they are wanted. One that cannot be taken leaves the socket
 * readable: without a pause a lack of descriptors would spin the loop.
 */
#ifndef VHU_ACCEPT_H
#define VHU_ACCEPT_H

#include <stdbool.h>
#include <systemd/sd-event.h>

/**
 * struct vhu_acceptor - all zero at first
 * @who: connects, for people: "a client"
 * @connected: here is one, which does not block; the callee owns @fd, whatever it returns. < 0: pause as well
 * @data: for @connected
 * @unwanted: see vhu_acceptor_want()
 * @source: NULL: not started
 * @retry: there is a pause
 *
 * The caller sets the first three.
 */
struct vhu_acceptor {
	const char *who;
	int (*connected)(void *data, int fd);
	void *data;
	bool unwanted;
	sd_event *event;
	sd_event_source *source;
	sd_event_source *retry;
};

/* @fd stays the caller's, and open until vhu_acceptor_stop(). 0 or -errno */
int vhu_acceptor_start(struct vhu_acceptor *a, sd_event *event, int fd);
/* Those who are not wanted wait in the backlog. At first they are. Nothing if @a was not started or is stopped. */
void vhu_acceptor_want(struct vhu_acceptor *a, bool wanted);
void vhu_acceptor_stop(struct vhu_acceptor *a); /* twice is fine, and without a start */

#endif /* VHU_ACCEPT_H */
