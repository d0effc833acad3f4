#!/bin/sh
# SPDX-License-Identifier: MIT
# Events through the stock virtio_input driver: all arrive, in order, and are counted.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-input "$patient"
