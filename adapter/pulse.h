/* SPDX-License-Identifier: MIT */
/*
 * Does the daemon still live? The kernel's requests have a deadline, the driver's have
 * none: a disk may take its time. So while buffers are with the daemon it is asked something
 * trivial now and then; one that does not answer that either will not serve them.
 */
#ifndef ADAPTER_PULSE_H
#define ADAPTER_PULSE_H

#include <systemd/sd-event.h>

#include "adapter/session.h"

struct pulse;

/**
 * pulse_new - watch the daemon of a session, whichever it is
 * @s: must outlive the pulse
 * @seconds: after so long without a sign of life, at least half of it after a question,
 *	the daemon is given up; 0: never
 * @lost: is called then, once for each frontend_broken() daemon; it may free session.fe
 */
int pulse_new(
	struct session *s, sd_event *event, int seconds, void (*lost)(void *data), void *data, struct pulse **pulse);
void pulse_free(struct pulse *pulse); /* NULL is fine */

#endif /* ADAPTER_PULSE_H */
