#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/vm/test-gpio-irq.sh with the daemon that was built with libgpiod 2; make check-gpiod2 builds it.
# timeout: 600
export GPIO_DAEMON=/repo/build/gpiod2/vhost-user-gpio/vhost-user-gpio GPIOD=2
# shellcheck source=tests/vm/test-gpio-irq.sh
. /repo/tests/vm/test-gpio-irq.sh
