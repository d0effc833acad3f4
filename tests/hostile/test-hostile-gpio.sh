#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon of type gpio that does whatever it can, while the stock driver and its users work with it.
# gpiolib frees the interrupt of a line that is being watched twice when its chip goes; see tests/hostile/README.md.
# known: ^[^\n]*WARNING: [^\n]* free_irq.* (lineevent_free|edge_detector_stop)
# timeout: 480
# shellcheck source=tests/hostile/lib.sh
. /repo/tests/hostile/lib.sh

hostile gpio
