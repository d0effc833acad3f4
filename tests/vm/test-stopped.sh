#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon stopped with SIGSTOP in each phase of its driver's life blocks nobody beyond the documented bounds: here of a
# disk. Other types: tests/platform/test-stopped-types.sh (make check-stopped).
# timeout: 300
# shellcheck source=tests/vm/stopped-lib.sh
. /repo/tests/vm/stopped-lib.sh

stopped_types blk
