/* SPDX-License-Identifier: MIT */
/* The sensitivity of an HTT panel, asked and set through its open hidraw node. Both calls may block for seconds. */
#ifndef SENSITIVITY_H
#define SENSITIVITY_H

#include <stdint.h>

#include "htt-features.h"

/**
 * struct sensitivity - what a panel says of itself
 * @levels: how many it has, from HTT_NORMAL upwards; 0: it has none to choose from, and the rest means nothing
 * @level: the present one, less than @levels
 */
struct sensitivity {
	unsigned int driver; /* enum htt_driver or one that is newer */
	unsigned int levels;
	unsigned int level;
};

/*
 * Ask the panel at @fd. Levels are 0 when it does not answer sensibly: @fd may be of any HID device. An answer that
 * does not come costs up to five seconds, once: then nothing else is asked.
 */
void sensitivity_read(int fd, struct sensitivity *sensitivity);

/* 0 when the panel took it, or -errno; it may be restarting then all the same. */
int sensitivity_write(int fd, unsigned int level);

#endif /* SENSITIVITY_H */
