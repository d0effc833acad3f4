#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/vm/test-gpio.sh with the daemon that was built with libgpiod 2; make check-gpiod2 builds it.
# As there: gpiolib frees the interrupt of a line that is being watched twice when its chip goes.
# known: ^[^\n]*WARNING: [^\n]* free_irq.* (lineevent_free|edge_detector_stop)
# Or gpio-sim gives up an interrupt that is still requested.
# known: ^[^\n]*WARNING: [^\n]* remove_proc_entry.* gpio_sim_dispose_mappings
# timeout: 300
export GPIO_DAEMON=/repo/build/gpiod2/vhost-user-gpio/vhost-user-gpio GPIOD=2
# shellcheck source=tests/vm/test-gpio.sh
. /repo/tests/vm/test-gpio.sh
