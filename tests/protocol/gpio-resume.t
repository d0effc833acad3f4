#!/bin/sh
# SPDX-License-Identifier: MIT
# Called by with_chip
# shellcheck disable=SC2317
. tests/protocol/gpio.sh
with_state() {
	"$@" --state="$GPIO_CHIP.state"
}
with_chip with_state "$BUILD/tests/protocol/test-gpio-resume" "$BUILD/tests/protocol/gpio-on-a-file"
