# SPDX-License-Identifier: MIT
#
# Programs that the tests test-kmod-* run in the guest.
KMOD_TEST_PROGRAMS := vlb-abi vlb-pool vlb-input vlb-phases vlb-hostile vlb-many vlb-inflight vlb-stale vlb-can vlb-can-control vlb-console vlb-adopt vlb-orphan vlb-events
$(foreach p,$(KMOD_TEST_PROGRAMS),$(call program,$(p),tests/vm-kmod,$(p).c fake.c blk.c can.c con.c tap.c,,))

# make virtio-overlap KDIR=D: a driver that vlb-hostile watches
$(call test-module,virtio-overlap,tests/vm-kmod/overlap)
