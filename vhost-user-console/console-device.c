// SPDX-License-Identifier: MIT
#include "console-device.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_console.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "control.h"
#include "log.h"
#include "memo.h"
#include "options.h"
#include "ports.h"

#define BIT(n)		 (1ULL << (n))
#define CONTROL_RECEIVE	 2
#define CONTROL_TRANSMIT 3
#define CHUNK		 4096
#define MIN_CONTROL	 sizeof(struct virtio_console_control)

/**
 * struct console - the device
 * @options: first, for they are argp's input
 * @running: there are queues
 * @again: a turn for ports that wait for their readers, off unless one has taken something
 * @memo: the ports that the driver has open, as written to --state
 */
struct console {
	struct console_options options;
	struct vhu_dev *dev;
	struct ports ports;
	struct control control;
	bool running;
	sd_event_source *again;
	sd_event_source *reload;
	uint32_t memo;
};

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
	unsigned int id = queue < CONTROL_RECEIVE ? 0 : queue / 2 - 1;

	return id < con->ports.num ? con->ports.by_id[id] : NULL;
}

static bool has_control(const struct console *con)
{
	return vhu_dev_features(con->dev) & BIT(VIRTIO_CONSOLE_F_MULTIPORT);
}

/* A driver throws away what comes to a port that it has not open. */
static bool driver_listens(const struct console *con, const struct port *port)
{
	return has_control(con) ? con->control.ports[port->id].guest_open : !port->id;
}

/* A driver that is told of the end reads no further: what is on its way comes first. */
static void update_open(struct console *con, const struct port *port)
{
	const uint8_t *data;

	control_set_open(&con->control, port->id, port_has_reader(port) || port_peek(port, &data));
}

static void broken(struct console *con, struct virtq *vq)
{
	vhu_dev_fail(con->dev, virtq_broken(vq));
}

/* What the driver has to be told, as far as it has room for it. */
static void tell_driver(struct console *con)
{
	struct virtq *vq = vhu_dev_queue(con->dev, CONTROL_RECEIVE);
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

/* As much of what waits for the driver as it has room for. */
static void serve_input(struct console *con, struct port *port)
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
	update_open(con, port);
	tell_driver(con);
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
		sd_event_source_set_enabled(con->again, SD_EVENT_ONESHOT);
}

static int on_again(sd_event_source *source, void *userdata)
{
	struct console *con = userdata;

	for (unsigned int id = 0; id < con->ports.num; id++) {
		struct virtq *vq = vhu_dev_queue(con->dev, queue_of(id, false));

		if (virtq_started(vq))
			serve_output(con, vq);
	}
	return 0;
}

static void remember(struct console *con)
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
	remember(con);
	tell_driver(con);
	for (unsigned int id = 0; id < con->ports.num; id++) {
		if (con->ports.by_id[id])
			serve_input(con, con->ports.by_id[id]);
	}
}

void console_queue_kick(struct vhu_dev *dev, struct virtq *vq)
{
	struct console *con = vhu_dev_state(dev);
	unsigned int queue = virtq_index(vq);
	struct port *port;

	if (queue == CONTROL_RECEIVE)
		tell_driver(con);
	else if (queue == CONTROL_TRANSMIT)
		listen_to_driver(con, vq);
	else if (!is_receive(queue))
		serve_output(con, vq);
	else if ((port = port_of(con, queue)))
		serve_input(con, port);
}

/*
 * Somebody before us had this conversation with the driver, which will not begin it again: a daemon that died,
 * or we ourselves with a front-end that died.
 */
void console_queue_start(struct vhu_dev *dev, struct virtq *vq)
{
	struct console *con = vhu_dev_state(dev);

	if (virtq_index(vq) != CONTROL_TRANSMIT || !virtq_resumed(vq) || con->control.ready)
		return;
	control_resume(&con->control, con->memo);
	vhu_info("going on where another daemon has stopped");
}

void console_reset(struct vhu_dev *dev)
{
	struct console *con = vhu_dev_state(dev);

	control_reset(&con->control);
}

