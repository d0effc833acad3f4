#!/bin/sh
# SPDX-License-Identifier: MIT
# As tests/vm/test-stopped.sh, for the other types of device.
# virtio_gpu forgets the objects of commands that nobody answers: see tests/hostile/README.md
# known: ^[^\n]*WARNING: [^\n]* drm_mm_takedown.* virtio_gpu_remove
# timeout: 1200
# shellcheck source=tests/vm/stopped-lib.sh
. /repo/tests/vm/stopped-lib.sh

# Mainline's waits for an answer without an end
at_exit rmmod virtio_can
modprobe -qa can-dev can-raw virtiofs
insmod "$build/kmod/$release/virtio_can/virtio_can.ko" || bail_out "no CAN driver"
stopped_types rng input gpio net snd i2c gpu console can fs
