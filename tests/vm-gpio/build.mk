# SPDX-License-Identifier: MIT
#
# What test-gpio-irq.sh needs in the guest: a driver that counts interrupts, and who makes them.
$(call program,gpio-irqs,tests/vm-gpio,gpio-irqs.c,,)

# make irq-count KDIR=D: the driver, build/kmod/irq-count/<release>/irq_count.ko
$(call test-module,irq-count,tests/vm-gpio,tests/vm-gpio/irq_count.c)
