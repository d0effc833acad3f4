#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests outlive their daemon, and fail when nobody will serve them.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

run_with_module vlb-inflight "$patient"
