/* SPDX-License-Identifier: MIT */
/*
 * Private to the library. A front-end can truncate a memory file behind our
 * mapping; the next access is then a SIGBUS, which by default ends the program
 * and so every later front-end's service. A guarded range survives: the handler
 * puts anonymous zero pages in place of the whole range and wakes the event loop, which
 * disconnects the front-end.
 */
#ifndef VHU_GUARD_H
#define VHU_GUARD_H

#include <stddef.h>

/* A mapping; linked into the list of all, so it must not move while it is there. */
struct vhu_guard {
	struct vhu_guard *next;
	char *start;
	size_t len;
};

/*
 * Catch SIGBUS from now on. @wake_fd is an eventfd that is written to after each
 * fault; -1: nobody wants to know. 0 or -errno. A fault outside all guarded ranges
 * goes where it went before this call.
 */
int vhu_guard_install(int wake_fd);

void vhu_guard_add(struct vhu_guard *guard); /* @start and @len are set */
void vhu_guard_del(struct vhu_guard *guard);

#endif /* VHU_GUARD_H */
