#!/bin/sh
# SPDX-License-Identifier: MIT
# What a disk's daemon leaves out of a read is never the rest of an older request.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-stale "$patient"
