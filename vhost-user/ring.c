// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "backend.h"
#include "log.h"

static struct vhu_ring *find_ring(struct vhu_backend *be, uint64_t index)
{
	return index < be->dev->num_queues ? &be->dev->rings[index] : NULL;
}

/* The ring that a message with a descriptor is about. */
static struct vhu_ring *find_fd_ring(struct vhu_backend *be, const struct vhu_msg *msg)
{
	return find_ring(be, msg->payload.u64 & VHU_VRING_INDEX_MASK);
}

static int take_fd(struct vhu_msg *msg)
{
	if (!msg->num_fds)
		return -1;
	msg->num_fds = 0;
	return msg->fds[0];
}

static int on_again(sd_event_source *source, void *data);

/*
 * A kick, or the first look at a ring that has just been started. No driver can
 * keep us here: after one ring's worth of elements it is everybody else's turn.
 */
static void serve(struct vhu_ring *ring)
{
	const char *broken;

	virtq_set_budget(ring->vq, virtq_size(ring->vq));
	ring->dev->type->queue_kick(ring->dev, ring->vq);
	if (virtq_set_budget(ring->vq, VIRTQ_NO_BUDGET) && vhu_dev_later(ring->dev, &ring->again, on_again, ring))
		vhu_dev_fail(ring->dev, "a queue that is never empty cannot be scheduled");
	broken = virtq_broken(ring->vq);
	if (broken)
		vhu_dev_fail(ring->dev, broken);
}

static int on_again(sd_event_source *source, void *data)
{
	struct vhu_ring *ring = data;

	ring->again = sd_event_source_disable_unref(ring->again);
	if (virtq_started(ring->vq))
		serve(ring);
	return 0;
}

static void drop_kick(struct vhu_ring *ring)
{
	ring->kick = sd_event_source_unref(ring->kick);
}

/*
 * Here a kick enters. The source is edge triggered: every signal on an eventfd is
 * an edge, so its counter need not be read. That saves a system call, cannot block
 * and cannot spin, whatever the front-end passed for an eventfd.
 */
static int on_kick(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct vhu_ring *ring = data;

	if (revents & (EPOLLERR | EPOLLHUP)) {
		vhu_log_limited(VHU_LOG_WARN,
			"queue %u: its kick descriptor does not work any more; not listening to it",
			virtq_index(ring->vq));
		drop_kick(ring);
		return 0;
	}
	if (virtq_started(ring->vq))
		serve(ring);
	return 0;
}

static void stop_queue(struct vhu_ring *ring)
{
	if (!virtq_started(ring->vq))
		return;
	if (ring->dev->type->queue_stop)
		ring->dev->type->queue_stop(ring->dev, ring->vq);
	ring->setup.base = virtq_stop(ring->vq);
	vhu_debug("queue %u stopped at index %u", virtq_index(ring->vq), ring->setup.base);
}

/* Brings the queue into the state that @kicked and @enabled ask for. */
static int update_queue(struct vhu_backend *be, struct vhu_ring *ring)
{
	int r;

	if (!ring->kicked || !ring->enabled) {
		stop_queue(ring);
		return 0;
	}
	if (virtq_started(ring->vq))
		return 0;
	if (!be->mem || !ring->have_addr || !ring->setup.size)
		return -EINVAL;
	ring->setup.features = be->features;
	r = virtq_start(ring->vq, be->mem, &ring->setup);
	if (r < 0)
		return r;
	vhu_debug("queue %u started: %u descriptors, index %u", virtq_index(ring->vq), ring->setup.size,
		ring->setup.base);
	if (ring->dev->type->queue_start)
		ring->dev->type->queue_start(ring->dev, ring->vq);
	/* the driver may have kicked while nobody listened, and may wait for an interrupt that got lost */
	serve(ring);
	virtq_notify(ring->vq);
	return 0;
}

int vhu_ring_set_num(struct vhu_backend *be, struct vhu_msg *msg)
{
	const struct vhu_vring_state *state = &msg->payload.state;
	struct vhu_ring *ring = find_ring(be, state->index);

	if (!ring || !state->num || state->num > VIRTQ_MAX_SIZE || (state->num & (state->num - 1)))
		return -EINVAL;
	if (virtq_started(ring->vq) && state->num != ring->setup.size)
		return -EBUSY;
	ring->setup.size = state->num;
	return 0;
}

