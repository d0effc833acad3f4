# SPDX-License-Identifier: MIT
.PHONY: demo demo-programs

UNIT_TESTS += demo/test-demolib

# What a scenario uses on its target: programs of this machine's suite, the module for the test machine's kernel.
demo-programs: user
	@tools/setup build vm demo
	@kdir=$$(tools/vm kdir) && $(MAKE) kmod KDIR="$$kdir"

demo: demo-programs
	@demo/run $(if $(ON),--on $(ON)) $(if $(HOST),--host $(HOST)) $(or $(SCENARIO),touch)
