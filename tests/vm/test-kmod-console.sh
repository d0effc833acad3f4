#!/bin/sh
# SPDX-License-Identifier: MIT
# A console's driver never waits for its daemon, and what a daemon is given is complete.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-console "$patient"