int vhu_ring_set_addr(struct vhu_backend *be, struct vhu_msg *msg)
{
	const struct vhu_vring_addr *addr = &msg->payload.addr;
	struct vhu_ring *ring = find_ring(be, addr->index);
	bool same;

	if (!ring)
		return -EINVAL;
	same = ring->setup.desc == addr->desc && ring->setup.avail == addr->avail && ring->setup.used == addr->used;
	if (virtq_started(ring->vq) && !same)
		return -EBUSY;
	ring->setup.desc = addr->desc;
	ring->setup.avail = addr->avail;
	ring->setup.used = addr->used;
	ring->have_addr = true;
	return 0;
}

int vhu_ring_set_base(struct vhu_backend *be, struct vhu_msg *msg)
{
	const struct vhu_vring_state *state = &msg->payload.state;
	struct vhu_ring *ring = find_ring(be, state->index);

	if (!ring || state->num > UINT16_MAX)
		return -EINVAL;
	if (virtq_started(ring->vq))
		return -EBUSY;
	ring->setup.base = (uint16_t)state->num;
	return 0;
}

/* Stops the ring; the call descriptor stays, for not every front-end sends it again. */
int vhu_ring_get_base(struct vhu_backend *be, struct vhu_msg *msg)
{
	struct vhu_ring *ring = find_ring(be, msg->payload.state.index);

	if (!ring)
		return -EINVAL;
	ring->kicked = false;
	drop_kick(ring);
	stop_queue(ring);
	msg->payload.state.num = ring->setup.base;
	msg->size = sizeof(msg->payload.state);
	return 0;
}

int vhu_ring_set_kick(struct vhu_backend *be, struct vhu_msg *msg)
{
	struct vhu_ring *ring = find_fd_ring(be, msg);
	int fd, r;

	if (!ring)
		return -EINVAL;
	fd = take_fd(msg);
	if (fd < 0)
		return -EOPNOTSUPP; /* nothing to listen to: we would have to poll the ring */
	drop_kick(ring);
	r = sd_event_add_io(be->dev->event, &ring->kick, fd, EPOLLIN | EPOLLET, on_kick, ring);
	if (r < 0) {
		close(fd);
		return r;
	}
	sd_event_source_set_io_fd_own(ring->kick, 1);
	ring->kicked = true;
	return update_queue(be, ring);
}

int vhu_ring_set_call(struct vhu_backend *be, struct vhu_msg *msg)
{
	struct vhu_ring *ring = find_fd_ring(be, msg);

	if (!ring)
		return -EINVAL;
	virtq_set_call(ring->vq, take_fd(msg));
	return 0;
}

/* A broken ring costs the connection, which tells the front-end more than this descriptor could. */
int vhu_ring_set_err(struct vhu_backend *be, struct vhu_msg *msg)
{
	return find_fd_ring(be, msg) ? 0 : -EINVAL;
}

int vhu_ring_set_enable(struct vhu_backend *be, struct vhu_msg *msg)
{
	const struct vhu_vring_state *state = &msg->payload.state;
	struct vhu_ring *ring = find_ring(be, state->index);

	if (!ring || state->num > 1)
		return -EINVAL;
	ring->enabled = state->num;
	return update_queue(be, ring);
}

static void forget_ring(struct vhu_ring *ring)
{
	virtq_set_call(ring->vq, -1);
	memset(&ring->setup, 0, sizeof(ring->setup));
	ring->again = sd_event_source_disable_unref(ring->again);
	ring->have_addr = false;
	ring->enabled = false;
}

void vhu_rings_stop(struct vhu_dev *dev, bool forget)
{
	unsigned int i;

	for (i = 0; i < dev->num_queues; i++) {
		struct vhu_ring *ring = &dev->rings[i];

		ring->kicked = false;
		drop_kick(ring);
		stop_queue(ring);
		if (forget)
			forget_ring(ring);
	}
}

void vhu_rings_default_enable(struct vhu_dev *dev, bool enabled)
{
	unsigned int i;

	for (i = 0; i < dev->num_queues; i++)
		if (!dev->rings[i].kicked)
			dev->rings[i].enabled = enabled;
}

bool vhu_rings_running(const struct vhu_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_queues; i++)
		if (virtq_started(dev->rings[i].vq))
			return true;
	return false;
}

int vhu_rings_remap(struct vhu_dev *dev, struct vhu_mem *mem)
{
	unsigned int i;
	int r;

	for (i = 0; i < dev->num_queues; i++) {
		r = virtq_remap(dev->rings[i].vq, mem);
		if (r < 0)
			return r;
	}
	return 0;
}
