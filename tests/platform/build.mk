# SPDX-License-Identifier: MIT
.PHONY: check-matrix check-stopped check-qemu check-gpiod2

# The module against every kernel it must build for, then a smoke test on each; SERIES="5.10 7.2" builds and SMOKE="6.1 arm64"
# boots some. Slow the first time, run by hand.
check-matrix:
	@tools/setup build vm matrix
	@tests/platform/matrix $(SERIES)
	@prove --verbose --exec '' tests/platform/smoke $(if $(SMOKE),:: $(SMOKE))

# Daemons stopped in every phase of every driver's life, and a reboot meanwhile; longer than what check-vm has of it.
check-stopped:
	@tools/setup build vm
	@tests/vm/run $(if $(KERNEL),--kernel $(KERNEL)) stopped stopped-types
	@$(if $(KERNEL),:,prove --verbose --timer --exec '' tests/platform/reboot.t)

# The daemon under a real QEMU (10, fetched once), the one front-end that is not ours.
check-qemu:
	@tools/setup build vm
	@$(MAKE) user
	@prove --verbose --exec '' tests/platform/qemu-input.t

# vhost-user-gpio built, linted and tested with libgpiod 2, whatever this machine has (fetched once).
GPIOD2 := build/gpiod2
check-gpiod2:
	@tools/setup build lint vm
	@newer=$$(tests/platform/newer-gpiod) && export PKG_CONFIG_PATH=$$newer/pkgconfig && \
	mkdir -p $(GPIOD2)/lib && cp -L $$newer/lib/libgpiod.so.3 $(GPIOD2)/lib/ && \
	clang-tidy --quiet vhost-user-gpio/gpio-chip-v2.c -- -std=gnu11 -D_GNU_SOURCE -I. $$(pkg-config --cflags libgpiod) 2>/dev/null && \
	$(MAKE) B=$(GPIOD2) GPIOD=2 LDFLAGS=-Wl,-rpath,/repo/$(GPIOD2)/lib $(GPIOD2)/vhost-user-gpio/vhost-user-gpio
	@tests/vm/run gpiod2 gpiod2-irq
