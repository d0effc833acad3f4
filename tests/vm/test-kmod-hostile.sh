#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon that writes garbage wherever it can, and calls without end.
# timeout: 400
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

# It depends on virtio only, and knows devices that no other driver does
insmod "$build/kmod/virtio-overlap/$release/virtio_overlap.ko" || bail_out "no virtio_overlap for this kernel"
at_exit rmmod virtio_overlap
run_with_module vlb-hostile
