#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter closes, hesitates or refuses in every phase; unbind and bind.
# timeout: 600
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-phases retry_timeout_ms=500 "$patient"
