/* SPDX-License-Identifier: MIT */
/* The front-end's side of a fuzzed connection: messages and rings, most of them nearly right. */
#ifndef FUZZ_TRAFFIC_H
#define FUZZ_TRAFFIC_H

#include <stdint.h>

#include "tests/fuzz/chance.h"
#include "vhost-user/backend.h"

#define QUEUES	  2
#define RING_SIZE 8
#define MEM_BYTES 0x8000u
#define GUEST	  UINT64_C(0x10000)
#define USER	  UINT64_C(0x7f0000000000)

/* One connection with its front-end's side. */
struct run {
	struct chance chance;
	sd_event *event;
	struct vhu_dev *dev;
	int socket;
	int memory;
	uint8_t *bytes;
	int kick[QUEUES];
};

void traffic_message(struct run *run, uint32_t request); /* send one */
void traffic_ring(struct run *run); /* write the descriptors and the available ring of a queue */

#endif /* FUZZ_TRAFFIC_H */
