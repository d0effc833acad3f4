#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon of type gpu that does whatever it can, while the stock driver and its users work with it.
# Each of these is the driver's own fault; see README.md.
# known: ^[^\n]*WARNING: [^\n]* virtio_gpu_queue_fenced_ctrl_buffer
# known: ^[^\n]*WARNING: [^\n]* drm_mm_takedown.* virtio_gpu_remove
# known: ^[^\n]*WARNING: [^\n]* (__kmem_cache_shutdown|kmem_cache_destroy).* virtio_gpu_
# timeout: 480
# shellcheck source=tests/hostile/lib.sh
. /repo/tests/hostile/lib.sh

hostile gpu
