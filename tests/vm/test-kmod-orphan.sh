#!/bin/sh
# SPDX-License-Identifier: MIT
# A device without an adapter: how long it waits, what waits with it, and what does not wait at all.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-orphan stop_timeout_ms=20000
