#!/bin/sh
# SPDX-License-Identifier: MIT
# Our virtio_can driver: frames of all kinds both ways, refusals, back-pressure, and a device that sends what none should.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

modprobe can-dev 2>/dev/null
# shellcheck disable=SC2154 # module is of tests/vm/lib.sh
insmod "$(dirname "$module")/virtio_can/virtio_can.ko" || bail_out "the driver does not load"
at_exit 'rmmod virtio_can'
run_with_module vlb-can "$patient"
rmmod virtio_can || bail_out "the driver does not unload"
insmod "$(dirname "$module")/virtio_can/virtio_can.ko"
