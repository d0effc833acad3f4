/* SPDX-License-Identifier: MIT */
/*
 * Which ports the driver has open, in a file: a driver says that once, and a daemon that
 * takes over from one that died would not know.
 */
#ifndef MEMO_H
#define MEMO_H

#include <stdint.h>

/* A bit for each port. All of them if @path is NULL or nothing sensible is there. */
uint32_t memo_read(const char *path);
/* Replaces the file as a whole; a failure is logged. Nothing if @path is NULL. */
void memo_write(const char *path, uint32_t open);

#endif /* MEMO_H */
