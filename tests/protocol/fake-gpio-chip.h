/* SPDX-License-Identifier: MIT */
/*
 * A GPIO chip that is a file, mapped by the daemon (gpio-on-a-file) and by the test that plays its outside. Edges go
 * through a FIFO for each line, FILE.N, that exists while somebody wants to know of them.
 */
#ifndef FAKE_GPIO_CHIP_H
#define FAKE_GPIO_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "vhost-user-gpio/gpio-chip.h"

#define FAKE_LINES 8
#define FAKE_PATH  128 /* of a FIFO */

/**
 * struct fake_line - the test writes the first part, the daemon the second
 * @refuse: a positive errno for whoever requests it
 * @refuse_edges: the same for requests with edges
 * @level: what the outside drives
 * @driven: what an output drives, as a voltage
 * @first: what it drove first after it had become an output
 * @requests: so often it was requested
 */
struct fake_line {
	char name[32];
	int32_t refuse;
	int32_t refuse_edges;
	bool level;

	bool requested;
	bool output;
	bool driven;
	bool first;
	bool active_low;
	uint32_t edges;
	uint32_t requests;
};

struct fake_chip {
	bool unplugged;
	char label[GPIO_LABEL_SIZE];
	struct fake_line lines[FAKE_LINES];
};

/* Map the file, made with quiet lines if it is not there. NULL: errno says why. */
struct fake_chip *fake_chip_map(const char *path);
void fake_chip_fifo(char fifo[FAKE_PATH], const char *path, unsigned int offset);

#endif /* FAKE_GPIO_CHIP_H */
