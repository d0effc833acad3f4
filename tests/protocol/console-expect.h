/* SPDX-License-Identifier: MIT */
/* What test-console expects on either side of the daemon; anything else fails the test. $WORK is the folder of its sockets. */
#ifndef TEST_CONSOLE_EXPECT_H
#define TEST_CONSOLE_EXPECT_H

#include "tests/protocol/console-driver.h"

#define CON_SILENCE_MS 200

void con_path(char *path, size_t size, const char *name); /* of what is called so in $WORK */
int con_client(const char *name); /* of the socket of that name */
void con_expect(int fd, const char *text); /* exactly these bytes come next */
void con_expect_silence(int fd);

/* Control messages: exactly this one comes next, or none. */
void con_expect_message(struct frontend *fe, uint32_t id, uint16_t event, uint16_t value);
void con_expect_name(struct frontend *fe, uint32_t id, const char *name);
void con_expect_size(struct frontend *fe, uint32_t id, uint16_t cols, uint16_t rows);
void con_expect_no_message(struct frontend *fe);

#endif /* TEST_CONSOLE_EXPECT_H */
