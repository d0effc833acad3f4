# SPDX-License-Identifier: MIT
PROTOCOL := tests/protocol
PROTOCOL_HOSTILE := test-hostile.c hostile.c hostile-messages.c hostile-queues.c hostile-rings.c
PROTOCOL_LIB := vhost-user/libvhost-user.a

$(call program,echo-device,$(PROTOCOL),echo-device.c,libsystemd,$(PROTOCOL_LIB))
$(call protocol-test,test-echo,test-echo.c echo-visit.c)
$(call protocol-test,test-hostile,$(PROTOCOL_HOSTILE))

PROTOCOL_CONSOLE := console-driver.c console-expect.c console-start.c visit.c
$(call protocol-test,test-console,test-console.c console-ends.c console-flow.c $(PROTOCOL_CONSOLE))
$(call protocol-test,test-console-hostile,test-console-hostile.c $(PROTOCOL_CONSOLE))
$(call protocol-test,test-console-stdio,test-console-stdio.c $(PROTOCOL_CONSOLE))

# vhost-user-gpio where there is no GPIO chip
PROTOCOL_GPIO := gpio-visit.c fake-gpio-chip.c
$(call program,gpio-on-a-file,$(PROTOCOL),gpio-on-a-file.c fake-gpio-chip.c,libsystemd,vhost-user-gpio/libgpio.a $(PROTOCOL_LIB))
$(call protocol-test,test-gpio,test-gpio.c $(PROTOCOL_GPIO))
$(call protocol-test,test-gpio-resume,test-gpio-resume.c $(PROTOCOL_GPIO))
$(call protocol-test,test-gpio-irq,test-gpio-irq.c $(PROTOCOL_GPIO))

.PHONY: check-protocol run-protocol

# Front-ends polite and hostile against the daemons, each *.t one of them.
check-protocol:
	@tools/setup build
	@$(MAKE) SAN=1 run-protocol

# All programs: every daemon is tested, and the list is complete only in a second make.
run-protocol:
	@$(MAKE) user
	@BUILD=$(B) CMOCKA_MESSAGE_OUTPUT=TAP prove $(PROTOCOL)/*.t
