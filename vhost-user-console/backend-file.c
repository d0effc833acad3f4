// SPDX-License-Identifier: MIT
/* A file that what the driver writes is appended to. It takes everything at once; nothing comes from it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "port.h"
#include "stamps.h"

#define CHUNK 4096

struct log_file {
	int fd;
	uint64_t pos;
	struct stamps stamps;
};

static int open_file(const struct port *port)
{
	struct stat st;
	int fd, ret;

	/* a FIFO would wait for its reader */
	fd = open(port->spec.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (fd < 0)
		return -errno;
	ret = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? fd : -EINVAL;
	if (ret < 0)
		close(fd);
	return ret;
}

static int file_open(struct port *port, sd_event *event)
{
	struct log_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	port->backend = file;
	file->fd = open_file(port);
	if (file->fd >= 0)
		return 0;
	vhu_err("port %s: cannot append to %s: %s", port_name(port), port->spec.path,
		file->fd == -EINVAL ? "it is not an ordinary file" : strerror(-file->fd));
	return file->fd;
}

static void file_close(struct port *port)
{
	struct log_file *file = port->backend;

	if (file && file->fd >= 0)
		close(file->fd);
	free(file);
	port->backend = NULL;
}

/* All of it, or how much is missing. */
static size_t put(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		data += n;
		len -= (size_t)n;
	}
	return len;
}

static void file_output(struct port *port)
{
	struct log_file *file = port->backend;
	char text[CHUNK];
	struct timespec now;
	const uint8_t *data;
	size_t len, used, missing;

	clock_gettime(CLOCK_REALTIME, &now);
	port_lose(port, stream_catch_up(&port->out, &file->pos));
	while ((len = stream_peek(&port->out, file->pos, &data))) {
		if (port->spec.timestamps) {
			size_t filled = stamps_fill(&file->stamps, &now, data, len, text, sizeof(text), &used);

			missing = put(file->fd, text, filled);
		} else {
			used = len;
			missing = put(file->fd, (const char *)data, len);
		}
		file->pos += used;
		if (missing) {
			port->lost += missing;
			vhu_log_limited(VHU_LOG_WARN, "port %s: %zu bytes did not go to %s: %s", port_name(port),
				missing, port->spec.path, strerror(errno));
		}
	}
}

static void file_input(struct port *port)
{
}

static uint64_t file_slowest(const struct port *port)
{
	return port->out.end;
}

/* After logrotate(8). If there is no new one the old one has to do. */
static void file_reopen(struct port *port)
{
	struct log_file *file = port->backend;
	int fd = open_file(port);

	if (fd < 0) {
		vhu_err("port %s: cannot open %s anew: %s", port_name(port), port->spec.path, strerror(-fd));
		return;
	}
	close(file->fd);
	file->fd = fd;
}

const struct backend_ops backend_file = {
	.open = file_open,
	.close = file_close,
	.output = file_output,
	.input = file_input,
	.slowest = file_slowest,
	.reopen = file_reopen,
};
