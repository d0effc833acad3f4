// SPDX-License-Identifier: MIT
#include "can-helper.h"

#include <errno.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define MAX_RETIRED	4
#define RECEIVE_BYTES	(4 << 20) /* some thousand frames, while the daemon is busy elsewhere */
#define ANSWER_SECONDS	10
#define MESSAGE_BYTES	16384
#define MESSAGES_A_TIME 64
#define DEATH_TICK_US	10000
#define DEATH_TICKS	500

/**
 * struct helper
 * @fd: the daemon
 * @events: changes of interfaces
 * @requests: for questions and settings
 * @link: the interface; index 0: there is none
 * @socket: bound to it, or -1
 * @retired: sockets of the past that the daemon has not dropped yet
 * @started: the driver has
 * @bring_up: it is time to set the interface up; once for each start and each appearance
 * @brought_up: index of the interface that this process has set up, or 0
 * @starts: orders to start so far, modulo 256
 * @restart: the driver starts its controller just now, perhaps because of bus-off
 * @told: the last report
 */
struct helper {
	const struct can_port_config *config;
	int fd;
	int events;
	int requests;
	uint32_t sequence;
	struct can_link link;
	int socket;
	int retired[MAX_RETIRED];
	unsigned int num_retired;
	bool started;
	bool bring_up;
	int brought_up;
	uint8_t starts;
	bool restart;
	struct can_port_report told;
};

