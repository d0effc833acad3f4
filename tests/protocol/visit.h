/* SPDX-License-Identifier: MIT */
/* A test's connection to the daemon under test: its state for cmocka, where it needs no more. */
#ifndef TEST_VISIT_H
#define TEST_VISIT_H

#include "tests/protocol/frontend.h"
#include "tests/protocol/server.h"

struct visit {
	struct server *server;
	struct frontend fe;
};

int visit_connect(void **state);
int visit_hang_up(void **state);

/* An entry of the table for server_test(), whose @state is a struct visit. */
#define VISIT(f) cmocka_unit_test_setup_teardown(f, visit_connect, visit_hang_up)

#endif /* TEST_VISIT_H */
