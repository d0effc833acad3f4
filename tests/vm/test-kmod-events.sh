#!/bin/sh
# SPDX-License-Identifier: MIT
# Events of a sound card and of a GPIO chip that their stock drivers could not stand.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

modprobe -qa virtio_snd gpio_virtio
run_with_module vlb-events "$patient"
