// SPDX-License-Identifier: MIT
#include "several.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "log.h"
#include "options.h"

#define OPTION "--interface"

struct part {
	const char *interface; /* NAME=PATH */
	pid_t pid; /* 0: it has ended, or never begun */
	sd_event_source *source;
	struct several *several;
};

/**
 * struct several
 * @others: the command line without its --interface options, and with room for what a part gets
 * @running: parts
 * @ready: parts that have said so
 * @status: of the exit
 */
struct several {
	struct part parts[CAN_MAX_INTERFACES];
	unsigned int count;
	char **others;
	int num_others;
	sd_event *event;
	sd_event_source *notify_source;
	unsigned int running;
	unsigned int ready;
	int status;
	bool ending;
};

/* The argument of the option at argv[*i], which moves on to its end; NULL: another option. */
static const char *interface_at(int argc, char **argv, int *i)
{
	size_t len = sizeof(OPTION) - 1;

	if (strncmp(argv[*i], OPTION, len) != 0)
		return NULL;
	if (argv[*i][len] == '=')
		return argv[*i] + len + 1;
	return argv[*i][len] == '\0' && *i + 1 < argc ? argv[++*i] : NULL;
}

static bool asks_only(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "-?") || !strcmp(arg, "--usage") || !strcmp(arg, "--version") ||
		!strcmp(arg, "--print-capabilities");
}

bool several_wanted(int argc, char **argv)
{
	bool with_path = false;

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i], *interface = interface_at(argc, argv, &i);

		if (!interface && asks_only(arg))
			return false;
		with_path = with_path || (interface && strchr(interface, '='));
	}
	return with_path;
}

static int sort_arguments(struct several *several, int argc, char **argv)
{
	several->others = calloc((size_t)argc + 3, sizeof(char *));
	if (!several->others)
		return -ENOMEM;
	several->others[several->num_others++] = argv[0];
	for (int i = 1; i < argc; i++) {
		char *arg = argv[i];
		const char *interface = interface_at(argc, argv, &i);

		if (!interface) {
			several->others[several->num_others++] = arg;
		} else if (!strchr(interface, '=') || several->count == CAN_MAX_INTERFACES) {
			vhu_err("--interface=%s: with several interfaces, at most %d, each needs its socket: NAME=PATH",
				interface, CAN_MAX_INTERFACES);
			return -EINVAL;
		} else {
			several->parts[several->count++].interface = interface;
		}
	}
	return 0;
}

static void signal_all(const struct several *several, int sig)
{
	for (unsigned int i = 0; i < several->count; i++) {
		if (several->parts[i].pid)
			kill(several->parts[i].pid, sig);
	}
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct several *several = userdata;

	several->ending |= info->ssi_signo != SIGUSR1;
	signal_all(several, info->ssi_signo == SIGUSR1 ? SIGUSR1 : SIGTERM);
	return 0;
}

/* The first that ends without being asked to takes the others along, and decides about the status. */
static int on_end(sd_event_source *source, const siginfo_t *info, void *userdata)
{
	struct part *part = userdata;
	struct several *several = part->several;

	part->pid = 0;
	several->running--;
	if (!several->ending) {
		vhu_err("the part for %s has ended; so do the others", part->interface);
		several->status = info->si_code == CLD_EXITED && info->si_status ? info->si_status : 1;
		several->ending = true;
		signal_all(several, SIGTERM);
	}
	return several->running ? 0 : sd_event_exit(several->event, several->status);
}

static int on_notify(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct several *several = userdata;
	char text[256];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	if (!strncmp(text, "READY=1", strlen("READY=1")) && ++several->ready == several->count)
		sd_notify(0, "READY=1");
	return 0;
}

/* Where the parts say that they are ready; the kernel chooses a name. */
static int open_notify(struct several *several, char *name, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(addr.sun_family);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	ret = bind(fd, (struct sockaddr *)&addr, len) < 0 ? -errno : 0;
	len = sizeof(addr);
	if (!ret && getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		ret = -errno;
	if (!ret)
		ret = sd_event_add_io(several->event, &several->notify_source, fd, EPOLLIN, on_notify, several);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	sd_event_source_set_io_fd_own(several->notify_source, 1);
	snprintf(name, size, "@%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path) - 1), addr.sun_path + 1);
	return 0;
}

static int start_part(struct several *several, struct part *part, const char *notify_name)
{
	char interface[64], path[160];
	int name_len = (int)strcspn(part->interface, "=");
	int a = snprintf(interface, sizeof(interface), OPTION "=%.*s", name_len, part->interface);
	int b = snprintf(path, sizeof(path), "--socket-path=%s", part->interface + name_len + 1);
	pid_t pid;

	if (a >= (int)sizeof(interface) || b >= (int)sizeof(path))
		return -ENAMETOOLONG;
	several->others[several->num_others] = interface;
	several->others[several->num_others + 1] = path;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		setenv("NOTIFY_SOCKET", notify_name, 1);
		execv("/proc/self/exe", several->others);
		_exit(127);
	}
	part->pid = pid;
	part->several = several;
	several->running++;
	return sd_event_add_child(several->event, &part->source, pid, WEXITED, on_end, part);
}

static int listen_to_signals(struct several *several)
{
	const int signals[] = { SIGTERM, SIGINT, SIGUSR1 };
	sigset_t set;
	int ret = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	for (unsigned int i = 0; ret >= 0 && i < sizeof(signals) / sizeof(signals[0]); i++)
		ret = sd_event_add_signal(several->event, NULL, signals[i], on_signal, several);
	return ret;
}

static int run(struct several *several)
{
	char notify_name[sizeof(((struct sockaddr_un *)0)->sun_path) + 2];
	int ret = sd_event_new(&several->event);

	if (ret >= 0)
		ret = listen_to_signals(several);
	if (ret >= 0)
		ret = open_notify(several, notify_name, sizeof(notify_name));
	for (unsigned int i = 0; ret >= 0 && i < several->count; i++)
		ret = start_part(several, &several->parts[i], notify_name);
	if (ret < 0) {
		vhu_err("cannot serve several interfaces: %s", strerror(-ret));
		signal_all(several, SIGTERM);
		return 1;
	}
	sd_event_set_watchdog(several->event, 1);
	ret = sd_event_loop(several->event);
	sd_notify(0, "STOPPING=1");
	return ret < 0 ? 1 : ret;
}

int several_main(int argc, char **argv)
{
	struct several several = { 0 };
	int ret = sort_arguments(&several, argc, argv) ? 1 : run(&several);

	for (unsigned int i = 0; i < several.count; i++)
		sd_event_source_unref(several.parts[i].source);
	sd_event_source_unref(several.notify_source);
	sd_event_unref(several.event);
	free(several.others);
	return ret;
}
