// SPDX-License-Identifier: MIT
#include "guard.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * File-scope state, because a signal handler gets no context and a signal's
 * disposition belongs to the process. The spin lock is safe in the handler:
 * whoever holds it touches no guarded memory, so it is never held by the thread
 * that faults.
 */
static struct {
	atomic_flag lock;
	struct vhu_guard *head;
	int wake_fd;
	struct sigaction before;
} guards = { .lock = ATOMIC_FLAG_INIT, .wake_fd = -1 };

static void lock_guards(void)
{
	while (atomic_flag_test_and_set_explicit(&guards.lock, memory_order_acquire))
		sched_yield();
}

static void unlock_guards(void)
{
	atomic_flag_clear_explicit(&guards.lock, memory_order_release);
}

/*
 * The whole range, not one page: a part of a huge page mapping cannot be replaced,
 * and a front-end that lost one page is disconnected anyway.
 */
static bool replace_range(const char *addr)
{
	struct vhu_guard *g;
	bool found = false;

	lock_guards();
	for (g = guards.head; g && !found; g = g->next)
		if (addr >= g->start && addr < g->start + g->len)
			found = mmap(g->start, g->len, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
	unlock_guards();
	return found;
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	const uint64_t one = 1;
	int saved = errno;

	if (replace_range(info->si_addr)) {
		if (guards.wake_fd >= 0 && write(guards.wake_fd, &one, sizeof(one)) < 0)
			errno = 0; /* full: the loop is about to be woken as it is */
	} else {
		/* not ours: the same instruction faults again, in front of the earlier handler */
		sigaction(SIGBUS, &guards.before, NULL);
	}
	errno = saved;
}

int vhu_guard_install(int wake_fd)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_sigbus;
	sa.sa_flags = SA_SIGINFO;
	sigemptyset(&sa.sa_mask);
	guards.wake_fd = wake_fd;
	return sigaction(SIGBUS, &sa, &guards.before) < 0 ? -errno : 0;
}

void vhu_guard_add(struct vhu_guard *guard)
{
	lock_guards();
	guard->next = guards.head;
	guards.head = guard;
	unlock_guards();
}

void vhu_guard_del(struct vhu_guard *guard)
{
	struct vhu_guard **p;

	lock_guards();
	for (p = &guards.head; *p; p = &(*p)->next)
		if (*p == guard) {
			*p = guard->next;
			break;
		}
	unlock_guards();
}