int console_get_config(struct vhu_dev *dev, uint32_t offset, void *data, uint32_t len)
{
	const struct console *con = vhu_dev_state(dev);
	const struct port *port = con->ports.by_id[0];
	const struct virtio_console_config config = {
		.cols = htole16(port ? port->cols : 0),
		.rows = htole16(port ? port->rows : 0),
		.max_nr_ports = htole32(con->ports.num),
	};

	memcpy(data, (const uint8_t *)&config + offset, len);
	return 0;
}

/* A character of a driver in need, at any time (virtio 1.4, 5.3.4). */
int console_set_config(struct vhu_dev *dev, uint32_t offset, const void *data, uint32_t len)
{
	const struct console *con = vhu_dev_state(dev);
	struct port *port = con->ports.by_id[0];

	if (offset != offsetof(struct virtio_console_config, emerg_wr))
		return -EINVAL;
	if (port) {
		port_write(port, data, 1);
		port_flush(port);
	}
	return 0;
}

static void on_input(struct port *port)
{
	serve_input(port->owner, port);
}

static void on_changed(struct port *port)
{
	struct console *con = port->owner;

	update_open(con, port);
	control_set_size(&con->control, port->id, port->cols, port->rows);
	if (!con->running)
		return;
	if (has_control(con))
		tell_driver(con);
	else if (!port->id)
		vhu_dev_config_changed(con->dev);
	if (!port->console)
		sd_event_source_set_enabled(con->again, SD_EVENT_ONESHOT);
}

static void on_added(struct port *port)
{
	struct console *con = port->owner;

	control_add(&con->control, port->id, port->spec.name, port->console);
	on_changed(port);
}

static void on_removed(struct port *port)
{
	struct console *con = port->owner;

	control_remove(&con->control, port->id);
	tell_driver(con);
	remember(con);
	/* what the driver still writes there finds no port */
	sd_event_source_set_enabled(con->again, SD_EVENT_ONESHOT);
}

static const struct ports_events ports_events = {
	.port = { .input = on_input, .changed = on_changed },
	.added = on_added,
	.removed = on_removed,
};

static int on_hup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct console *con = userdata;

	ports_reload(&con->ports);
	return 0;
}

static int add_sources(struct console *con)
{
	sd_event *event = vhu_dev_event(con->dev);
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	ret = sd_event_add_signal(event, &con->reload, SIGHUP, on_hup, con);
	if (ret >= 0)
		ret = sd_event_add_defer(event, &con->again, on_again, con);
	return ret < 0 ? ret : sd_event_source_set_enabled(con->again, SD_EVENT_OFF);
}

void *console_new(void)
{
	return calloc(1, sizeof(struct console));
}

int console_init(struct vhu_dev *dev, void *state)
{
	struct console *con = state;
	const struct console_options *opts = &con->options;
	int ret;

	con->dev = dev;
	con->memo = memo_read(opts->state);
	con->ports.event = vhu_dev_event(dev);
	con->ports.events = &ports_events;
	con->ports.owner = con;
	control_init(&con->control, CONTROL_MAX_PORTS, resize_order(opts->order));
	ret = add_sources(con);
	if (ret < 0) {
		vhu_err("cannot start: %s", strerror(-ret));
		return ret;
	}
	ret = ports_open(&con->ports, opts->ports, opts->num_ports, opts->config, opts->max_ports);
	if (ret < 0)
		return ret;
	con->control.num = con->ports.num;
	vhu_dev_set_features(
		dev, BIT(VIRTIO_CONSOLE_F_SIZE) | BIT(VIRTIO_CONSOLE_F_MULTIPORT) | BIT(VIRTIO_CONSOLE_F_EMERG_WRITE));
	vhu_dev_set_queues(dev, 2 * (con->ports.num + 1));
	vhu_dev_set_config_size(dev, sizeof(struct virtio_console_config));
	con->running = true;
	return 0;
}

void console_free(void *state)
{
	struct console *con = state;

	ports_close(&con->ports);
	sd_event_source_disable_unref(con->again);
	sd_event_source_disable_unref(con->reload);
	free(con);
}
