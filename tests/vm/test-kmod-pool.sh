#!/bin/sh
# SPDX-License-Identifier: MIT
# The memory file: what a daemon can do to it, and what it cannot.
# timeout: 120
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-pool "$patient"
