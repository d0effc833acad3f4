// SPDX-License-Identifier: MIT
#include "can-link.h"

#include <errno.h>
#include <linux/can.h>
#include <linux/can/netlink.h>
#include <net/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

bool can_link_has_settings(const struct can_link_settings *settings)
{
	return settings->bitrate || settings->data_bitrate || settings->fd || settings->restart_ms >= 0;
}

/* The attribute of that type among @len bytes at @first, with at least @min bytes of payload. */
static const struct rtattr *find(const struct rtattr *first, size_t len, unsigned short type, size_t min)
{
	int left = (int)len;

	for (const struct rtattr *attr = first; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if ((attr->rta_type & NLA_TYPE_MASK) == type)
			return RTA_PAYLOAD(attr) >= min ? attr : NULL;
	}
	return NULL;
}

static const struct rtattr *find_inside(const struct rtattr *outer, unsigned short type, size_t min)
{
	return outer ? find(RTA_DATA(outer), RTA_PAYLOAD(outer), type, min) : NULL;
}

static uint32_t value_of(const struct rtattr *attr)
{
	uint32_t value;

	memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static bool says_bus_off(const struct rtattr *attrs, size_t len)
{
	const struct rtattr *info = find(attrs, len, IFLA_LINKINFO, 0), *kind, *state;

	kind = find_inside(info, IFLA_INFO_KIND, sizeof("can") - 1);
	if (!kind || strncmp(RTA_DATA(kind), "can", RTA_PAYLOAD(kind)) != 0)
		return false;
	state = find_inside(find_inside(info, IFLA_INFO_DATA, 0), IFLA_CAN_STATE, sizeof(uint32_t));
	return state && value_of(state) == CAN_STATE_BUS_OFF;
}

int can_link_read(const struct nlmsghdr *header, struct can_link *link)
{
	const struct ifinfomsg *info = NLMSG_DATA(header);
	const struct rtattr *attrs, *name, *mtu;
	size_t len;

	memset(link, 0, sizeof(*link));
	if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK)
		return -ENOMSG;
	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	attrs = IFLA_RTA(info);
	len = IFLA_PAYLOAD(header);
	name = find(attrs, len, IFLA_IFNAME, 2);
	if (!name || RTA_PAYLOAD(name) > sizeof(link->name))
		return -EBADMSG;
	memcpy(link->name, RTA_DATA(name), RTA_PAYLOAD(name));
	link->name[sizeof(link->name) - 1] = '\0';
	mtu = find(attrs, len, IFLA_MTU, sizeof(uint32_t));
	link->index = info->ifi_index;
	link->gone = header->nlmsg_type == RTM_DELLINK;
	link->is_can = info->ifi_type == ARPHRD_CAN;
	link->up = info->ifi_flags & IFF_UP;
	link->fd = mtu && value_of(mtu) >= CANFD_MTU;
	link->bus_off = says_bus_off(attrs, len);
	return 0;
}

/* --- requests. Room is CAN_LINK_BYTES, more than all attributes together can take. */

static struct nlmsghdr *begin(char buf[CAN_LINK_BYTES], unsigned short type, unsigned short flags, int index)
{
	struct nlmsghdr *header = (struct nlmsghdr *)buf;
	struct ifinfomsg *info = NLMSG_DATA(header);

	memset(buf, 0, CAN_LINK_BYTES);
	header->nlmsg_len = NLMSG_LENGTH(sizeof(*info));
	header->nlmsg_type = type;
	header->nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	return header;
}

static struct rtattr *append(struct nlmsghdr *header, unsigned short type, const void *data, size_t len)
{
	struct rtattr *attr = (struct rtattr *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(attr), data, len);
	header->nlmsg_len = (uint32_t)(NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attr->rta_len));
	return attr;
}

/* All that was appended since belongs into @outer. */
static void close_nest(const struct nlmsghdr *header, struct rtattr *outer)
{
	outer->rta_len = (unsigned short)((const char *)header + header->nlmsg_len - (char *)outer);
}

/* Where the attributes of a CAN interface go: IFLA_LINKINFO { kind, IFLA_INFO_DATA { ... */
struct can_nest {
	struct rtattr *info;
	struct rtattr *data;
};

static struct can_nest open_can(struct nlmsghdr *header)
{
	struct can_nest nest;

	nest.info = append(header, IFLA_LINKINFO, NULL, 0);
	append(header, IFLA_INFO_KIND, "can", sizeof("can"));
	nest.data = append(header, IFLA_INFO_DATA, NULL, 0);
	return nest;
}

static size_t close_can(const struct nlmsghdr *header, struct can_nest nest)
{
	close_nest(header, nest.data);
	close_nest(header, nest.info);
	return header->nlmsg_len;
}

size_t can_link_ask(char buf[CAN_LINK_BYTES], const char *name)
{
	struct nlmsghdr *header = begin(buf, RTM_GETLINK, 0, 0);

	append(header, IFLA_IFNAME, name, strnlen(name, IF_NAMESIZE - 1) + 1);
	return header->nlmsg_len;
}

size_t can_link_set_up(char buf[CAN_LINK_BYTES], int index, bool up)
{
	struct nlmsghdr *header = begin(buf, RTM_NEWLINK, NLM_F_ACK, index);
	struct ifinfomsg *info = NLMSG_DATA(header);

	info->ifi_flags = up ? IFF_UP : 0;
	info->ifi_change = IFF_UP;
	return header->nlmsg_len;
}

size_t can_link_configure(char buf[CAN_LINK_BYTES], int index, const struct can_link_settings *settings)
{
	struct nlmsghdr *header = begin(buf, RTM_NEWLINK, NLM_F_ACK, index);
	struct can_nest nest = open_can(header);
	const struct can_bittiming nominal = { .bitrate = settings->bitrate };
	const struct can_bittiming data = { .bitrate = settings->data_bitrate };
	const struct can_ctrlmode mode = { .mask = CAN_CTRLMODE_FD, .flags = CAN_CTRLMODE_FD };
	const uint32_t restart_ms = (uint32_t)settings->restart_ms;

	if (settings->bitrate)
		append(header, IFLA_CAN_BITTIMING, &nominal, sizeof(nominal));
	if (settings->fd)
		append(header, IFLA_CAN_CTRLMODE, &mode, sizeof(mode));
	if (settings->data_bitrate)
		append(header, IFLA_CAN_DATA_BITTIMING, &data, sizeof(data));
	if (settings->restart_ms >= 0)
		append(header, IFLA_CAN_RESTART_MS, &restart_ms, sizeof(restart_ms));
	return close_can(header, nest);
}

size_t can_link_restart(char buf[CAN_LINK_BYTES], int index)
{
	struct nlmsghdr *header = begin(buf, RTM_NEWLINK, NLM_F_ACK, index);
	struct can_nest nest = open_can(header);
	const uint32_t one = 1;

	append(header, IFLA_CAN_RESTART, &one, sizeof(one));
	return close_can(header, nest);
}