static int open_netlink(unsigned int groups)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = groups };
	const struct timeval timeout = { .tv_sec = ANSWER_SECONDS };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), err;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) &&
		!bind(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/* One message of an answer: 0 done, -EAGAIN it is none of ours. */
static int read_answer(const struct nlmsghdr *header, uint32_t sequence, struct can_link *link)
{
	if (header->nlmsg_seq != sequence)
		return -EAGAIN;
	if (header->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(header);

		return header->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EBADMSG : error->error;
	}
	return link ? can_link_read(header, link) : -EAGAIN;
}

/* Sends the @len bytes of @request and waits for what the kernel says; a description goes to @link, if that was asked for. */
static int ask(struct helper *helper, char *request, size_t len, struct can_link *link)
{
	char buf[MESSAGE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *header = (struct nlmsghdr *)request;

	header->nlmsg_seq = ++helper->sequence;
	if (send(helper->requests, request, len, 0) < 0)
		return -errno;
	for (int i = 0; i < MESSAGES_A_TIME; i++) {
		ssize_t n = recv(helper->requests, buf, sizeof(buf), 0);
		int ret;

		if (n < 0)
			return -errno;
		header = (struct nlmsghdr *)buf;
		if (!NLMSG_OK(header, (size_t)n))
			return -EBADMSG;
		ret = read_answer(header, helper->sequence, link);
		if (ret != -EAGAIN)
			return ret;
	}
	return -EPROTO;
}

static int open_socket(int index)
{
	const struct sockaddr_can addr = { .can_family = AF_CAN, .can_ifindex = index };
	const can_err_mask_t errors = CAN_ERR_MASK;
	const int one = 1, bytes = RECEIVE_BYTES;
	int fd = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, CAN_RAW), err;

	if (fd < 0)
		return -errno;
	/* These two make things better, but it goes without. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one));
	if (!setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one)) &&
		!setsockopt(fd, SOL_CAN_RAW, CAN_RAW_RECV_OWN_MSGS, &one, sizeof(one)) &&
		!setsockopt(fd, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof(errors)) &&
		!bind(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/* The descriptor stays until the daemon has closed its own. */
static void retire_socket(struct helper *helper)
{
	if (helper->socket >= 0)
		helper->retired[helper->num_retired++] = helper->socket;
	helper->socket = -1;
}

static void drop_oldest(struct helper *helper)
{
	if (!helper->num_retired)
		return;
	close(helper->retired[0]);
	helper->num_retired--;
	memmove(helper->retired, helper->retired + 1, helper->num_retired * sizeof(helper->retired[0]));
}

static int send_report(const struct helper *helper, const struct can_port_report *report, int socket)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct can_port_report copy = *report;
	struct iovec iov = { &copy, sizeof(copy) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (socket >= 0) {
		struct cmsghdr *cmsg = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &socket, sizeof(socket));
	}
	return sendmsg(helper->fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static bool wants_up(const struct helper *helper)
{
	return helper->config->manage && helper->started && helper->bring_up && helper->link.index;
}

/* Tells the daemon how things are, if they have changed. What is about to be set up may be up, but is not ready for frames. */
static int report(struct helper *helper, bool new_socket)
{
	const struct can_port_report now = {
		.present = helper->socket >= 0,
		.up = helper->socket >= 0 && helper->link.up && !wants_up(helper),
		.fd = helper->link.fd,
		.bus_off = helper->link.bus_off,
		.starts = helper->starts,
	};

	if (!new_socket && !memcmp(&now, &helper->told, sizeof(now)))
		return 0;
	helper->told = now;
	return send_report(helper, &now, new_socket ? helper->socket : -1);
}

static void complain(const struct helper *helper, const char *what, int error)
{
	const char *name = helper->config->name;

	if (error == -EPERM)
		vhu_err("cannot %s %s: the daemon needs the capability CAP_NET_ADMIN for that", what, name);
	else if (error == -EOPNOTSUPP)
		vhu_err("cannot %s %s: an interface of its kind has no such setting", what, name);
	else
		vhu_err("cannot %s %s: %s", what, name, strerror(-error));
}

static void set_up(struct helper *helper)
{
	const struct can_link_settings *settings = &helper->config->settings;
	char buf[CAN_LINK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int index = helper->link.index, ret = 0;

	helper->bring_up = false;
	if (can_link_has_settings(settings) && helper->brought_up != index) {
		if (helper->link.up)
			ret = ask(helper, buf, can_link_set_up(buf, index, false), NULL);
		if (!ret)
			ret = ask(helper, buf, can_link_configure(buf, index, settings), NULL);
		if (ret)
			complain(helper, "configure", ret);
	}
	if (!ret) {
		ret = ask(helper, buf, can_link_set_up(buf, index, true), NULL);
		if (ret)
			complain(helper, "set up", ret);
	}
	if (!ret)
		helper->brought_up = index;
}

static void set_down(struct helper *helper)
{
	char buf[CAN_LINK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int ret;

	if (helper->brought_up && helper->brought_up == helper->link.index) {
		ret = ask(helper, buf, can_link_set_up(buf, helper->link.index, false), NULL);
		if (ret)
			complain(helper, "set down", ret);
	}
	helper->brought_up = 0;
}

static void restart(struct helper *helper)
{
	char buf[CAN_LINK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int ret = ask(helper, buf, can_link_restart(buf, helper->link.index), NULL);

	/* busy: the kernel restarts it by itself, or has just done so */
	if (ret && ret != -EBUSY && ret != -EINVAL)
		complain(helper, "restart", ret);
}

static void manage(struct helper *helper)
{
	if (!helper->config->manage || !helper->link.index)
		return;
	if (!helper->started) {
		set_down(helper);
		return;
	}
	/* setting up one that is up does not bring it back from bus-off */
	if (helper->bring_up)
		set_up(helper);
	else if (helper->restart && helper->link.bus_off)
		restart(helper);
}

/* Opens a socket if the interface is there and none is open. Returns whether there is a new one. */
static bool get_socket(struct helper *helper)
{
	if (!helper->link.index || helper->socket >= 0 || helper->num_retired == MAX_RETIRED)
		return false;
	if (!helper->link.is_can) {
		vhu_log_limited(VHU_LOG_ERROR, "%s is no CAN interface; give another one", helper->config->name);
		return false;
	}
	helper->socket = open_socket(helper->link.index);
	if (helper->socket >= 0) {
		helper->bring_up = true;
		vhu_info("%s is there%s%s", helper->config->name, helper->link.fd ? ", with CAN FD" : "",
			helper->link.up ? "" : ", but it is down");
		return true;
	}
	vhu_log_limited(
		VHU_LOG_ERROR, "cannot open a CAN socket on %s: %s", helper->config->name, strerror(-helper->socket));
	helper->socket = -1;
	return false;
}

/* Returns whether there is a new socket. */
static bool find_link(struct helper *helper)
{
	char buf[CAN_LINK_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct can_link now = { 0 };
	int ret = ask(helper, buf, can_link_ask(buf, helper->config->name), &now);

	if (ret) {
		now = (struct can_link) { 0 };
		if (ret != -ENODEV)
			complain(helper, "ask about", ret);
	}
	if (now.index != helper->link.index) {
		if (helper->socket >= 0)
			vhu_warn("%s has gone; waiting for its return", helper->config->name);
		retire_socket(helper);
	}
	helper->link = now;
	return get_socket(helper);
}

/* Something has changed: look, tell, act, and look at what came of it. Nonzero: the daemon has ended. */
static int look(struct helper *helper)
{
	bool acts;
	int ret;

	do {
		bool new_socket = find_link(helper);

		acts = wants_up(helper);
		ret = report(helper, new_socket);
		manage(helper);
	} while (acts && !ret);
	return ret;
}

static int take_order(struct helper *helper)
{
	uint8_t order;
	ssize_t n = recv(helper->fd, &order, sizeof(order), 0);
	int ret;

	if (n <= 0)
		return -ECONNRESET;
	switch (order) {
	case CAN_PORT_START:
		helper->started = true;
		helper->starts++;
		helper->bring_up = true;
		helper->restart = true;
		break;
	case CAN_PORT_STOP: helper->started = false; break;
	case CAN_PORT_DROPPED: drop_oldest(helper); break;
	default: break;
	}
	ret = look(helper);
	helper->restart = false;
	return ret;
}

/* Is one of the messages about our interface? Losing some counts as such. */
static bool concerns_us(const struct helper *helper)
{
	char buf[MESSAGE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool concerned = false;

	for (int i = 0; i < MESSAGES_A_TIME; i++) {
		ssize_t n = recv(helper->events, buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *header = (const struct nlmsghdr *)buf;
		struct can_link link;

		if (n < 0 && errno != ENOBUFS)
			break;
		concerned = concerned || n < 0;
		for (int left = n < 0 ? 0 : (int)n; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
			if (!can_link_read(header, &link) &&
				(link.index == helper->link.index || !strcmp(link.name, helper->config->name)))
				concerned = true;
		}
	}
	return concerned;
}

static int serve(struct helper *helper)
{
	struct pollfd fds[] = { { .fd = helper->fd, .events = POLLIN }, { .fd = helper->events, .events = POLLIN } };
	int ret = look(helper);

	if (!helper->link.index)
		vhu_warn("there is no interface %s; waiting for it", helper->config->name);
	while (!ret) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents && concerns_us(helper))
			ret = look(helper);
		if (!ret && fds[0].revents)
			ret = take_order(helper);
	}
	return ret;
}

int can_helper_run(const struct can_port_config *config, int fd)
{
	struct helper helper = { .config = config, .fd = fd, .socket = -1 };
	const pid_t daemon = getppid();

	helper.events = open_netlink(RTMGRP_LINK);
	helper.requests = open_netlink(0);
	if (helper.events < 0 || helper.requests < 0) {
		vhu_err("cannot watch network interfaces: %s",
			strerror(-(helper.events < 0 ? helper.events : helper.requests)));
		return 1;
	}
	serve(&helper);
	/* If this were the first to close a socket, the dying daemon would have to wait for the lock. */
	for (int i = 0; i < DEATH_TICKS && getppid() == daemon; i++)
		usleep(DEATH_TICK_US);
	/* The daemon has ended without a word: what it had set up goes down with it. */
	helper.started = false;
	manage(&helper);
	return 0;
}
