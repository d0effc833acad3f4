#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon that writes garbage wherever it can, and calls without end.
# timeout: 400
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-hostile
