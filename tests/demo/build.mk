# SPDX-License-Identifier: MIT
.PHONY: check check-demo

# Everything that CI runs, the quick and the telling first. Each stage ends with prove's own closing line.
CHECK_STAGES := lint check-unit check-protocol check-fuzz check-vm check-demo
check:
	@tools/setup build lint vm demo
	@for stage in $(CHECK_STAGES); do \
		printf '\n== make %s\n' $$stage; \
		began=$$(date +%s); $(MAKE) $$stage || exit 1; \
		[ $$stage = check-demo ] || printf '== make %s took %d s\n' $$stage $$(($$(date +%s) - began)); \
	done

check-demo: demo-programs
	@prove --timer --verbose --exec tests/demo/scenario touch sensitivity gpio console can
