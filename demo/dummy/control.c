// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

#define LINE_MAX_BYTES 4096

struct control {
	int listener;
	int client; /* -1 while nobody is connected */
	sd_event *event;
	sd_event_source *accepting;
	sd_event_source *reading;
	struct player *player;
	char path[108];
	char line[LINE_MAX_BYTES];
	size_t filled;
};

static void run_line(struct control *control);

static void hang_up(struct control *control)
{
	control->reading = sd_event_source_disable_unref(control->reading);
	close(control->client);
	control->client = -1;
	control->filled = 0;
	sd_event_source_set_enabled(control->accepting, SD_EVENT_ON);
}

static void answer(struct control *control, const char *text)
{
	/* A client that does not read its answers is not worth waiting for. */
	if (send(control->client, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		hang_up(control);
	else
		sd_event_source_set_enabled(control->reading, SD_EVENT_ON);
}

static void on_done(void *data, const struct player_result *result)
{
	struct control *control = data;
	char text[400];

	if (result->error)
		snprintf(text, sizeof(text), "error %s\n", result->fault.text);
	else
		snprintf(text, sizeof(text), "ok frames=%lu reports=%lu unfelt=%lu ms=%llu\n", result->frames,
			result->reports, result->unfelt, (unsigned long long)(result->us / 1000));
	answer(control, text);
	if (control->client >= 0)
		run_line(control);
}

/* Runs the first complete line in the buffer, if there is one. */
static void run_line(struct control *control)
{
	struct command *commands;
	unsigned int count;
	struct fault fault;
	char text[400], *end;
	int ret;

	end = memchr(control->line, '\n', control->filled);
	if (!end)
		return;
	*end = '\0';
	ret = command_parse_script(control->line, &commands, &count, &fault);
	control->filled -= (size_t)(end + 1 - control->line);
	memmove(control->line, end + 1, control->filled);
	/* No further line is read before this one is answered. */
	sd_event_source_set_enabled(control->reading, SD_EVENT_OFF);
	if (!ret) {
		ret = player_run(control->player, commands, count, on_done, control);
		if (!ret)
			return;
		free(commands);
		fault_format(&fault, "the panel is busy with the commands it was started with");
	}
	snprintf(text, sizeof(text), "error %s\n", fault.text);
	answer(control, text);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct control *control = data;
	ssize_t got;

	got = recv(fd, control->line + control->filled, sizeof(control->line) - control->filled, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0) {
		hang_up(control);
		return 0;
	}
	control->filled += (size_t)got;
	if (!memchr(control->line, '\n', control->filled) && control->filled == sizeof(control->line)) {
		answer(control, "error a line is too long\n");
		if (control->client >= 0)
			hang_up(control);
		return 0;
	}
	run_line(control);
	return 0;
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct control *control = data;

	control->client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (control->client < 0)
		return 0;
	sd_event_source_set_enabled(control->accepting, SD_EVENT_OFF);
	if (sd_event_add_io(control->event, &control->reading, control->client, EPOLLIN, on_readable, control) < 0)
		hang_up(control);
	return 0;
}

static int fill_address(struct sockaddr_un *address, const char *path, struct fault *fault)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (snprintf(address->sun_path, sizeof(address->sun_path), "%s", path) >= (int)sizeof(address->sun_path))
		return fault_set(fault, -ENAMETOOLONG, "the socket's path is longer than %zu characters",
			sizeof(address->sun_path) - 1);
	return 0;
}

static int listen_at(const struct sockaddr_un *address, struct fault *fault)
{
	const char *path = address->sun_path;
	struct stat status;
	int fd, ret;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(fault, -errno, "cannot make a socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
		close(fd);
		return fault_set(fault, -EADDRINUSE, "another panel listens at %s: give another path", path);
	}
	/* Only what an earlier panel left behind is removed, never a file. */
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) || listen(fd, 8)) {
		ret = -errno;
		close(fd);
		return fault_set(fault, ret, "cannot listen at %s: %s", path, strerror(-ret));
	}
	return fd;
}

int control_new(struct control **result, sd_event *event, const char *path, struct player *player, struct fault *fault)
{
	struct sockaddr_un address;
	struct control *control;
	int ret;

	ret = fill_address(&address, path, fault);
	if (ret)
		return ret;
	control = calloc(1, sizeof(*control));
	if (!control)
		return fault_set(fault, -ENOMEM, "out of memory");
	control->client = -1;
	control->event = event;
	control->player = player;
	control->listener = listen_at(&address, fault);
	if (control->listener < 0) {
		ret = control->listener;
		free(control);
		return ret;
	}
	snprintf(control->path, sizeof(control->path), "%s", path);
	ret = sd_event_add_io(event, &control->accepting, control->listener, EPOLLIN, on_connect, control);
	if (ret < 0) {
		control_free(control);
		return fault_set(fault, ret, "cannot watch a socket: %s", strerror(-ret));
	}
	*result = control;
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	sd_event_source_disable_unref(control->reading);
	sd_event_source_disable_unref(control->accepting);
	if (control->client >= 0)
		close(control->client);
	close(control->listener);
	unlink(control->path);
	free(control);
}

/* Sends one line and passes its answer on. */
static int exchange(FILE *socket, const char *line, size_t length, struct fault *fault)
{
	char text[LINE_MAX_BYTES];

	fprintf(socket, "%.*s\n", (int)length, line);
	if (fflush(socket) || !fgets(text, sizeof(text), socket))
		return fault_set(fault, -EPIPE, "the panel has gone away");
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, "ok", 2) != 0)
		return fault_set(fault, -EREMOTEIO, "the panel answers: %.280s", text);
	puts(text);
	return fflush(stdout) ? -errno : 0;
}

int control_send(const char *path, const char *script, struct fault *fault)
{
	struct sockaddr_un address;
	FILE *socket_file;
	int fd, ret;

	ret = fill_address(&address, path, fault);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return fault_set(fault, ret, "no panel listens at %s (%s): start htt70a --control=%s first", path,
			strerror(-ret), path);
	}
	socket_file = fdopen(fd, "r+e");
	if (!socket_file) {
		close(fd);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	while (*script && !ret) {
		size_t length = strcspn(script, "\n");

		if (length)
			ret = exchange(socket_file, script, length, fault);
		script += length + (script[length] == '\n');
	}
	fclose(socket_file);
	return ret;
}
