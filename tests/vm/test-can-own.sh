#!/bin/sh
# SPDX-License-Identifier: MIT
# test-can.sh with the project's own virtio_can driver in the place of mainline's.
# timeout: 900
CAN_DRIVER=own
# shellcheck source=tests/vm/test-can.sh
. /repo/tests/vm/test-can.sh
