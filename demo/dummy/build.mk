# SPDX-License-Identifier: MIT

# What needs no kernel, so that the unit tests can have it.
$(call library,htt70a,demo/dummy,fault.c descriptors.c strength.c frame.c gesture.c command.c recording.c feature.c trace.c)

$(call program,htt70a,demo/dummy,uhid.c panel.c player.c control.c htt70a.c,libsystemd,demo/dummy/libhtt70a.a)
$(call program,touchlog,demo/dummy,evdev.c touchlog.c,libevdev,demo/dummy/libhtt70a.a)

$(call unit-test,test-htt70a-frame,test-htt70a-frame.c,,demo/dummy/libhtt70a.a)
$(call unit-test,test-htt70a-feature,test-htt70a-feature.c,,demo/dummy/libhtt70a.a)
$(call unit-test,test-htt70a-command,test-htt70a-command.c,,demo/dummy/libhtt70a.a)
$(call unit-test,test-htt70a-recording,test-htt70a-recording.c,,demo/dummy/libhtt70a.a)
$(call unit-test,test-htt70a-trace,test-htt70a-trace.c,,demo/dummy/libhtt70a.a)

# Scripts; scenarios find what they use below build/.
DEMO_SCRIPTS := $(addprefix $(B)/demo/dummy/,car console-peer)
PROGRAMS += $(DEMO_SCRIPTS)
$(DEMO_SCRIPTS): $(B)/%: %
	@mkdir -p $(@D)
	@install -m 755 $< $@
