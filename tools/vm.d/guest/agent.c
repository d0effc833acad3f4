// SPDX-License-Identifier: MIT
/*
 * Process 1 of the test machine: one worker for each virtio-serial port named vlo.agent.N runs the host's commands.
 *
 * A port carries one command at a time. Frames are struct frame plus payload, little endian, both ways. Every frame
 * names its session, a number that the host invents for each command: what a host that vanished left in the pipes is
 * told apart by it. vmlib/agent.py is the other end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAGIC	    0x414f4c56u
#define PAYLOAD_MAX 65536u
#define PORTS_MAX   16
#define ARGS_MAX    4096
#define PORT_PREFIX "vlo.agent."

enum type {
	EXEC = 1, /* host: struct exec, directory and arguments, each ended by a NUL */
	INPUT, /* host: bytes of standard input, none = end of file */
	SIGNAL, /* host: one byte, for the whole process group */
	WINDOW, /* host: struct exec, only rows and columns count */
	STARTED = 16, /* guest: the command runs */
	OUTPUT, /* guest: bytes of standard output, or of the terminal */
	ERRORS, /* guest: bytes of standard error */
	EXITED, /* guest: one byte of exit status, as a shell counts it */
};

enum {
	WANT_INPUT = 1,
	WANT_TTY = 2,
	SET_CLOCK = 4
};

struct frame {
	uint32_t magic;
	uint32_t session;
	uint32_t length;
	uint32_t type;
};

struct exec {
	uint64_t clock_ns;
	uint16_t flags;
	uint16_t rows;
	uint16_t columns;
	uint16_t reserved;
};

struct worker {
	int port;
	int events; /* signalfd: child ended, or the host came or went */
	pid_t child; /* 0: idle */
	uint32_t session;
	int in, out, err; /* our ends, -1 when closed; a terminal is both in and out */
	char rx[sizeof(struct frame) + PAYLOAD_MAX];
	size_t rx_len;
	char pending[PAYLOAD_MAX]; /* input that the command has not read yet */
	size_t pending_off, pending_len;
	bool pending_eof;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		p += n;
		len -= n;
	}
	return 0;
}

static void send_frame(struct worker *w, enum type type, const void *data, size_t len)
{
	char buf[sizeof(struct frame) + 8192];
	struct frame frame = { .magic = MAGIC, .session = w->session, .length = len, .type = type };

	memcpy(buf, &frame, sizeof(frame));
	memcpy(buf + sizeof(frame), data, len);
	/* A host that went away shows as POLLHUP in the main loop, nothing to do about it here */
	write_all(w->port, buf, sizeof(frame) + len);
}

