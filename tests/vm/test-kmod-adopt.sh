#!/bin/sh
# SPDX-License-Identifier: MIT
# Another adapter goes on where one died, and is refused whatever is not its own.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-adopt stop_timeout_ms=20000
