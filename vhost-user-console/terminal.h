/* SPDX-License-Identifier: MIT */
/*
 * The terminal that the program was started from, made raw and given back at every end of
 * the program, even by SIGKILL: a small process of its own waits for that.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <termios.h>

/**
 * struct terminal
 * @fd: not owned
 * @keeper: pipe to the process that waits; -1: nothing to give back
 */
struct terminal {
	int fd;
	int keeper;
	struct termios saved;
};

/* 0, also when @fd is no terminal, or -errno. */
int terminal_take(struct terminal *terminal, int fd);
void terminal_give_back(struct terminal *terminal);

#endif /* TERMINAL_H */
