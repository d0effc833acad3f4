/* SPDX-License-Identifier: MIT */
/* A virtio CAN device on a fake adapter: it writes down what it is sent, and answers as the test wants. */
#ifndef CAN_H
#define CAN_H

#include <pthread.h>
#include <linux/can.h>

#include "fake.h"

#define CAN_SIZE   256 /* descriptors of a queue: more than the 128 frames that the driver has under way */
#define CAN_LOG	   4096
#define CAN_HEADER 16u /* bytes of a message before its data */

#define CAN_F_CLASSIC (1ull << 0)
#define CAN_F_FD      (1ull << 1)
#define CAN_F_BIT_2   (1ull << 2) /* remote frames; late acknowledge in drafts */
#define CAN_F_BIT_3   (1ull << 3) /* the other one */

/* Numbers of virtio 1.4, section "CAN Device" */
enum {
	CAN_MSG_TX = 0x0001,
	CAN_MSG_RX = 0x0101,
	CAN_MSG_START = 0x0201,
	CAN_MSG_STOP = 0x0202,
	CAN_FLAG_RTR = 0x2000,
	CAN_FLAG_FD = 0x4000,
	CAN_FLAG_EXTENDED = 0x8000,
	CAN_STATUS_BUSOFF = 1,
};

struct can_msg {
	uint16_t type;
	uint16_t length;
	uint8_t dlc;
	uint8_t padding;
	uint16_t priority;
	uint32_t flags;
	uint32_t id;
	uint8_t data[64];
} __attribute__((packed));

/**
 * struct can - one device
 * @tx_result: what each frame is answered with
 * @keep_tx: take frames, and finish none
 * @keep_ctrl: take control messages, and finish none
 * @flood: give each buffer for frames back at once; @flooded so far; with @tell the driver hears of it
 * @log: the frames that came, in order; @logged of them
 * @size: bytes of each in the driver's buffer
 */
struct can {
	struct fake f;
	pthread_t thread;
	volatile bool stop;
	volatile uint8_t tx_result;
	volatile bool keep_tx;
	volatile bool keep_ctrl;
	volatile bool flood;
	volatile bool tell;
	volatile unsigned int flooded;
	volatile unsigned int starts;
	volatile unsigned int stops;
	volatile unsigned int logged;
	struct can_msg log[CAN_LOG];
	unsigned int size[CAN_LOG];
	uint16_t kept[CAN_SIZE];
	volatile unsigned int num_kept;
	char name[32];
};

/* A device with these feature bits; its interface is there, and down, or the program ends. */
void can_start(struct can *c, uint64_t features);
void can_end(struct can *c);
/* False: *@value did not become @least within 20 s. */
bool can_wait_for(volatile unsigned int *value, unsigned int least);
/* Lets the driver have @msg in its next receive buffer, and claims @used bytes of it. False: no buffer, or too small. */
bool can_receive(struct can *c, const struct can_msg *msg, unsigned int used);
/* With @keep_tx: finishes the frame that was kept, and has @msg received, before the driver is told of either. */
bool can_answer(struct can *c, const struct can_msg *msg, unsigned int used);
/* The same while the driver is at @num frames that are all @other. */
bool can_answer_busy(
	struct can *c, const struct can_msg *msg, unsigned int used, const struct can_msg *other, unsigned int num);
/*
 * With @keep_tx, after @num frames were kept: finishes them all, order[0] (the first that came is 0) first, each with its own of @results.
 * The driver is told after every @group of them.
 */
void can_finish_kept(
	struct can *c, const unsigned int *order, const uint8_t *results, unsigned int num, unsigned int group);
/* Returns when the device has every buffer for frames, and the driver has seen what it gave back. */
void can_rest(struct can *c);
/* The caller, and what it starts, runs there from now on. */
void can_run_on(unsigned int cpu);
/* Or wherever the scheduler likes. */
void can_run_anywhere(void);
/* "ip link set NAME @words"; its exit status. */
int can_ip(const struct can *c, const char *words);
/* A raw socket on the interface; with @errors it is given error frames only, with @own its own frames, too. */
int can_socket(const struct can *c, bool errors, bool own);

#endif /* CAN_H */
