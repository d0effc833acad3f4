# SPDX-License-Identifier: MIT
.PHONY: check-matrix check-qemu

# The module against every kernel it must build for; SERIES="5.10 7.2" picks some. Slow the first time, run by hand.
check-matrix:
	@tools/setup build vm
	@tests/platform/matrix $(SERIES)

# The daemon under a real QEMU (10, fetched once), the one front-end that is not ours.
check-qemu:
	@tools/setup build vm
	@$(MAKE) user
	@prove --verbose --exec '' tests/platform/qemu-input.t
