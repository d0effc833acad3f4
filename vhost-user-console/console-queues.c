// SPDX-License-Identifier: MIT
#include <linux/virtio_console.h>

#include "console-device.h"
#include "console.h"
#include "log.h"
#include "memo.h"

#define BIT(n)	    (1ULL << (n))
#define CHUNK	    4096
#define MIN_CONTROL sizeof(struct virtio_console_control)

static bool is_receive(unsigned int queue)
{
	return !(queue & 1);
}

static unsigned int queue_of(unsigned int id, bool receive)
{
	return (id ? 2 * id + 2 : 0) + !receive;
}

static struct port *port_of(const struct console *con, unsigned int queue)
{
	unsigned int id = queue < CONSOLE_CONTROL_RECEIVE ? 0 : queue / 2 - 1;

	return id < con->ports.num ? con->ports.by_id[id] : NULL;
}

bool console_has_control(const struct console *con)
{
	return vhu_dev_features(con->dev) & BIT(VIRTIO_CONSOLE_F_MULTIPORT);
}

/* A driver throws away what comes to a port that it has not open. */
static bool driver_listens(const struct console *con, const struct port *port)
{
	return console_has_control(con) ? con->control.ports[port->id].guest_open : !port->id;
}

/* A driver that is told of the end reads no further: what is on its way comes first. */
void console_update_open(struct console *con, const struct port *port)
{
	const uint8_t *data;

	control_set_open(&con->control, port->id, port_has_reader(port) || port_peek(port, &data));
}

static void broken(struct console *con, struct virtq *vq)
{
	vhu_dev_fail(con->dev, virtq_broken(vq));
}

void console_tell_driver(struct console *con)
{
	struct virtq *vq = vhu_dev_queue(con->dev, CONSOLE_CONTROL_RECEIVE);
	uint8_t message[CONTROL_MAX_MESSAGE];
	struct virtq_elem *elem;
	int ret = 0;

	while (control_has_next(&con->control) && (ret = virtq_pop(vq, &elem)) > 0) {
		size_t len;

		if (elem->in_len < MIN_CONTROL) {
			vhu_dev_fail(con->dev, "it gave a buffer that is too small for a control message");
			return;
		}
		len = control_next(&con->control, message);
		len = virtq_iov_write(elem->in, elem->in_num, 0, message, len);
		virtq_push(vq, elem, (uint32_t)len);
	}
	virtq_notify(vq);
	if (ret < 0)
		broken(con, vq);
}

void console_serve_input(struct console *con, struct port *port)
{
	struct virtq *vq = vhu_dev_queue(con->dev, queue_of(port->id, true));
	const uint8_t *data;
	struct virtq_elem *elem;
	bool took = false;
	size_t len;
	int ret = 0;

	while (driver_listens(con, port) && port_peek(port, &data) && (ret = virtq_pop(vq, &elem)) > 0) {
		size_t done = 0;

		if (!elem->in_len) {
			vhu_dev_fail(con->dev, "it gave a buffer without room to receive in");
			return;
		}
		while (done < elem->in_len && (len = port_peek(port, &data))) {
			len = virtq_iov_write(elem->in, elem->in_num, done, data, len);
			port_taken(port, len);
			done += len;
		}
		virtq_push(vq, elem, (uint32_t)done);
		took = true;
	}
	virtq_notify(vq);
	if (ret < 0)
		broken(con, vq);
	if (!took)
		return;
	port->ops->input(port);
	console_update_open(con, port);
	console_tell_driver(con);
}

/*
 * What does not fit into the port's buffer would push itself out of it again, so it is not even
 * looked at; a driver could describe terabytes.
 */
static void take_output(struct port *port, const struct virtq_elem *elem)
{
	size_t at = elem->out_len > port->out.size ? elem->out_len - port->out.size : 0;
	uint8_t chunk[CHUNK];
	size_t n;

	port_lose(port, at);
	while ((n = virtq_iov_read(elem->out, elem->out_num, at, chunk, sizeof(chunk)))) {
		port_write(port, chunk, n);
		at += n;
	}
}

