# SPDX-License-Identifier: MIT

# libgpiod changed its interface with version 2; GPIOD=1 or 2 overrides what is found.
GPIOD ?= $(shell $(PKG_CONFIG) --atleast-version=2 libgpiod && echo 2 || echo 1)

# All but the border to libgpiod, for tests where there is no chip.
$(call library,gpio,vhost-user-gpio,gpio-irq.c gpio-spec.c gpio-lines.c gpio-watch.c gpio-plug.c gpio-saved.c gpio-device.c options.c)

$(call daemon,vhost-user-gpio,gpio-chip-v$(GPIOD).c vhost-user-gpio.c,libgpiod,vhost-user-gpio/libgpio.a)

GPIO_TEST_LIB := vhost-user-gpio/libgpio.a
$(call unit-test,test-gpio-irq,test-gpio-irq.c,,$(GPIO_TEST_LIB))
$(call unit-test,test-gpio-spec,test-gpio-spec.c,,$(GPIO_TEST_LIB) vhost-user/libvhost-user.a)
