# SPDX-License-Identifier: MIT

# What needs no kernel, so that the unit tests can have it.
$(call library,can,vhost-user-can,can-acks.c can-errors.c can-filter.c can-frame.c can-link.c can-state.c)

CAN_DEVICE := can-device.c can-port.c can-rx.c can-tx.c options.c several.c vhost-user-can.c
CAN_LIBS := vhost-user-can/libcan.a vhost-user/libvhost-user.a
$(call program,vhost-user-can,vhost-user-can,$(CAN_DEVICE) can-helper.c can-raw.c can-spawn.c,libsystemd,$(CAN_LIBS))
INSTALL_BIN += $(B)/vhost-user-can/vhost-user-can

CAN_TEST_LIB := vhost-user-can/libcan.a
$(call unit-test,test-can-acks,test-can-acks.c,,$(CAN_TEST_LIB))
$(call unit-test,test-can-filter,test-can-filter.c,,$(CAN_TEST_LIB))
$(call unit-test,test-can-frame,test-can-frame.c,,$(CAN_TEST_LIB))
$(call unit-test,test-can-link,test-can-link.c,,$(CAN_TEST_LIB))

# tests/protocol/can-polite.t and can-life.t run these: the device with a fake interface, and a driver before it
$(call program,vhost-user-can-fake,vhost-user-can,$(CAN_DEVICE) ../tests/protocol/can-fake.c,libsystemd,$(CAN_LIBS))
CAN_VISIT := can-bus.c frontend.c driver.c server.c
$(call program,test-can,tests/protocol,test-can.c $(CAN_VISIT),cmocka,$(CAN_LIBS))
$(call program,test-can-life,tests/protocol,test-can-life.c $(CAN_VISIT),cmocka,$(CAN_LIBS))

$(call man-page,vhost-user-can/vhost-user-can.1.scd)
INSTALL_DATA += \
	$(B)/vhost-user-can/50-vhost-user-can.json:share/qemu/vhost-user \
	vhost-user-can/vhost-user-can@.service:lib/systemd/system \
	vhost-user-can/vhost-user-can@.socket:lib/systemd/system

# QEMU's managers want the program's whole path.
user: $(B)/vhost-user-can/50-vhost-user-can.json
$(B)/vhost-user-can/50-vhost-user-can.json: vhost-user-can/50-vhost-user-can.json
	@mkdir -p $(@D)
	@sed 's|/usr/bin/|$(PREFIX)/bin/|' $< >$@