/*
 * Can @len more bytes be taken without a loss? What is longer than the buffer can never. If not, a reader is behind,
 * and on_changed() comes when it has caught up; nobody waits for a port that is not there any more.
 */
static bool has_room(struct port *port, size_t len)
{
	if (!port || port->console)
		return true;
	if (len > port->out.size)
		len = port->out.size;
	if (port_room(port) < len)
		port_flush(port);
	return port_room(port) >= len;
}

/*
 * What the driver wrote. Of a console it is taken at once, whoever reads it, for its driver may wait
 * for that in a loop; of another port as much as its readers have room for. At most a ring's worth.
 */
static void serve_output(struct console *con, struct virtq *vq)
{
	struct port *port = port_of(con, virtq_index(vq));
	unsigned int left = virtq_size(vq);
	struct virtq_elem *elem;
	size_t unread = 0;
	int ret = 0;

	while (left && has_room(port, 1) && (ret = virtq_pop(vq, &elem)) > 0) {
		if (!has_room(port, elem->out_len)) {
			virtq_unpop(vq, elem);
			break;
		}
		unread += elem->out_len;
		if (port && unread > port->out.size) {
			port_flush(port);
			unread = elem->out_len;
		}
		if (port)
			take_output(port, elem);
		virtq_push(vq, elem, 0);
		left--;
	}
	virtq_notify(vq);
	if (port)
		port_flush(port);
	if (ret < 0)
		broken(con, vq);
	else if (!left)
		console_serve_later(con);
}

static void serve_outputs(struct console *con)
{
	for (unsigned int id = 0; id < con->ports.num; id++) {
		struct virtq *vq = vhu_dev_queue(con->dev, queue_of(id, false));

		if (virtq_started(vq))
			serve_output(con, vq);
	}
}

static int on_later(sd_event_source *source, void *userdata)
{
	struct console *con = userdata;

	con->later = sd_event_source_disable_unref(con->later);
	serve_outputs(con);
	return 0;
}

void console_serve_later(struct console *con)
{
	if (vhu_dev_later(con->dev, &con->later, on_later, con))
		vhu_dev_fail(con->dev, "what it writes cannot be scheduled");
}

void console_remember(struct console *con)
{
	uint32_t open = control_open_ports(&con->control);

	if (open != con->memo)
		memo_write(con->options.state, open);
	con->memo = open;
}

static void listen_to_driver(struct console *con, struct virtq *vq)
{
	uint8_t message[MIN_CONTROL];
	struct virtq_elem *elem;
	int ret;

	while ((ret = virtq_pop(vq, &elem)) > 0) {
		size_t len = virtq_iov_read(elem->out, elem->out_num, 0, message, sizeof(message));

		/* Events that we do not know come from drivers that know more. */
		if (!control_receive(&con->control, message, len))
			vhu_debug("a control message of %zu bytes means nothing", elem->out_len);
		virtq_push(vq, elem, 0);
	}
	virtq_notify(vq);
	if (ret < 0) {
		broken(con, vq);
		return;
	}
	console_remember(con);
	console_tell_driver(con);
	for (unsigned int id = 0; id < con->ports.num; id++) {
		if (con->ports.by_id[id])
			console_serve_input(con, con->ports.by_id[id]);
	}
}

void console_queue_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct console *con = vhu_dev_state(dev);
	unsigned int queue = virtq_index(vq);
	struct port *port;

	if (queue == CONSOLE_CONTROL_RECEIVE)
		console_tell_driver(con);
	else if (queue == CONSOLE_CONTROL_TRANSMIT)
		listen_to_driver(con, vq);
	else if (!is_receive(queue))
		serve_output(con, vq);
	else if ((port = port_of(con, queue)))
		console_serve_input(con, port);
}
