#!/bin/sh
# SPDX-License-Identifier: MIT
. tests/protocol/gpio.sh
with_chip "$BUILD/tests/protocol/test-gpio" "$BUILD/tests/protocol/gpio-on-a-file"
