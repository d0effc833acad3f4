# SPDX-License-Identifier: MIT

# What needs no hardware, so that the unit tests can have it.
$(call library,input-hidraw,vhost-user-input-hidraw,hid-parser.c hid-field.c hid-layout.c hid-touch.c touch-state.c event-queue.c \
	input-config.c htt-features.c level-policy.c transform.c)

$(call daemon,vhost-user-input-hidraw,hidraw.c sensitivity.c worker.c control.c panel-find.c panel-choose.c panel.c native.c \
	recording.c options.c print.c input-device.c vhost-user-input-hidraw.c,libudev libevdev,vhost-user-input-hidraw/libinput-hidraw.a)
INSTALL_DATA += vhost-user-input-hidraw/70-vhost-user-input-hidraw.rules:lib/udev/rules.d

HTT_SOURCES := $(addprefix htt-sensitivity,.c -options.c -words.c -print.c -find.c -hidraw.c -evdev.c -restart.c -settings.c -watch.c)
$(call program,htt-sensitivity,vhost-user-input-hidraw,$(HTT_SOURCES),libudev hidapi-hidraw,vhost-user-input-hidraw/libinput-hidraw.a)
INSTALL_BIN += $(B)/vhost-user-input-hidraw/htt-sensitivity
$(call man-page,vhost-user-input-hidraw/htt-sensitivity.1.scd)
INSTALL_DATA += vhost-user-input-hidraw/htt-sensitivity.bash:share/bash-completion/completions

INPUT_TEST_LIB := vhost-user-input-hidraw/libinput-hidraw.a

$(call unit-test,test-hid-parser,test-hid-parser.c hid-builder.c,,$(INPUT_TEST_LIB))
$(call unit-test,test-hid-touch,test-hid-touch.c hid-builder.c,,$(INPUT_TEST_LIB))
$(call unit-test,test-input-state,test-input-state.c,,$(INPUT_TEST_LIB))
$(call unit-test,test-input-queue,test-input-queue.c hid-builder.c,,$(INPUT_TEST_LIB))
$(call unit-test,test-input-config,test-input-config.c,,$(INPUT_TEST_LIB))
$(call unit-test,test-input-level,test-input-level.c,,$(INPUT_TEST_LIB))
$(call unit-test,test-input-transform,test-input-transform.c,,$(INPUT_TEST_LIB))
$(call unit-test,test-htt-features,test-htt-features.c,,$(INPUT_TEST_LIB))
$(call unit-test,test-htt-options,test-htt-options.c $(addprefix vhost-user-input-hidraw/htt-sensitivity-,options.c words.c print.c),,\
	$(INPUT_TEST_LIB))
$(call unit-test,test-htt-restart,test-htt-restart.c $(addprefix vhost-user-input-hidraw/htt-sensitivity-,restart.c print.c),,\
	$(INPUT_TEST_LIB))
$(call unit-test,test-input-recording,test-input-recording.c hid-builder.c vhost-user-input-hidraw/recording.c \
	vhost-user-input-hidraw/hidraw.c vhost-user-input-hidraw/sensitivity.c,libsystemd,$(INPUT_TEST_LIB))

# tests/protocol/input-polite.t runs it
$(call protocol-test,test-input,test-input.c visit.c)
