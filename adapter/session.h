/* SPDX-License-Identifier: MIT */
/*
 * A session: what the driver has said so far, and its translation to the daemon. The
 * kernel's requests (struct vlb_request) become vhost-user messages here.
 */
#ifndef ADAPTER_SESSION_H
#define ADAPTER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/config.h"
#include "adapter/frontend.h"
#include "adapter/module.h"

/**
 * struct session - a device's two ends and the driver between them
 * @fe: the daemon, NULL while there is none; owned by the device, as is @mod
 * @mod: the kernel's side
 * @config: its configuration space
 * @num_queues: queues that the daemon serves; the device may have more
 * @config_size: bytes of configuration space
 * @status: device status as the driver set it last (virtio 1.4, 2.1)
 * @taken: feature bits that the driver took; the daemon is told of those that it has
 * @started: the daemon serves the rings, or a new one has to
 * @running: the rings that @fe was told to serve
 */
struct session {
	struct frontend *fe;
	struct module *mod;
	struct config config;
	unsigned int num_queues;
	uint32_t config_size;
	uint32_t status;
	uint64_t taken;
	bool started;
	bool running[DEVICE_MAX_QUEUES];
};

/* What the request asks for, within one deadline. Fills in @resp; its error says how that went. */
void session_handle(struct session *s, const struct vlb_request *req, struct vlb_response *resp);

/*
 * Hand memory and rings to a daemon that takes the place of one that died; it finds there
 * what that one did not finish. 0, -ESTALE when nobody can say what that is, or another
 * -errno with the reason in frontend_why().
 */
int session_resume_rings(struct session *s);

/*
 * The device has gone, and its driver with it: the daemon is told, for one whose front-end only hangs up
 * may keep what the driver made of it for another one. Within one deadline; a daemon that does not answer
 * learns it by the hang-up.
 */
void session_end(struct session *s);

/* Does the daemon have buffers of the driver? Among them are those that wait for an event. */
bool session_waits(struct session *s);

#endif /* ADAPTER_SESSION_H */
