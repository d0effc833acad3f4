# SPDX-License-Identifier: MIT
#
# What test-gpio-irq.sh needs in the guest: a driver that counts interrupts, and who makes them.
$(call program,gpio-irqs,tests/vm-gpio,gpio-irqs.c,,)

# make irq-count KDIR=D: the driver, build/kmod/irq-count/<release>/irq_count.ko
.PHONY: irq-count
irq-count: build-deps
	@{ $(kmod-no-headers); } >&2
	@mkdir -p build/kmod/irq-count/$(KMOD_RELEASE)
	@for f in tests/vm-gpio/Kbuild tests/vm-gpio/irq_count.c; do \
		cmp -s $$f build/kmod/irq-count/$(KMOD_RELEASE)/$${f##*/} || cp $$f build/kmod/irq-count/$(KMOD_RELEASE)/ || exit; done
	@$(MAKE) -s -C $(KMOD_KDIR) $(KMOD_BTF) M=$(CURDIR)/build/kmod/irq-count/$(KMOD_RELEASE) modules
