/* SPDX-License-Identifier: MIT */
/*
 * Messages of rtnetlink(7) about one network interface: read and made here, sent and
 * received elsewhere. No I/O.
 */
#ifndef CAN_LINK_H
#define CAN_LINK_H

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAN_LINK_BYTES 512 /* room for any message made here */

/**
 * struct can_link - what a message says of an interface
 * @gone: it was removed
 * @is_can: it carries CAN frames
 * @bus_off: its controller says so; interfaces without a controller (vcan) never do
 */
struct can_link {
	int index;
	char name[IF_NAMESIZE];
	bool gone;
	bool is_can;
	bool up;
	bool fd;
	bool bus_off;
};

/**
 * struct can_link_settings - what the interface is to be set to
 * @bitrate: bits a second; 0: as it is
 * @data_bitrate: of the data of FD frames; 0: as it is
 * @fd: switch FD frames on
 * @restart_ms: how long the kernel waits after bus-off before it restarts the controller; -1: as it is
 */
struct can_link_settings {
	uint32_t bitrate;
	uint32_t data_bitrate;
	bool fd;
	int64_t restart_ms;
};

/* Does anything of it need a message? */
bool can_link_has_settings(const struct can_link_settings *settings);

/*
 * RTM_NEWLINK or RTM_DELLINK of @len bytes at @header, which is complete but otherwise not
 * trusted. 0, -ENOMSG (about something else), -EBADMSG.
 */
int can_link_read(const struct nlmsghdr *header, struct can_link *link);

/* Each writes one request and returns its bytes. */
size_t can_link_ask(char buf[CAN_LINK_BYTES], const char *name); /* RTM_GETLINK; an RTM_NEWLINK answers */
size_t can_link_set_up(char buf[CAN_LINK_BYTES], int index, bool up);
/* The interface has to be down. */
size_t can_link_configure(char buf[CAN_LINK_BYTES], int index, const struct can_link_settings *settings);
size_t can_link_restart(char buf[CAN_LINK_BYTES], int index); /* after bus-off */

#endif /* CAN_LINK_H */
