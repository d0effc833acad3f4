// SPDX-License-Identifier: MIT
#include "tests/protocol/visit.h"

int visit_connect(void **state)
{
	struct visit *v = *state;

	return fe_connect(&v->fe, v->server->path);
}

int visit_hang_up(void **state)
{
	struct visit *v = *state;

	fe_close(&v->fe);
	return 0;
}
