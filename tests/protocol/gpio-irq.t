#!/bin/sh
# SPDX-License-Identifier: MIT
. tests/protocol/gpio.sh
with_chip "$BUILD/tests/protocol/test-gpio-irq" "$BUILD/tests/protocol/gpio-on-a-file"
