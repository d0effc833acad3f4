#!/bin/sh
# SPDX-License-Identifier: MIT
. tests/protocol/gpio.sh
with_chip tests/protocol/test-conventions "$BUILD/tests/protocol/gpio-on-a-file" gpio
