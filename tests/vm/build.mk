# SPDX-License-Identifier: MIT
$(call program,can-stream,tests/vm,can-stream.c,,)

UNIT_TESTS += tools/vm.d/test-report

.PHONY: check-vm check-debug check-machine check-leaks check-deaths check-replug check-can check-console

# All tests in a real kernel, or those named by TEST="a b"; KERNEL= as in tools/vm start.
check-vm: $(if $(TEST),,check-machine)
	@tools/setup build vm
	@tests/vm/run $(if $(KERNEL),--kernel $(KERNEL)) $(TEST)

# The same in a kernel with KASAN, lockdep and DMA-API checks, and what is left in memory after it. Its first build takes twice as
# long as that of the plain kernel.
check-debug:
	@tools/setup build vm
	@$(if $(TEST),:,MACHINE_KERNEL=own-debug prove --exec '' tests/vm/machine.t)
	@tests/vm/run --kernel own-debug $(TEST)
	@$(if $(TEST),:,prove --timer --exec '' tests/vm/leaks.t)

# Is memory of the module's left behind, on a kernel with kmemleak? All of leaks.t, or the tests named by TEST="a b".
check-leaks:
	@tools/setup build vm
	@prove --verbose --timer --exec '' tests/vm/leaks.t $(if $(TEST),:: $(TEST))

# The daemons of a disk under fio, of an entropy source and of a touch panel under load are killed a hundred times, and each next
# one takes over (in check-vm: 20 and 5 times).
check-deaths:
	@tools/setup build vm
	@DEATHS=$(or $(DEATHS),100) VM_LONGER=5400 tests/vm/run $(if $(KERNEL),--kernel $(KERNEL)) adapter-blk adapter-death adapter-touch

# A panel that is unplugged under touch a thousand times (in check-vm: 25 times).
check-replug:
	@tools/setup build vm
	@$(MAKE) user kmod KDIR=$$(tools/vm kdir)
	@tools/vm start --name replug
	@tools/vm exec --name replug --no-input --timeout 5400 -- env REPLUGS=$(or $(REPLUGS),1000) \
		sh /repo/tests/vm/test-input-replug.sh; status=$$?; tools/vm stop --name replug; exit $$status

# make virtio-pm KDIR=D: what tests/platform/test-can-suspend.sh sends a device to sleep with
$(call test-module,virtio-pm,tests/vm/pm)

# CAN with a million frames of all kinds each way (in check-vm: 20,000), a daemon that is killed 50 times, 1 MB of ISO-TP.
check-can:
	@tools/setup build vm
	@mkdir -p build
	@printf 'CAN_FRAMES=%s\nCAN_KILLS=%s\nCAN_ISOTP_BYTES=%s\n' $(or $(FRAMES),1000000) $(or $(KILLS),50) 1000000 > build/can.conf
	@status=0; VM_LONGER=7200 tests/vm/run $(if $(KERNEL),--kernel $(KERNEL)) can can-load || status=$$?; \
		rm -f build/can.conf; exit $$status

# A console's port with 100 MiB each way, four times (in check-vm: 1 MiB).
check-console:
	@tools/setup build vm
	@mkdir -p build
	@printf 'CONSOLE_MIB=%s\n' $(or $(MIB),100) > build/console.conf
	@status=0; VM_LONGER=7200 tests/vm/run $(if $(KERNEL),--kernel $(KERNEL)) console || status=$$?; \
		rm -f build/console.conf; exit $$status
