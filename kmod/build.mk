# SPDX-License-Identifier: GPL-2.0-only
#
# make kmod			for the running kernel, or a line that says why not
# make kmod KVER=R | KDIR=D	for the kernel release R, or the headers or build tree D
# make kmod-sparse [KDIR=D]	the same with sparse and W=1; any warning fails
# make kmod-refusing [KDIR=D]	in build/kmod/refusing, as for a kernel without DMA operations
# make kmod-source DEST=D	sources as DKMS wants them, for instance in
#				/usr/src/virtio-loopback-0.1
#
# Builds in build/kmod/<release>, so that several kernels live side by side and
# nothing is left between the sources. ARCH= and CROSS_COMPILE= pass through.

KMOD_SOURCES := $(wildcard kmod/*.c kmod/*.h) kmod/Kbuild $(wildcard include/uapi/*.h)
KMOD_SUB_SOURCES := $(wildcard kmod/virtio_can/*.[ch]) kmod/virtio_can/Kbuild
KMOD_KDIR = $(or $(KDIR),/lib/modules/$(or $(KVER),$(shell uname -r))/build)
# The headers of some distributions want type information of every module, which takes pahole; a module does without.
KMOD_BTF = $(if $(shell command -v pahole),,CONFIG_DEBUG_INFO_BTF_MODULES=)
KMOD_RELEASE = $(shell cat $(KMOD_KDIR)/include/config/kernel.release 2>/dev/null)

# Copies what changed, so that kbuild sees by the times what to do again.
kmod-copy = mkdir -p $(1)/virtio_can && for f in $(KMOD_SOURCES); do \
	cmp -s $$f $(1)/$${f\#\#*/} || cp $$f $(1)/ || exit; done && for f in $(KMOD_SUB_SOURCES); do \
	cmp -s $$f $(1)/$${f\#*/} || cp $$f $(1)/$${f\#*/} || exit; done

kmod-no-headers = test -n '$(KMOD_RELEASE)' || { \
	echo 'kmod: $(KMOD_KDIR) holds no configured kernel: install its headers, or name others with KDIR='; exit 1; }

# $(call test-module,NAME,DIR,FILES): make NAME KDIR=D builds what DIR/Kbuild names, for a test, in build/kmod/NAME/<release>.
# FILES: which of its sources, as paths; all by default.
define test-module-rule
.PHONY: $(1)
$(1): build-deps
	@{ $$(kmod-no-headers); } >&2
	@mkdir -p build/kmod/$(1)/$$(KMOD_RELEASE)
	@for f in $(2)/Kbuild $(or $(3),$(wildcard $(2)/*.c)); do \
		cmp -s $$$$f build/kmod/$(1)/$$(KMOD_RELEASE)/$$$${f##*/} || cp $$$$f build/kmod/$(1)/$$(KMOD_RELEASE)/ || exit; done
	@$$(MAKE) -s -C $$(KMOD_KDIR) $$(KMOD_BTF) M=$$(CURDIR)/build/kmod/$(1)/$$(KMOD_RELEASE) modules
endef
test-module = $(eval $(call test-module-rule,$(strip $(1)),$(2),$(3)))

.PHONY: kmod kmod-sparse kmod-refusing kmod-source
ifneq ($(KDIR)$(KVER),)
kmod: build-deps
	@{ $(kmod-no-headers); } >&2
else
kmod: build-deps
endif
	@if test -z '$(KMOD_RELEASE)'; then \
		echo "kmod: skipped, no headers for the running kernel $$(uname -r): make kmod KVER=RELEASE builds it for another"; \
	else \
		echo '  KMOD    $(KMOD_RELEASE)' && $(call kmod-copy,build/kmod/$(KMOD_RELEASE)) && \
		$(MAKE) -s -C $(KMOD_KDIR) $(KMOD_BTF) M=$(CURDIR)/build/kmod/$(KMOD_RELEASE) modules; \
	fi

kmod-sparse: build-deps
	@{ $(kmod-no-headers); } >&2
	@echo '  SPARSE  $(KMOD_RELEASE)' && $(call kmod-copy,build/kmod/sparse/$(KMOD_RELEASE))
	@$(MAKE) -s -C $(KMOD_KDIR) $(KMOD_BTF) M=$(CURDIR)/build/kmod/sparse/$(KMOD_RELEASE) C=2 W=1 modules \
		> build/kmod/sparse/log 2>&1 || { cat build/kmod/sparse/log; exit 1; }
	@! grep -E 'warning:|error:' build/kmod/sparse/log

# As it is built for a kernel without DMA operations of its own; for the test that it refuses to load.
kmod-refusing: build-deps
	@{ $(kmod-no-headers); } >&2
	@$(call kmod-copy,build/kmod/refusing/$(KMOD_RELEASE))
	@printf '#undef CONFIG_ARCH_HAS_DMA_OPS\n#undef CONFIG_DMA_OPS\n' > build/kmod/refusing/undef.h
	@$(MAKE) -s -C $(KMOD_KDIR) $(KMOD_BTF) M=$(CURDIR)/build/kmod/refusing/$(KMOD_RELEASE) \
		KCFLAGS='-include $(CURDIR)/build/kmod/refusing/undef.h' modules

kmod-source:
	@test -n '$(DEST)' || { echo 'kmod-source: say where with DEST=' >&2; exit 1; }
	@mkdir -p $(DEST) && cp $(KMOD_SOURCES) kmod/dkms.conf LICENSES/GPL-2.0-only.txt $(DEST)/
	@cp -r kmod/virtio_can $(DEST)/
