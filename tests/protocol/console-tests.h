/* SPDX-License-Identifier: MIT */
/* Private to test-console: what its tests have in common, and those in files of their own. */
#ifndef TEST_CONSOLE_TESTS_H
#define TEST_CONSOLE_TESTS_H

#include "tests/protocol/console-expect.h"
#include "tests/protocol/visit.h"

#define LOGIN	  0
#define DATA	  1
#define LOG	  2
#define TTY	  3
#define EXTRA	  4
#define NUM_PORTS 5
#define MAX_PORTS 6
#define BUFFER	  65536ul

/* The queues run; the driver has said nothing yet. */
struct frontend *start(void **state);
/* All ports are there, and the login is open at the driver's end. */
struct frontend *start_ports(void **state);

void terminal(void **state);
void note_to_a_terminal(void **state);
void note_before_a_reader(void **state);
void no_descriptor_for_a_client(void **state);
void log_with_stamps(void **state);
void ports_come_and_go(void **state);
void left_behind(void **state);
void reader_in_between(void **state);

#endif /* TEST_CONSOLE_TESTS_H */
