# SPDX-License-Identifier: MIT
#
# Panels of every family of HID multitouch descriptors. tests/vm/test-input-families.sh runs hid-families in the guest, and
# the fuzzer's first inputs come from it.
$(call program,hid-families,tests/families,hid-families.c families.c scenes.c panel.c node.c ../unit/hid-builder.c,,)
$(call unit-test,test-hid-families,test-hid-families.c hid-builder.c tests/families/families.c tests/families/scenes.c,, \
	vhost-user-input-hidraw/libinput-hidraw.a)

.PHONY: check-families

# The comparison with hid-multitouch for longer, or with other numbers, or of some: FRAMES=2000 SEED=7 FAMILIES="hybrid list"
check-families:
	@tools/setup build vm
	@tests/families/long "$(or $(FRAMES),2000)" "$(or $(SEED),1)" "$(FAMILIES)"
