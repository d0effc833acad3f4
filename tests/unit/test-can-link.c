// SPDX-License-Identifier: MIT
/* Messages of rtnetlink: what is read of them, and those that are made. */
#include <errno.h>
#include <linux/can.h>
#include <linux/can/netlink.h>
#include <net/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vhost-user-can/can-link.h"

/* A message under construction, as the kernel would write it. */
struct message {
	char bytes[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static struct nlmsghdr *header_of(struct message *m)
{
	return (struct nlmsghdr *)m->bytes;
}

static void begin(struct message *m, unsigned short type, int index, unsigned int flags)
{
	struct ifinfomsg *info = NLMSG_DATA(header_of(m));

	memset(m, 0, sizeof(*m));
	header_of(m)->nlmsg_type = type;
	header_of(m)->nlmsg_len = NLMSG_LENGTH(sizeof(*info));
	info->ifi_index = index;
	info->ifi_flags = flags;
	info->ifi_type = ARPHRD_CAN;
}

static struct rtattr *add(struct message *m, unsigned short type, const void *data, size_t len)
{
	struct rtattr *attr = (struct rtattr *)(m->bytes + NLMSG_ALIGN(header_of(m)->nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(attr), data, len);
	header_of(m)->nlmsg_len = (uint32_t)(NLMSG_ALIGN(header_of(m)->nlmsg_len) + RTA_ALIGN(attr->rta_len));
	return attr;
}

static void end(struct message *m, struct rtattr *outer)
{
	outer->rta_len = (unsigned short)(m->bytes + header_of(m)->nlmsg_len - (char *)outer);
}

static void describe(struct message *m, const char *kind, uint32_t mtu, uint32_t state)
{
	struct rtattr *info, *data;

	begin(m, RTM_NEWLINK, 7, IFF_UP);
	add(m, IFLA_IFNAME, "can0", sizeof("can0"));
	add(m, IFLA_MTU, &mtu, sizeof(mtu));
	info = add(m, IFLA_LINKINFO, NULL, 0);
	add(m, IFLA_INFO_KIND, kind, strlen(kind) + 1);
	data = add(m, IFLA_INFO_DATA, NULL, 0);
	add(m, IFLA_CAN_STATE, &state, sizeof(state));
	end(m, data);
	end(m, info);
}

static void an_interface(void **state)
{
	struct message m;
	struct can_link link;

	describe(&m, "can", CANFD_MTU, CAN_STATE_ERROR_ACTIVE);
	assert_int_equal(can_link_read(header_of(&m), &link), 0);
	assert_int_equal(link.index, 7);
	assert_string_equal(link.name, "can0");
	assert_true(link.up && link.fd && link.is_can);
	assert_false(link.gone || link.bus_off);
	describe(&m, "can", CAN_MTU, CAN_STATE_BUS_OFF);
	assert_int_equal(can_link_read(header_of(&m), &link), 0);
	assert_true(link.bus_off);
	assert_false(link.fd);
	/* the same number means something else to another kind */
	describe(&m, "vcan", CAN_MTU, CAN_STATE_BUS_OFF);
	assert_int_equal(can_link_read(header_of(&m), &link), 0);
	assert_false(link.bus_off);
}

static void one_that_goes(void **state)
{
	struct message m;
	struct can_link link;

	begin(&m, RTM_DELLINK, 7, 0);
	add(&m, IFLA_IFNAME, "can0", sizeof("can0"));
	assert_int_equal(can_link_read(header_of(&m), &link), 0);
	assert_true(link.gone);
	assert_false(link.up);
}

static void about_something_else(void **state)
{
	struct message m;
	struct can_link link;

	begin(&m, RTM_NEWADDR, 7, 0);
	assert_int_equal(can_link_read(header_of(&m), &link), -ENOMSG);
	begin(&m, RTM_NEWLINK, 7, 0);
	assert_int_equal(can_link_read(header_of(&m), &link), -EBADMSG); /* without a name */
	header_of(&m)->nlmsg_len = NLMSG_LENGTH(4);
	assert_int_equal(can_link_read(header_of(&m), &link), -EBADMSG);
	begin(&m, RTM_NEWLINK, 7, 0);
	add(&m, IFLA_IFNAME, "a-name-longer-than-any", sizeof("a-name-longer-than-any"));
	assert_int_equal(can_link_read(header_of(&m), &link), -EBADMSG);
}

/* Cut anywhere, or with any byte changed, a message is read within its bounds. The sanitizers look on. */
static void broken_messages(void **state)
{
	struct message m;
	struct can_link link;
	size_t len;

	describe(&m, "can", CANFD_MTU, CAN_STATE_BUS_OFF);
	len = header_of(&m)->nlmsg_len;
	for (size_t cut = NLMSG_HDRLEN; cut < len; cut++) {
		struct nlmsghdr *copy = malloc(cut);

		assert_non_null(copy);
		memcpy(copy, &m, cut);
		copy->nlmsg_len = (uint32_t)cut;
		can_link_read(copy, &link);
		free(copy);
	}
	for (size_t at = sizeof(struct nlmsghdr); at < len; at++) {
		for (unsigned int value = 0; value < 256; value += 5) {
			struct nlmsghdr *copy = malloc(len);

			assert_non_null(copy);
			memcpy(copy, &m, len);
			((uint8_t *)copy)[at] = (uint8_t)value;
			can_link_read(copy, &link);
			assert_true(memchr(link.name, 0, sizeof(link.name)) != NULL);
			free(copy);
		}
	}
}

/* The attribute of that type inside @outer, or of the message. */
static const struct rtattr *inside(const struct rtattr *first, int len, unsigned short type)
{
	for (; RTA_OK(first, len); first = RTA_NEXT(first, len)) {
		if (first->rta_type == type)
			return first;
	}
	return NULL;
}

static const struct rtattr *setting(const char *buf, unsigned short type)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)buf;
	const struct rtattr *info = inside(IFLA_RTA(NLMSG_DATA(header)), (int)IFLA_PAYLOAD(header), IFLA_LINKINFO),
			    *kind, *data;

	assert_non_null(info);
	kind = inside(RTA_DATA(info), (int)RTA_PAYLOAD(info), IFLA_INFO_KIND);
	assert_non_null(kind);
	assert_string_equal(RTA_DATA(kind), "can");
	data = inside(RTA_DATA(info), (int)RTA_PAYLOAD(info), IFLA_INFO_DATA);
	assert_non_null(data);
	return inside(RTA_DATA(data), (int)RTA_PAYLOAD(data), type);
}

static void settings(void **state)
{
	char buf[CAN_LINK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct can_link_settings none = { .restart_ms = -1 };
	struct can_link_settings all = { .bitrate = 500000, .data_bitrate = 2000000, .fd = true, .restart_ms = 0 };
	const struct nlmsghdr *header = (const struct nlmsghdr *)buf;
	const struct can_bittiming *timing;
	size_t len = can_link_configure(buf, 7, &all);

	assert_false(can_link_has_settings(&none));
	assert_true(can_link_has_settings(&all));
	assert_int_equal(header->nlmsg_len, len);
	assert_int_equal(((const struct ifinfomsg *)NLMSG_DATA(header))->ifi_index, 7);
	timing = RTA_DATA(setting(buf, IFLA_CAN_BITTIMING));
	assert_int_equal(timing->bitrate, 500000);
	assert_int_equal(timing->tq, 0);
	timing = RTA_DATA(setting(buf, IFLA_CAN_DATA_BITTIMING));
	assert_int_equal(timing->bitrate, 2000000);
	assert_int_equal(
		((const struct can_ctrlmode *)RTA_DATA(setting(buf, IFLA_CAN_CTRLMODE)))->flags, CAN_CTRLMODE_FD);
	assert_int_equal(*(const uint32_t *)RTA_DATA(setting(buf, IFLA_CAN_RESTART_MS)), 0);
	can_link_configure(buf, 7, &(struct can_link_settings) { .bitrate = 125000, .restart_ms = -1 });
	assert_null(setting(buf, IFLA_CAN_RESTART_MS));
	assert_null(setting(buf, IFLA_CAN_CTRLMODE));
	can_link_restart(buf, 7);
	assert_int_equal(*(const uint32_t *)RTA_DATA(setting(buf, IFLA_CAN_RESTART)), 1);
}

static void up_and_down(void **state)
{
	char buf[CAN_LINK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct ifinfomsg *info = NLMSG_DATA((const struct nlmsghdr *)buf);

	assert_int_equal(can_link_set_up(buf, 7, true), NLMSG_LENGTH(sizeof(*info)));
	assert_int_equal(info->ifi_flags, IFF_UP);
	assert_int_equal(info->ifi_change, IFF_UP);
	can_link_set_up(buf, 7, false);
	assert_int_equal(info->ifi_flags, 0);
	assert_int_equal(info->ifi_change, IFF_UP);
}

static void question(void **state)
{
	char buf[CAN_LINK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const struct nlmsghdr *)buf;
	const struct rtattr *name;
	size_t len = can_link_ask(buf, "fifteen-letters");

	assert_int_equal(header->nlmsg_len, len);
	name = inside(IFLA_RTA(NLMSG_DATA(header)), (int)IFLA_PAYLOAD(header), IFLA_IFNAME);
	assert_non_null(name);
	assert_string_equal(RTA_DATA(name), "fifteen-letters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface),
		cmocka_unit_test(one_that_goes),
		cmocka_unit_test(about_something_else),
		cmocka_unit_test(broken_messages),
		cmocka_unit_test(settings),
		cmocka_unit_test(up_and_down),
		cmocka_unit_test(question),
	};

	return cmocka_run_group_tests_name("can-link", tests, NULL, NULL);
}
