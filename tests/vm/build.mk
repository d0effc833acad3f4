# SPDX-License-Identifier: MIT
.PHONY: check-vm check-debug check-machine check-replug

# All tests in a real kernel, or those named by TEST="a b"; KERNEL= as in tools/vm start.
check-vm: $(if $(TEST),,check-machine)
	@tools/setup build vm
	@tests/vm/run $(if $(KERNEL),--kernel $(KERNEL)) $(TEST)

# The same in a kernel with KASAN, lockdep and DMA-API checks. Its first build takes as long as that of the plain kernel.
check-debug:
	@tools/setup build vm
	@$(if $(TEST),:,MACHINE_KERNEL=own-debug prove --exec '' tests/vm/machine.t)
	@tests/vm/run --kernel own-debug $(TEST)

# Does the machine itself tell when a kernel breaks in it?
check-machine:
	@tools/setup build vm
	@prove --exec '' tests/vm/machine.t

# A panel that is unplugged under touch a thousand times (in check-vm: 25 times).
check-replug:
	@tools/setup build vm
	@$(MAKE) user kmod KDIR=$$(tools/vm kdir)
	@tools/vm start --name replug
	@tools/vm exec --name replug --no-input --timeout 5400 -- env REPLUGS=$(or $(REPLUGS),1000) \
		sh /repo/tests/vm/test-input-replug.sh; status=$$?; tools/vm stop --name replug; exit $$status
