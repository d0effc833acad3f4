#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon of type net that does whatever it can, while the stock driver and its users work with it.
# timeout: 480
# shellcheck source=tests/hostile/lib.sh
. /repo/tests/hostile/lib.sh

hostile net
