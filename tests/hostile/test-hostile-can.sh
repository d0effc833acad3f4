#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon of type can that does whatever it can, while the project's own driver and its users work with it. (Mainline's waits
# for an answer without an end, see README.md.)
# timeout: 480
# shellcheck source=tests/hostile/lib.sh
. /repo/tests/hostile/lib.sh

modprobe -qa can-dev can-raw
at_exit rmmod virtio_can
insmod "$build/kmod/$release/virtio_can/virtio_can.ko" || bail_out "no driver"
hostile can
