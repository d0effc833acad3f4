/* SPDX-License-Identifier: MIT */
/*
 * A block device on a fake adapter, and daemons for it that complete in any order,
 * die when told to, and are replaced.
 */
#ifndef BLK_H
#define BLK_H

#include <pthread.h>

#include "fake.h"

#define BLK_SIZE  64 /* descriptors */
#define BLK_BYTES (1024UL * 1024)

/**
 * struct blk - one block device
 * @disk: its contents
 * @hold: sector whose request the daemon takes and never finishes; -1: none
 * @shuffle: finish in random order, and keep some for later
 * @served: by sector: how often a daemon finished a request for it
 * @finished: requests, all together
 * @held: heads that the daemon has taken and not finished
 */
struct blk {
	struct fake f;
	uint8_t *disk;
	pthread_t daemon;
	volatile bool dying;
	volatile long hold;
	volatile bool shuffle;
	volatile unsigned int finished;
	unsigned int served[BLK_BYTES / 512];
	uint16_t held[BLK_SIZE];
	volatile unsigned int num_held;
	unsigned int seed;
	char node[32];
	int fd; /* past the page cache; open before a daemon dies, as opening may wait for requests */
};

/* A running device with its node, or the program ends. */
void blk_start(struct blk *b);
/* One that may be adopted under that name. */
void blk_start_adoptable(struct blk *b, const char *name);
void blk_end(struct blk *b);
/* Ends the daemon where it stands: what it has taken stays taken. */
void blk_kill_daemon(struct blk *b);
/* The same with its adapter, which cannot say that the daemon is away. */
void blk_kill_both(struct blk *b);
/* A new daemon as an adapter starts it; -errno of VLB_RESUME_QUEUE. */
int blk_new_daemon(struct blk *b);
/* Another adapter adopts the device and starts a daemon; -errno of the first that fails. */
int blk_adopt(struct blk *b);
/* One block of 4 KiB, past the page cache; 0 or -errno. */
int blk_io(struct blk *b, unsigned int block, uint8_t *buf, bool write);

#endif /* BLK_H */
