/* SPDX-License-Identifier: MIT */
/*
 * The specification says columns, then rows (virtio 1.4, 5.3.6.2). Linux read rows first for
 * fourteen years and has followed the specification since 6.16. The stable branches of January 2026
 * took that over. A revert was proposed in September 2025 and withdrawn, so there is no way back.
 */
#ifndef RESIZE_ORDER_H
#define RESIZE_ORDER_H

#include "control.h"

enum resize_order {
	RESIZE_AUTO, /* by the kernel of this machine */
	RESIZE_SPEC,
	RESIZE_LINUX,
};

/* What --resize-order means here and now. */
enum control_order resize_order(enum resize_order asked);
/*
 * Of a Linux driver; @release and @version as in uname(2). Debian's release ends with 0 whatever the patch level is,
 * which stands in the version: "6.1.0-56-amd64", "#1 SMP ... Debian 6.1.192-1 (...)".
 */
enum control_order resize_order_of_linux(const char *release, const char *version);

#endif /* RESIZE_ORDER_H */
