/* SPDX-License-Identifier: MIT */
/*
 * Several interfaces: --interface NAME=PATH for each. The program runs itself once for each, with
 * the other options unchanged, and is ready when all are, ends when one does. So an interface,
 * or a front-end, that makes trouble has a process of its own to make it in.
 */
#ifndef CAN_SEVERAL_H
#define CAN_SEVERAL_H

#include <stdbool.h>

/* Does the command line ask for it? No, if it asks for information only. */
bool several_wanted(int argc, char **argv);
/* The program's exit status: 0 after SIGTERM or SIGINT, else that of the first part that ended. */
int several_main(int argc, char **argv);

#endif /* CAN_SEVERAL_H */
