/* SPDX-License-Identifier: MIT */
/*
 * The back-end's side of vhost-user, written so that it can lie: messages are
 * taken one by one, and what is answered may be spoiled on its way.
 */
#ifndef HOSTILE_PEER_H
#define HOSTILE_PEER_H

#include "tests/hostile/model.h"
#include "tests/hostile/rings.h"

#define OLD_MEMORIES 4

/**
 * struct peer - one connection and what it brought
 * @conn: -1: none
 * @old: memory of connections that ended; a hostile daemon does not let go
 * @driving: some ring is enabled
 * @garble_config: configuration space is answered with noise
 */
struct peer {
	int conn;
	int backend;
	const struct model *model;
	struct model_state state;
	uint64_t offered;
	struct memory mem;
	struct memory old[OLD_MEMORIES];
	unsigned int num_old;
	struct ring rings[RINGS_MAX];
	bool driving;
	bool garble_config;
	unsigned long messages;
	unsigned long changes;
};

void peer_init(struct peer *p, const struct model *model, struct chance *chance);
void peer_connected(struct peer *p, int conn);
void peer_hang_up(struct peer *p);
/* One message and its answer; hangs up when the other side did, or speaks nonsense itself */
void peer_input(struct peer *p);
void peer_backend_input(struct peer *p); /* acknowledgements, thrown away */
void peer_config_changed(struct peer *p);

#endif /* HOSTILE_PEER_H */
