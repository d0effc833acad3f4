# SPDX-License-Identifier: MIT
$(call program,scribbler,tests/hostile,scribbler.c misdeeds.c pool.c peer.c rings.c models.c talkers.c ../fuzz/chance.c,,vhost-user/libvhost-user.a)
$(call program,use-device,tests/hostile,use-device.c,,)

TYPE ?= blk input rng console snd gpio gpu net i2c can
HOSTILE_SECONDS ?= 30
HOSTILE_SEED ?= 1

.PHONY: check-hostile

# Each driver, or those named by TYPE="a b", against a daemon that does its worst; with KASAN: KERNEL=own-debug. See README.md.
check-hostile:
	@tools/setup build vm
	@mkdir -p build
	@printf 'hostile_seconds=%s\nhostile_seed=%s\nhostile_options="%s"\n' \
		$(HOSTILE_SECONDS) $(HOSTILE_SEED) '$(HOSTILE_OPTIONS)' > build/hostile.conf
	@status=0; VM_LONGER=$(HOSTILE_SECONDS) tests/vm/run $(if $(KERNEL),--kernel $(KERNEL)) $(addprefix hostile-,$(TYPE)) || status=$$?; \
		rm -f build/hostile.conf; exit $$status
