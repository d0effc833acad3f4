# SPDX-License-Identifier: MIT

# What needs no kernel, so that the unit tests can have it.
$(call library,can,vhost-user-can,can-acks.c can-errors.c can-filter.c can-frame.c can-link.c can-state.c)

CAN_DEVICE := can-device.c can-port.c can-rx.c can-tx.c options.c several.c vhost-user-can.c
$(call daemon,vhost-user-can,$(CAN_DEVICE) can-helper.c can-raw.c can-spawn.c,,vhost-user-can/libcan.a)

CAN_TEST_LIB := vhost-user-can/libcan.a
$(call unit-test,test-can-acks,test-can-acks.c,,$(CAN_TEST_LIB))
$(call unit-test,test-can-filter,test-can-filter.c,,$(CAN_TEST_LIB))
$(call unit-test,test-can-frame,test-can-frame.c,,$(CAN_TEST_LIB))
$(call unit-test,test-can-link,test-can-link.c,,$(CAN_TEST_LIB))

# tests/protocol/can-polite.t, can-life.t and can-settings.t run these: the device with a fake interface, and a driver before it
$(call program,vhost-user-can-fake,vhost-user-can,$(CAN_DEVICE) ../tests/protocol/can-fake.c,libsystemd,\
	$(CAN_TEST_LIB) vhost-user/libvhost-user.a)
$(call protocol-test,test-can,test-can.c can-bus.c,$(CAN_TEST_LIB))
$(call protocol-test,test-can-life,test-can-life.c can-bus.c,$(CAN_TEST_LIB))
$(call protocol-test,test-can-settings,test-can-settings.c can-bus.c,$(CAN_TEST_LIB))
