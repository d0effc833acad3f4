#!/bin/sh
# SPDX-License-Identifier: MIT
# Our virtio_can driver's controller: bus-off and restart, down and up under load, a device that floods it, or is silent.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

modprobe can-dev 2>/dev/null
# shellcheck disable=SC2154 # module is of tests/vm/lib.sh
insmod "$(dirname "$module")/virtio_can/virtio_can.ko" || bail_out "the driver does not load"
at_exit 'rmmod virtio_can'
run_with_module vlb-can-control "$patient"
rmmod virtio_can || bail_out "the driver does not unload"
insmod "$(dirname "$module")/virtio_can/virtio_can.ko"
