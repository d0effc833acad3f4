/* SPDX-License-Identifier: MIT */
/* A daemon under test as a child process. */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct server - a running daemon
 * @pid: the process; 0: none
 * @dir: a fresh directory, gone with server_stop()
 * @path: the socket in it
 * @log: what the daemon writes to stderr
 */
struct server {
	pid_t pid;
	char dir[32];
	char path[64];
	char log[64];
};

/* Run @argv (NULL-terminated) with --socket-path and wait until it says READY=1. 0 or -errno. */
int server_start(struct server *s, char *const *argv);
/* SIGTERM, then wait. Shows the log unless it ends with 0. The exit status; -ETIMEDOUT if it needed more than @timeout_ms and was killed. */
int server_stop(struct server *s, int timeout_ms);
void server_show_log(const struct server *s); /* as TAP comments; before server_stop() */
bool server_lives(const struct server *s);
int server_num_fds(const struct server *s); /* open descriptors of the process */
int server_cpu_ms(const struct server *s); /* processor time it has used so far */
void server_show_fds(const struct server *s); /* as TAP comments, to find out what leaked */
int server_num_maps(const struct server *s); /* mappings of memory files */

struct CMUnitTest;
/*
 * Run the daemon of argv[1] with the options behind it, and tests against it: the main() of a test program. @state: what
 * each of the tests gets; @name: of the group; @count: of @tests; @timeout_ms: for the daemon's end. The program's exit status.
 */
int server_test(struct server *s, void *state, char **argv, const char *name, const struct CMUnitTest *tests,
	size_t count, int timeout_ms);

#endif /* TEST_SERVER_H */
