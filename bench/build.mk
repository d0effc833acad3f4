# SPDX-License-Identifier: MIT
$(call program,latency,bench,latency.c panel.c)
$(call program,gpio-latency,bench,gpio-latency.c)
$(call program,can-traffic,bench,can-traffic.c)

# The measurement that BENCH names, in the test machine; all of them without it.
.PHONY: bench
bench:
	@tools/setup build vm demo
	@$(MAKE) -j2 user kmod KDIR="$$(tools/vm kdir)"
	@for b in $(or $(BENCH),latency blk scale gpio console can); do bench/run $$b || exit 1; done
