/* SPDX-License-Identifier: MIT */
/* A file descriptor at the other end of a port: a terminal, a connection. */
#ifndef PEER_H
#define PEER_H

#include "escape.h"
#include "port.h"

/**
 * struct peer
 * @reads: it may still send something
 * @writes: it may still get something: it is a reader of the port
 * @pos: what it has got of the port's @out
 * @escape: what is filtered from its input; NULL: nothing
 * @is_file: of a disk: it is always ready
 * @behind: there is more for it than it took: an event is to tell when it takes something
 * @gone: it neither sends nor gets any more. @error: 0 at the end, -ECANCELED for the escape key.
 *	It may stop the peer
 */
struct peer {
	struct port *port;
	int fd;
	bool reads;
	bool writes;
	uint64_t pos;
	struct escape *escape;
	bool is_file;
	bool behind;
	void (*gone)(struct peer *peer, int error);
	sd_event_source *source;
};

/*
 * Takes @fd, which does not block, over from now on, whatever is returned. Set @reads, @writes, @pos, @escape and
 * @gone before. Files that cannot be waited for (those of a disk) will do. 0 or -errno
 */
int peer_start(struct peer *peer, struct port *port, sd_event *event, int fd);
void peer_stop(struct peer *peer); /* twice is fine */
void peer_output(struct peer *peer); /* there is more in the port's @out */
void peer_input(struct peer *peer); /* there is room in its @in again */

#endif /* PEER_H */
