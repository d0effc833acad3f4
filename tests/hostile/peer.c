// SPDX-License-Identifier: MIT
#include "tests/hostile/peer.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"

#define BIT(n)	   (1ULL << (n))
#define F_INDIRECT BIT(28)
#define F_EVENT	   BIT(29)
#define F_VERSION  BIT(32)
#define TIMEOUT_MS 5000

static uint64_t protocol_features(const struct peer *p)
{
	uint64_t features = BIT(VHU_PF_MQ) | BIT(VHU_PF_REPLY_ACK) | BIT(VHU_PF_BACKEND_REQ);

	return p->model->config_size ? features | BIT(VHU_PF_CONFIG) : features;
}

void peer_init(struct peer *p, const struct model *model, struct chance *chance)
{
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->conn = p->backend = -1;
	p->model = model;
	p->state.chance = chance;
	for (i = 0; i < RINGS_MAX; i++)
		p->rings[i].kick = p->rings[i].call = -1;
	/* The same for all connections: a device that comes back with fewer features is begun anew. */
	p->offered = model->always | (model->maybe & chance_u64(chance)) | F_INDIRECT | F_VERSION |
		BIT(VHU_F_PROTOCOL_FEATURES);
	if (chance_below(chance, 2))
		p->offered |= F_EVENT;
}

void peer_connected(struct peer *p, int conn)
{
	peer_hang_up(p);
	p->conn = conn;
}

void peer_hang_up(struct peer *p)
{
	unsigned int i;

	if (p->conn >= 0)
		close(p->conn);
	if (p->backend >= 0)
		close(p->backend);
	p->conn = p->backend = -1;
	p->driving = false;
	p->state.step = 0;
	for (i = 0; i < RINGS_MAX; i++)
		ring_forget(&p->rings[i]);
	if (!p->mem.at)
		return;
	memory_unmap(&p->old[p->num_old % OLD_MEMORIES]);
	p->old[p->num_old++ % OLD_MEMORIES] = p->mem;
	p->mem.at = NULL;
}

void peer_config_changed(struct peer *p)
{
	struct vhu_msg msg = { .request = VHU_BACKEND_CONFIG_CHANGE_MSG, .flags = VHU_VERSION };

	if (p->backend < 0 || vhu_channel_send(p->backend, &msg, 1))
		return;
	p->changes++;
}

void peer_backend_input(struct peer *p)
{
	char bytes[256];

	if (recv(p->backend, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		return;
	close(p->backend);
	p->backend = -1;
}

static struct ring *ring_of(struct peer *p, uint64_t index)
{
	return &p->rings[(index & VHU_VRING_INDEX_MASK) % RINGS_MAX];
}

static int take_fd(struct vhu_msg *msg)
{
	int fd = msg->num_fds ? msg->fds[0] : -1;

	if (msg->num_fds)
		msg->fds[0] = -1;
	return fd;
}

static void set_addresses(struct peer *p, const struct vhu_vring_addr *addr)
{
	struct ring *r = ring_of(p, addr->index);

	r->desc = memory_user(&p->mem, addr->desc, r->num * sizeof(*r->desc));
	r->avail = memory_user(&p->mem, addr->avail, 6 + 2 * r->num);
	r->used = memory_user(&p->mem, addr->used, 6 + r->num * sizeof(r->used->ring[0]));
}

static void enable(struct peer *p, struct ring *r, bool on)
{
	unsigned int i;

	r->enabled = on;
	r->num_held = on ? r->num_held : 0;
	p->driving = false;
	for (i = 0; i < RINGS_MAX; i++)
		p->driving |= ring_usable(&p->rings[i]);
	if (!p->driving)
		p->state.step = 0;
}

static void answer_config(struct peer *p, struct vhu_config *c)
{
	uint8_t space[2 * CONFIG_MAX] = { 0 };
	unsigned int i;

	if (p->model->config)
		p->model->config(&p->state, space);
	for (i = 0; p->garble_config && i < p->model->config_size; i++)
		if (!chance_below(p->state.chance, 4))
			space[i] = (uint8_t)chance_u32(p->state.chance);
	if (c->size > VHU_MAX_CONFIG)
		c->size = VHU_MAX_CONFIG;
	memcpy(c->data, space + (c->offset < CONFIG_MAX ? c->offset : CONFIG_MAX), c->size);
}

static void keep_config(struct peer *p, const struct vhu_config *c)
{
	if (c->offset < CONFIG_MAX && c->size <= CONFIG_MAX - c->offset)
		memcpy(p->state.config + c->offset, c->data, c->size);
}

static uint64_t set_memory(struct peer *p, struct vhu_msg *msg)
{
	memory_unmap(&p->mem);
	return memory_map(&p->mem, &msg->payload.mem.regions[0], take_fd(msg)) ? 1 : 0;
}

/* What a message asks for; false: it is answered by nothing but an acknowledgement, which is in *ack. */
static bool handle(struct peer *p, struct vhu_msg *msg, uint64_t *ack)
{
	struct ring *r = ring_of(p, msg->payload.state.index);

	*ack = 0;
	switch (msg->request) {
	case VHU_GET_FEATURES: msg->payload.u64 = p->offered; break;
	case VHU_GET_PROTOCOL_FEATURES: msg->payload.u64 = protocol_features(p); break;
	case VHU_GET_QUEUE_NUM: msg->payload.u64 = p->model->num_queues; break;
	case VHU_GET_VRING_BASE:
		enable(p, r, false);
		msg->payload.state.num = r->taken;
		msg->size = sizeof(msg->payload.state);
		return true;
	case VHU_GET_CONFIG: answer_config(p, &msg->payload.config); return true;
	case VHU_SET_FEATURES: p->state.features = msg->payload.u64; return false;
	case VHU_SET_CONFIG: keep_config(p, &msg->payload.config); return false;
	case VHU_SET_MEM_TABLE: *ack = set_memory(p, msg); return false;
	case VHU_SET_VRING_NUM: r->num = msg->payload.state.num; return false;
	case VHU_SET_VRING_BASE: r->taken = r->used_idx = (uint16_t)msg->payload.state.num; return false;
	case VHU_SET_VRING_ADDR: set_addresses(p, &msg->payload.addr); return false;
	case VHU_SET_VRING_ENABLE: enable(p, r, msg->payload.state.num); return false;
	case VHU_SET_VRING_KICK:
		if (r->kick >= 0)
			close(r->kick);
		r->kick = take_fd(msg);
		return false;
	case VHU_SET_VRING_CALL:
		if (r->call >= 0)
			close(r->call);
		r->call = take_fd(msg);
		return false;
	case VHU_SET_BACKEND_REQ_FD: p->backend = take_fd(msg); return false;
	default: return false;
	}
	msg->size = sizeof(msg->payload.u64);
	return true;
}

void peer_input(struct peer *p)
{
	struct vhu_msg msg;
	bool need_reply, has_answer;
	uint64_t ack;

	if (vhu_channel_recv(p->conn, &msg, TIMEOUT_MS)) {
		peer_hang_up(p);
		return;
	}
	p->messages++;
	need_reply = msg.flags & VHU_FLAG_NEED_REPLY;
	has_answer = handle(p, &msg, &ack);
	vhu_msg_close_fds(&msg);
	if (!has_answer && !need_reply)
		return;
	if (!has_answer) {
		msg.payload.u64 = ack;
		msg.size = sizeof(ack);
	}
	msg.flags = VHU_VERSION | VHU_FLAG_REPLY;
	msg.num_fds = 0;
	if (vhu_channel_send(p->conn, &msg, TIMEOUT_MS))
		peer_hang_up(p);
}
