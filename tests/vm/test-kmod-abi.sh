#!/bin/sh
# SPDX-License-Identifier: MIT
# The module's ABI: wrong order, wrong numbers, wrong descriptors, noise.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-abi "$patient"
