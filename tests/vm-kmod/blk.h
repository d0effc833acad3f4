/* SPDX-License-Identifier: MIT */
/*
 * A block device on a fake adapter, and daemons for it that complete in any order,
 * die when told to, and are replaced.
 */
#ifndef BLK_H
#define BLK_H

#include <pthread.h>

#include "fake.h"

#define BLK_SIZE     64 /* descriptors */
#define BLK_BYTES    (1024UL * 1024)
#define BLK_SEGMENTS 14 /* of one request, at most */

/* What a daemon makes of reads. */
enum blk_mood {
	BLK_HONEST,
	BLK_UNDER, /* says that it wrote nothing, which drivers believe no daemon */
	BLK_OVER, /* says that it wrote more than there is */
	BLK_FAIL, /* writes no data, and VIRTIO_BLK_S_IOERR; says that it wrote all, as QEMU does */
	BLK_HALF, /* the same with the first half of the data */
	BLK_SILENT, /* writes nothing at all, and says so */
};

/**
 * struct blk - one block device
 * @disk: its contents
 * @hold: sector whose request the daemon takes and never finishes; -1: none
 * @shuffle: finish in random order, and keep some for later
 * @mood: for reads of more than a page
 * @status: where it has written the status of the last of these; NULL while it looks for the next one
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
	volatile enum blk_mood mood;
	uint8_t *volatile status;
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
/* One with these features besides, and so many queues; any but the first are polled, without a kick or call. */
void blk_start_with(struct blk *b, uint64_t features, unsigned int queues);
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
