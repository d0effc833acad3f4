# SPDX-License-Identifier: MIT
PROTOCOL := tests/protocol
PROTOCOL_FRONTEND := frontend.c driver.c server.c
PROTOCOL_HOSTILE := test-hostile.c hostile.c hostile-messages.c hostile-queues.c hostile-rings.c
PROTOCOL_LIB := vhost-user/libvhost-user.a

$(call program,echo-device,$(PROTOCOL),echo-device.c,libsystemd,$(PROTOCOL_LIB))
$(call program,test-echo,$(PROTOCOL),test-echo.c echo-visit.c $(PROTOCOL_FRONTEND),cmocka,$(PROTOCOL_LIB))
$(call program,test-hostile,$(PROTOCOL),$(PROTOCOL_HOSTILE) $(PROTOCOL_FRONTEND),cmocka,$(PROTOCOL_LIB))
PROTOCOL_CONSOLE := test-console.c console-driver.c console-ends.c console-expect.c
$(call program,test-console,$(PROTOCOL),$(PROTOCOL_CONSOLE) $(PROTOCOL_FRONTEND),cmocka,$(PROTOCOL_LIB))

# vhost-user-gpio where there is no GPIO chip
PROTOCOL_GPIO := gpio-visit.c fake-gpio-chip.c $(PROTOCOL_FRONTEND)
$(call program,gpio-on-a-file,$(PROTOCOL),gpio-on-a-file.c fake-gpio-chip.c,libsystemd,vhost-user-gpio/libgpio.a $(PROTOCOL_LIB))
$(call program,test-gpio,$(PROTOCOL),test-gpio.c $(PROTOCOL_GPIO),cmocka,$(PROTOCOL_LIB))
$(call program,test-gpio-resume,$(PROTOCOL),test-gpio-resume.c $(PROTOCOL_GPIO),cmocka,$(PROTOCOL_LIB))
$(call program,test-gpio-irq,$(PROTOCOL),test-gpio-irq.c $(PROTOCOL_GPIO),cmocka,$(PROTOCOL_LIB))

.PHONY: check-protocol run-protocol

# Front-ends polite and hostile against the daemons, each *.t one of them.
check-protocol:
	@tools/setup build
	@$(MAKE) SAN=1 run-protocol

# All programs: every daemon is tested, and the list is complete only in a second make.
run-protocol:
	@$(MAKE) user
	@BUILD=$(B) CMOCKA_MESSAGE_OUTPUT=TAP prove $(PROTOCOL)/*.t
