/* SPDX-License-Identifier: MIT */
/*
 * An adapter and a daemon in one, as small as can be: it speaks the module's
 * ABI directly, so that the module is tested without the rest of the project,
 * and misbehaves where a test asks for it.
 */
#ifndef FAKE_H
#define FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/virtio_ring.h>

#include "virtio_loopback.h"

#define FAKE_MAX_QUEUES 8
#define FAKE_ID_NET	1
#define FAKE_ID_BLOCK	2
#define FAKE_ID_CONSOLE 3
#define FAKE_ID_RNG	4
#define FAKE_ID_INPUT	18
#define FAKE_ID_SOUND	25
#define FAKE_ID_CAN	36
#define FAKE_ID_GPIO	41
#define FAKE_ID_NONE	60 /* no driver knows it */

struct fake;

struct fake_queue {
	int kick;
	int call;
	uint16_t seen; /* next available entry to take */
	struct vlb_queue_state state;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

/*
 * @mute: requests are read and never answered
 * @deaf: requests are not even read
 * @refuse_status: answer an error to a status with one of these bits
 * @running: DRIVER_OK was seen and no reset since
 */
struct fake {
	int fd;
	int pool_fd;
	uint8_t *pool;
	struct vlb_create create;
	struct fake_queue queues[FAKE_MAX_QUEUES];
	unsigned int num_queues;
	pthread_t server;
	int stop[2];
	volatile bool mute;
	volatile bool deaf;
	volatile uint8_t refuse_status;
	volatile bool running;
	volatile unsigned int resets;
	volatile unsigned int requests;
	volatile uint32_t last_reset_id;
	uint64_t capacity; /* of a block device, sectors */
	volatile uint16_t status; /* of a CAN device */
	uint8_t config[VLB_MAX_CONFIG]; /* the rest of it */
	uint8_t select;
	uint8_t subsel;
};

/* Ends the program with a sentence: the test cannot go on. */
void fake_die(const char *what) __attribute__((noreturn));
#define FAKE_NEED(cond) ((cond) ? (void)0 : fake_die(#cond))

/* A good description; change it, then fake_create(). */
struct vlb_create fake_template(unsigned int device_id);
/* Opens, creates, maps and sets up all queues with @size; not started. */
void fake_create(struct fake *f, const struct vlb_create *create, unsigned int size);
/* Answers requests in a thread from now on. */
void fake_serve(struct fake *f);
void fake_stop_serving(struct fake *f);
/* Tells the module that the backend is up and starts the device. */
void fake_start(struct fake *f);
void fake_close(struct fake *f);
/* Says goodbye; fake_close() still has to come. */
void fake_destroy(struct fake *f);
/* The adapter dies without a word; its daemon keeps memory and eventfds. */
void fake_abandon(struct fake *f);
/* Another adapter takes the device over, so far with the back-end down; -errno of VLB_ADOPT. */
int fake_adopt(struct fake *f, struct vlb_adopt *adopt);
/* What fake_adopt() is told, for the device of @f. */
struct vlb_adopt fake_adoption(const struct fake *f);
void fake_set_backend(struct fake *f, uint32_t backend);
bool fake_wait_running(struct fake *f, int ms);
/* Pool memory behind an address, or NULL. */
void *fake_at(struct fake *f, uint64_t iova);
void fake_map_queue(struct fake *f, unsigned int index);
/* One whole device, running, or the program ends. */
void fake_run(struct fake *f, unsigned int device_id, unsigned int queues, unsigned int size);

/* Takes the next available head, or returns -1 when there is none. */
int fake_pop(struct fake_queue *q, unsigned int size);
void fake_push(struct fake_queue *q, unsigned int size, uint32_t head, uint32_t len);
void fake_signal(int eventfd);
bool fake_wait_kick(struct fake_queue *q, int ms);
/* Delivers one input event when there is a buffer. */
bool fake_send_event(struct fake *f, uint16_t type, uint16_t code, uint32_t value);

/* Is that text in a line of the device's state in debugfs? */
bool fake_state_says(const struct fake *f, const char *text);
/* The device ends, within @ms. */
bool fake_gone(const struct fake *f, int ms);
/* Until udev, where it runs (not in the arm64 guest), has looked at all disks: it reads them, and reads them again when they are closed. */
void fake_settle_udev(void);

/* Milliseconds of a clock that only goes forward. */
uint64_t fake_now(void);
/* Path of the evdev node of the device in @buf, waiting up to @ms. */
bool fake_find_evdev(struct fake *f, char *buf, size_t len, int ms);
/* Name of the virtio device ("virtio3"), waiting up to @ms. */
bool fake_find_virtio(struct fake *f, char *buf, size_t len, int ms);

#endif /* FAKE_H */
