/* SPDX-License-Identifier: MIT */
/*
 * The panel's sensitivity: set at each attach if an option says so, told to the
 * driver, and changed when the driver asks (ARCHITECTURE.md, "Sensitivity from a
 * guest"). level-policy.h decides, worker.h does what may block, this joins them.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "sensitivity.h"
#include "worker.h"

struct control;

/* The driver is to be told that the panel's level is @level; it may be the same as before. */
typedef void (*control_tell)(void *context, unsigned int level);

/* Can the panel called @name be set to @wish, or is none wished (LEVEL_NONE)? 0, or -EINVAL, having logged why not. */
int control_check(int wish, const struct sensitivity *sensitivity, const char *name);

/* @wish: enum htt_level to set at each attach, or LEVEL_NONE. @worker outlives the control. 0 or -errno. */
int control_new(
	sd_event *event, struct worker *worker, int wish, control_tell tell, void *context, struct control **control);
void control_free(struct control *control); /* before its worker's end it need not be idle; NULL is fine */

/* A panel is there: @fd is its hidraw node, good until control_gone(). */
void control_attached(struct control *control, int fd, const struct sensitivity *sensitivity);
void control_gone(struct control *control);

/* The driver sent {EV_MSC, MSC_RAW, @value}. */
void control_request(struct control *control, uint32_t value);

#endif /* CONTROL_H */
