# SPDX-License-Identifier: MIT
FUZZ_SECONDS ?= 30
FUZZ ?= hid

$(call program,fuzz-connection,tests/fuzz,fuzz-connection.c traffic.c chance.c,libsystemd,vhost-user/libvhost-user.a)

# Coverage-guided: clang's libFuzzer, always with the sanitizers, so outside of what SAN= builds. Its first inputs are
# made from the families of touch panels; what it finds worth keeping stays in build/fuzz/hid.corpus.
CLANG ?= clang
FUZZ_FLAGS := -std=gnu11 -D_GNU_SOURCE -I. -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_HID := $(addprefix vhost-user-input-hidraw/,hid-parser.c hid-field.c hid-layout.c hid-touch.c touch-state.c)

build/fuzz/fuzz-hid: tests/fuzz/fuzz-hid.c $(FUZZ_HID) $(wildcard vhost-user-input-hidraw/*.h) tests/fuzz/build.mk
	@mkdir -p $(@D)
	@echo "  FUZZ    $@"
	@$(CLANG) $(WARN) $(WERROR) $(FUZZ_FLAGS) -o $@ $(filter %.c,$^)

.PHONY: check-fuzz run-fuzz fuzz

check-fuzz:
	@tools/setup build fuzz
	@$(MAKE) SAN=1 run-fuzz

run-fuzz: $(B)/tests/fuzz/fuzz-connection $(B)/tests/families/hid-families build/fuzz/fuzz-hid
	@prove --exec '' $< :: --seconds=$(FUZZ_SECONDS)
	@prove --exec '' tests/fuzz/guided.t :: hid $(FUZZ_SECONDS)

# For hours: make fuzz FUZZ=hid FUZZ_SECONDS=3600
fuzz:
	@tools/setup build fuzz
	@$(MAKE) SAN=1 build/san/tests/families/hid-families build/fuzz/fuzz-$(FUZZ)
	@tests/fuzz/guided.t $(FUZZ) $(FUZZ_SECONDS)
