#!/bin/sh
# SPDX-License-Identifier: MIT
. tests/protocol/console.sh
with_ports "$BUILD/tests/protocol/test-console-hostile"
