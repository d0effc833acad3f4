# SPDX-License-Identifier: MIT
FUZZ_SECONDS ?= 30

$(call program,fuzz-connection,tests/fuzz,fuzz-connection.c traffic.c chance.c,libsystemd,vhost-user/libvhost-user.a)

.PHONY: check-fuzz run-fuzz

check-fuzz:
	@tools/setup build
	@$(MAKE) SAN=1 run-fuzz

run-fuzz: $(B)/tests/fuzz/fuzz-connection
	@prove --exec '' $< :: --seconds=$(FUZZ_SECONDS)
