/* SPDX-License-Identifier: MIT */
/* An event node, read as frames that can be compared. */
#ifndef TEST_FAMILIES_NODE_H
#define TEST_FAMILIES_NODE_H

#include <linux/input.h>
#include <stdbool.h>
#include <stddef.h>

#define NODE_MAX_EVENTS (1 << 19)

/**
 * struct node - one event node and all that came from it
 * @frames: of these, complete ones
 * @overrun: the kernel dropped events, because nobody was here to read
 */
struct node {
	int fd;
	char path[64];
	struct input_event *events;
	unsigned int count;
	unsigned int frames;
	unsigned int end_of_last;
	bool overrun;
};

/* Waits for the node with that name whose physical path begins so. Dies when there is none. */
void node_open(struct node *node, const char *name, const char *phys);
void node_close(struct node *node);

/*
 * Takes what there is. Left out are MSC_TIMESTAMP, a clock that only the native
 * node has, and frames in which then nothing is left.
 */
void node_read(struct node *node);

/* Waits for something to read. */
bool node_wait(const struct node *node, int timeout_ms);

/* How many slots hold a finger, as the kernel knows it. */
unsigned int node_fingers(const struct node *node);

/* Prints how the two differ in axes, keys and properties. Returns how many differences there are. */
unsigned int node_compare_axes(const struct node *native, const struct node *ours);

/*
 * Prints the first frame that differs, with @context frames before it. Tracking ids are
 * mapped one to one. Returns whether all frames are the same.
 */
bool node_compare(const struct node *native, const struct node *ours, unsigned int context);

#endif /* TEST_FAMILIES_NODE_H */
