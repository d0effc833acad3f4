# SPDX-License-Identifier: MIT
.PHONY: check-matrix check-stopped check-qemu

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
