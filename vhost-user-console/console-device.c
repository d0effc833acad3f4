// SPDX-License-Identifier: MIT
#include "console-device.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_console.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "console.h"
#include "log.h"
#include "memo.h"

#define BIT(n) (1ULL << (n))

/*
 * Somebody before us had this conversation with the driver, which will not begin it again: a daemon that died,
 * or we ourselves with a front-end that died.
 */
void console_queue_start(struct vhu_dev *dev, struct virtq *vq)
{
	struct console *con = vhu_dev_state(dev);

	if (virtq_index(vq) != CONSOLE_CONTROL_TRANSMIT || !virtq_resumed(vq) || con->control.ready)
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

/*
 * A character of a driver in need, at any time: the first byte of emerg_wr (virtio 1.4, 5.3.4). QEMU writes the whole space
 * whenever the driver writes a field; the others are read only.
 */
int console_set_config(struct vhu_dev *dev, uint32_t offset, const void *data, uint32_t len)
{
	const uint32_t at = offsetof(struct virtio_console_config, emerg_wr);
	const struct console *con = vhu_dev_state(dev);
	struct port *port = con->ports.by_id[0];

	if (offset > at || len < at - offset + sizeof(uint32_t))
		return -EINVAL;
	if (port) {
		port_write(port, (const uint8_t *)data + (at - offset), 1);
		port_flush(port);
	}
	return 0;
}

static void on_input(struct port *port)
{
	console_serve_input(port->owner, port);
}

static void on_changed(struct port *port)
{
	struct console *con = port->owner;
	bool resized = control_set_size(&con->control, port->id, port->cols, port->rows);

	console_update_open(con, port);
	if (!con->running)
		return;
	if (console_has_control(con))
		console_tell_driver(con);
	else if (resized && !port->id)
		vhu_dev_config_changed(con->dev);
	if (!port->console)
		console_serve_later(con);
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
	console_tell_driver(con);
	/* of a port 0 that there is not, the size is nothing */
	if (!console_has_control(con) && !port->id && (port->cols || port->rows))
		vhu_dev_config_changed(con->dev);
	console_remember(con);
	/* what the driver still writes there finds no port */
	console_serve_later(con);
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

static int add_reload(struct console *con)
{
	sd_event *event = vhu_dev_event(con->dev);
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	ret = sd_event_add_signal(event, &con->reload, SIGHUP, on_hup, con);
	return ret < 0 ? ret : 0;
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
	ret = add_reload(con);
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
	sd_event_source_disable_unref(con->later);
	sd_event_source_disable_unref(con->reload);
	free(con);
}
