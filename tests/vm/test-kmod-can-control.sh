#!/bin/sh
# SPDX-License-Identifier: MIT
# Our virtio_can driver's controller: bus-off and restart, down and up under load, a device that floods it, or is silent.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

with_virtio_can vlb-can-control
