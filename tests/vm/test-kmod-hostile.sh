#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon that writes garbage wherever it can, and calls without end.
# timeout: 400
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

overlap=$build/kmod/virtio-overlap/$release/virtio_overlap.ko
if [ -f "$overlap" ]; then
	insmod "$overlap" || bail_out "virtio_overlap does not load"
	at_exit rmmod virtio_overlap
else
	diag "virtio_overlap is not built for this kernel: nobody looks for interrupts that overlap"
fi
run_with_module vlb-hostile "$patient"
