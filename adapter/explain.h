/* SPDX-License-Identifier: MIT */
/* Sentences for what ends the adapter: what is wrong, and the remedy. Each logs one at most. */
#ifndef ADAPTER_EXPLAIN_H
#define ADAPTER_EXPLAIN_H

#include "adapter/frontend.h"
#include "adapter/options.h"

/* Why the kernel gave us no device. */
void explain_module(const struct options *opt, int err);

/* Can this daemon serve this device? 0, or -errno; nothing is logged if it broke meanwhile (frontend_broken()). */
int explain_daemon(const struct options *opt, const struct config *config, struct frontend *fe);

/* 0 if the daemon may yet come, else -errno. */
int explain_connect(const struct options *opt, int err);

#endif /* ADAPTER_EXPLAIN_H */
