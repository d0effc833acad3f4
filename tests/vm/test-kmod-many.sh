#!/bin/sh
# SPDX-License-Identifier: MIT
# 64 devices at once.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-many "$patient"
