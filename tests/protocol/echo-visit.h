/* SPDX-License-Identifier: MIT */
/* A front-end at the echo device: chains of one text and room for its echo. Failures end the test. */
#ifndef ECHO_VISIT_H
#define ECHO_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/protocol/frontend.h"
#include "tests/protocol/server.h"

#define VISIT_SIZE 16
#define VISIT_MS   20000
#define VISIT_SLOT 256ul /* bytes of each buffer; chain i uses buffers 2i and 2i + 1 */

struct visit {
	struct server *server;
	struct frontend fe;
	struct frontend next;
	struct drv_flood flood;
};

int visit_begin(void **state); /* connect; a test's set-up */
int visit_end(void **state);
struct frontend *visit_start(void **state); /* both queues run, with all that was offered */

char *visit_buffer(struct frontend *fe, unsigned int i);
void visit_post(struct frontend *fe, unsigned int queue, uint16_t i, const char *text); /* chain @i, no kick */
bool visit_answered(struct frontend *fe, unsigned int queue);
void visit_expect(struct frontend *fe, unsigned int queue, uint16_t i, const char *text); /* the next used element */
void visit_round_trip(struct frontend *fe, uint16_t i, const char *text);
void visit_command(struct frontend *fe, uint8_t what, int expected); /* enum echo_command */

#endif /* ECHO_VISIT_H */
