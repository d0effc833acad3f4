#!/bin/sh
# SPDX-License-Identifier: MIT
# On a kernel that gives devices no DMA operations of their own, the module says so and does not load.
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh

refusing=$build/kmod/refusing/$release/virtio_loopback.ko
if [ ! -f "$refusing" ]; then
	echo "1..0 # SKIP make kmod-refusing cannot build for this kernel on this host"
	exit 0
fi
plan 3
not_ok "it does not load" insmod "$refusing"
ok "it says why, and what to configure" sh -c \
	'dmesg | tail -n 50 | grep -q "virtio_loopback: .* no device its own DMA operations.* CONFIG_XEN=y"'
not_ok "it leaves no device node" test -e /dev/virtio-loopback