/* Returns false once the command has closed its end (or the terminal is gone). */
static bool forward(struct worker *w, int *fd, enum type type)
{
	char buf[8192];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0) {
		send_frame(w, type, buf, n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (fd == &w->out && w->in == w->out)
		w->in = -1;
	close_fd(fd);
	return false;
}

static void end_session(struct worker *w)
{
	if (w->in != w->out)
		close_fd(&w->in);
	w->in = -1;
	close_fd(&w->out);
	close_fd(&w->err);
	w->child = 0;
	w->pending_len = 0;
	w->pending_eof = false;
}

static void abandon(struct worker *w)
{
	if (w->child) {
		kill(-w->child, SIGKILL);
		waitpid(w->child, NULL, 0);
	}
	end_session(w);
}

static void reap(struct worker *w)
{
	unsigned char code;
	int status;

	if (!w->child || waitpid(w->child, &status, WNOHANG) != w->child)
		return;
	/*
	 * Only what is in the pipes now: a daemon that the command left behind may hold them for ever, and the host
	 * wants its answer.
	 */
	while (w->out >= 0 && forward(w, &w->out, OUTPUT))
		;
	while (w->err >= 0 && forward(w, &w->err, ERRORS))
		;
	code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	send_frame(w, EXITED, &code, 1);
	end_session(w);
}

static void set_clock(uint64_t ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	clock_settime(CLOCK_REALTIME, &ts);
}

static void run_child(char *const *argv, const char *dir, int in, int out, int err, bool tty)
{
	sigset_t none;

	setsid();
	if (tty)
		ioctl(in, TIOCSCTTY, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* dup2 clears close-on-exec, everything else of ours has it set */
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (*dir && chdir(dir))
		dprintf(2, "vm agent: no directory %s in the guest: %s\n", dir, strerror(errno));
	else if (execvp(argv[0], argv))
		dprintf(2, "vm agent: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void set_window(int fd, const struct exec *exec)
{
	struct winsize size = { .ws_row = exec->rows, .ws_col = exec->columns };

	ioctl(fd, TIOCSWINSZ, &size);
}

static int open_terminal(struct worker *w, const struct exec *exec)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	set_window(master, exec);
	w->in = w->out = master;
	return slave;
}

static int fork_child(struct worker *w, const struct exec *exec, const char *dir, char *const *argv)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
	bool tty = exec->flags & WANT_TTY;

	if (tty) {
		in[0] = open_terminal(w, exec);
		out[1] = err[1] = in[0];
	} else {
		if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(in, O_CLOEXEC))
			return -errno;
		w->in = in[1];
		w->out = out[0];
		w->err = err[0];
		if (!(exec->flags & WANT_INPUT))
			close_fd(&w->in);
	}
	w->child = fork();
	if (!w->child)
		run_child(argv, dir, in[0], out[1], err[1], tty);
	if (w->child < 0)
		w->child = 0;
	close(in[0]);
	if (!tty) {
		close(out[1]);
		close(err[1]);
	}
	/* Reads are bounded by what is there; writes must not stall the loop when the command does not read */
	for (int *fd = (int[]) { w->in, w->out, w->err, -2 }; *fd != -2; fd++)
		if (*fd >= 0)
			fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
	return w->child ? 0 : -EAGAIN;
}

static void start_command(struct worker *w, uint32_t session, char *data, size_t len)
{
	static const unsigned char failed = 126;
	char *argv[ARGS_MAX + 1], *end = data + len, *dir;
	struct exec exec;
	int argc = 0;

	/* The host repeats a request that was not answered in time; it may have arrived all the same */
	if (session == w->session)
		return;
	abandon(w);
	w->session = session;
	if (len <= sizeof(exec) || end[-1])
		return;
	memcpy(&exec, data, sizeof(exec));
	dir = data + sizeof(exec);
	for (char *arg = dir + strlen(dir) + 1; arg < end && argc < ARGS_MAX; arg += strlen(arg) + 1)
		argv[argc++] = arg;
	argv[argc] = NULL;
	if (exec.flags & SET_CLOCK)
		set_clock(exec.clock_ns);
	if (!argc || fork_child(w, &exec, dir, argv)) {
		end_session(w);
		send_frame(w, EXITED, &failed, 1);
		return;
	}
	send_frame(w, STARTED, "", 0);
}

static void flush_input(struct worker *w)
{
	while (w->in >= 0 && w->pending_len) {
		ssize_t n = write(w->in, w->pending + w->pending_off, w->pending_len);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			break;
		w->pending_off += n;
		w->pending_len -= n;
	}
	w->pending_len = 0;
	if (w->pending_eof && w->in != w->out)
		close_fd(&w->in);
}

static void handle_frame(struct worker *w, const struct frame *frame, char *data)
{
	struct exec exec;

	if (frame->type == EXEC) {
		start_command(w, frame->session, data, frame->length);
		return;
	}
	if (!w->child || frame->session != w->session)
		return;
	if (frame->type == INPUT) {
		memcpy(w->pending, data, frame->length);
		w->pending_off = 0;
		w->pending_len = frame->length;
		w->pending_eof = !frame->length;
		flush_input(w);
	} else if (frame->type == SIGNAL && frame->length == 1) {
		kill(-w->child, data[0]);
	} else if (frame->type == WINDOW && frame->length == sizeof(exec)) {
		memcpy(&exec, data, sizeof(exec));
		set_window(w->out, &exec);
	}
}

static void take_frames(struct worker *w)
{
	struct frame frame;
	size_t off = 0;

	while (w->rx_len - off >= sizeof(frame)) {
		memcpy(&frame, w->rx + off, sizeof(frame));
		if (frame.magic != MAGIC || frame.length > PAYLOAD_MAX) {
			off++; /* left over from a host that died in mid-frame: look for the next beginning */
			continue;
		}
		if (w->rx_len - off < sizeof(frame) + frame.length)
			break;
		/* One input frame at a time is held back for the command; signals behind it wait too */
		if (w->pending_len && frame.type == INPUT)
			break;
		handle_frame(w, &frame, w->rx + off + sizeof(frame));
		off += sizeof(frame) + frame.length;
	}
	memmove(w->rx, w->rx + off, w->rx_len - off);
	w->rx_len -= off;
}

/* Returns whether a host is there; without one the port polls as hung up all the time and must be left out. */
static bool read_port(struct worker *w, short revents)
{
	ssize_t n;

	if (revents & POLLIN && w->rx_len < sizeof(w->rx)) {
		n = read(w->port, w->rx + w->rx_len, sizeof(w->rx) - w->rx_len);
		if (n > 0) {
			w->rx_len += n;
			take_frames(w);
			return true;
		}
	}
	if (revents & POLLHUP) {
		abandon(w);
		w->rx_len = 0;
		return false;
	}
	return true;
}

static void work(struct worker *w)
{
	bool host = true;

	for (;;) {
		bool full = w->rx_len == sizeof(w->rx) || (w->pending_len && w->rx_len > sizeof(struct frame));
		struct pollfd fds[] = {
			{ .fd = w->events, .events = POLLIN },
			{ .fd = host ? w->port : -1, .events = full ? 0 : POLLIN },
			{ .fd = w->out, .events = POLLIN },
			{ .fd = w->err, .events = POLLIN },
			{ .fd = w->pending_len ? w->in : -1, .events = POLLOUT },
		};
		struct signalfd_siginfo info;

		if (poll(fds, 5, -1) < 0)
			continue;
		if (fds[4].revents) {
			flush_input(w);
			take_frames(w);
		}
		if (fds[2].revents)
			forward(w, &w->out, OUTPUT);
		if (fds[3].revents)
			forward(w, &w->err, ERRORS);
		if (fds[1].revents)
			host = read_port(w, fds[1].revents);
		if (fds[0].revents && read(w->events, &info, sizeof(info)) == sizeof(info)) {
			host = true;
			reap(w);
		}
	}
}

/* SIGIO tells when a host connects: polling a port without one would never sleep. */
static void start_worker(const char *device)
{
	struct worker *w;
	sigset_t set;

	if (fork())
		return;
	w = calloc(1, sizeof(*w));
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	w->in = w->out = w->err = -1;
	w->events = signalfd(-1, &set, SFD_CLOEXEC);
	w->port = open(device, O_RDWR | O_CLOEXEC);
	if (w->port < 0 || fcntl(w->port, F_SETOWN, getpid()) ||
		fcntl(w->port, F_SETFL, fcntl(w->port, F_GETFL) | O_ASYNC)) {
		dprintf(2, "vm agent: %s: %s\n", device, strerror(errno));
		_exit(1);
	}
	work(w);
}

static int start_workers(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)) && count < PORTS_MAX) {
		char path[300], name[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, PORT_PREFIX, strlen(PORT_PREFIX))) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			start_worker(path);
			count++;
		}
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return count;
}

int main(void)
{
	if (!start_workers()) {
		dprintf(2, "vm agent: no virtio-serial port named " PORT_PREFIX "*\n");
		return 1;
	}
	dprintf(1, "vm agent: ready\n");
	for (;;)
		if (wait(NULL) < 0)
			pause();
}
