/* SPDX-License-Identifier: MIT */
/* A one-finger touch panel that uhid plays, and the input nodes that the kernel makes of it. */
#ifndef BENCH_PANEL_H
#define BENCH_PANEL_H

#include <stdbool.h>
#include <stdint.h>

/* Create a panel with this serial; -errno, or a descriptor of /dev/uhid whose closing removes it. */
int panel_create(const char *serial);

/* The finger is now at @x (0 to 4095), or @down is false. 0 or -errno. */
int panel_touch(int fd, uint16_t x, bool down);

/* Answer what the kernel asks of the panel (feature reports); for a descriptor that is readable. */
void panel_serve(int fd);

/* Open the event node of @serial: the one virtio_input made, or the panel's own; -ENODEV when there is none. */
int panel_open_node(const char *serial, bool virtio);

#endif /* BENCH_PANEL_H */
