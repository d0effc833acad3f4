#!/bin/sh
# SPDX-License-Identifier: MIT
# Our virtio_can driver: frames of all kinds both ways, refusals, back-pressure, and a device that sends what none should.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

with_virtio_can vlb-can
