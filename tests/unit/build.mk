# SPDX-License-Identifier: MIT
VHU_LIB := vhost-user/libvhost-user.a
RING_TEST := ring-fixture.c tests/protocol/driver.c

$(call unit-test,test-wire,test-wire.c,,$(VHU_LIB))
$(call unit-test,test-channel,test-channel.c,,$(VHU_LIB))
$(call unit-test,test-memory,test-memory.c,,$(VHU_LIB))
$(call unit-test,test-virtqueue,test-virtqueue.c $(RING_TEST),libsystemd,$(VHU_LIB))
$(call unit-test,test-virtqueue-notify,test-virtqueue-notify.c $(RING_TEST),libsystemd,$(VHU_LIB))
$(call unit-test,test-virtqueue-hostile,test-virtqueue-hostile.c $(RING_TEST),libsystemd,$(VHU_LIB))
$(call unit-test,test-log,test-log.c,libsystemd,$(VHU_LIB))

.PHONY: check-unit run-unit

check-unit:
	@tools/setup build
	@$(MAKE) SAN=1 run-unit

# The list is complete only when all fragments are read: hence make in make.
run-unit:
	@$(MAKE) $(UNIT_TESTS)
	@CMOCKA_MESSAGE_OUTPUT=TAP prove --exec '' $(UNIT_TESTS)
