// SPDX-License-Identifier: MIT
#include "tests/protocol/console-driver.h"

#include <endian.h>
#include <string.h>
#include <unistd.h>

#define CONTROL_RECEIVE	 2
#define CONTROL_TRANSMIT 3
#define TICK_MS		 2

unsigned int con_receive(unsigned int id)
{
	return id ? 2 * id + 2 : 0;
}

unsigned int con_transmit(unsigned int id)
{
	return con_receive(id) + 1;
}

static uint64_t place(unsigned int queue, unsigned int i)
{
	return FE_BUFFERS + (queue * CON_SIZE + i) * CON_ROOM;
}

static void post(struct frontend *fe, unsigned int queue, uint16_t i)
{
	drv_desc(&fe->queues[queue].ring, i, FE_GUEST + place(queue, i), CON_ROOM, VRING_DESC_F_WRITE, 0);
	drv_make_avail(&fe->queues[queue].ring, i);
}

static void post_all(struct frontend *fe, unsigned int queue)
{
	for (uint16_t i = 0; i < CON_SIZE; i++)
		post(fe, queue, i);
	fe_kick(fe, queue);
}

void con_fill(struct frontend *fe, unsigned int num_ports)
{
	post_all(fe, CONTROL_RECEIVE);
	for (unsigned int id = 0; id < num_ports; id++)
		post_all(fe, con_receive(id));
}

int con_start(struct frontend *fe, uint64_t features, unsigned int num_ports)
{
	int ret = fe_negotiate(fe, features, UINT64_MAX);

	if (!ret)
		ret = fe_share_memory(fe);
	for (unsigned int i = 0; !ret && i < fe->num_queues; i++)
		ret = fe_queue_start(fe, i, CON_SIZE, 0);
	if (!ret)
		con_fill(fe, num_ports);
	return ret;
}

/* All that is in the ring was used. */
static bool drained(struct frontend *fe, unsigned int queue, int timeout_ms)
{
	struct drv_ring *ring = &fe->queues[queue].ring;
	struct vring_used_elem used;

	for (int left = timeout_ms; left >= 0; left -= TICK_MS) {
		while (drv_get_used(ring, &used)) {
			if (used.len || used.id >= CON_SIZE)
				return false;
		}
		if (ring->used_seen == ring->avail->idx)
			return true;
		usleep(TICK_MS * 1000);
	}
	return false;
}

static void transmit(struct frontend *fe, unsigned int queue, const void *data, uint32_t len)
{
	struct drv_ring *ring = &fe->queues[queue].ring;
	uint16_t i = ring->avail->idx % CON_SIZE;

	memcpy(fe->mem + place(queue, i), data, len);
	drv_desc(ring, i, FE_GUEST + place(queue, i), len, 0, 0);
	drv_make_avail(ring, i);
	fe_kick(fe, queue);
}

bool con_send(struct frontend *fe, uint32_t id, uint16_t event, uint16_t value)
{
	const struct virtio_console_control msg = {
		.id = htole32(id), .event = htole16(event), .value = htole16(value)
	};

	transmit(fe, CONTROL_TRANSMIT, &msg, sizeof(msg));
	return drained(fe, CONTROL_TRANSMIT, CON_WAIT_MS);
}

static int receive(struct frontend *fe, unsigned int queue, char *data, int timeout_ms)
{
	struct drv_ring *ring = &fe->queues[queue].ring;
	struct vring_used_elem used;

	for (int left = timeout_ms; !drv_get_used(ring, &used); left -= TICK_MS) {
		if (left <= 0)
			return -1;
		usleep(TICK_MS * 1000);
	}
	if (used.id >= CON_SIZE || used.len > CON_ROOM)
		return -1;
	memcpy(data, fe->mem + place(queue, used.id), used.len);
	post(fe, queue, (uint16_t)used.id);
	fe_kick(fe, queue);
	return (int)used.len;
}

int con_hear(struct frontend *fe, struct virtio_console_control *msg, char *rest, int timeout_ms)
{
	char data[CON_ROOM];
	int len = receive(fe, CONTROL_RECEIVE, data, timeout_ms);

	if (len < (int)sizeof(*msg))
		return -1;
	memcpy(msg, data, sizeof(*msg));
	memcpy(rest, data + sizeof(*msg), (size_t)len - sizeof(*msg));
	return len - (int)sizeof(*msg);
}

void con_write(struct frontend *fe, unsigned int id, const void *data, uint32_t len)
{
	transmit(fe, con_transmit(id), data, len);
}

bool con_wait_written(struct frontend *fe, unsigned int id, int timeout_ms)
{
	return drained(fe, con_transmit(id), timeout_ms);
}

int con_read(struct frontend *fe, unsigned int id, char *data, int timeout_ms)
{
	return receive(fe, con_receive(id), data, timeout_ms);
}
