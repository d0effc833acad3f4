# SPDX-License-Identifier: MIT

# libgpiod changed its interface with version 2; GPIOD=1 or 2 overrides what is found.
GPIOD ?= $(shell $(PKG_CONFIG) --atleast-version=2 libgpiod && echo 2 || echo 1)

# All but the border to libgpiod, for tests where there is no chip.
$(call library,gpio,vhost-user-gpio,gpio-irq.c gpio-spec.c gpio-lines.c gpio-watch.c gpio-plug.c gpio-saved.c gpio-device.c options.c)

$(call program,vhost-user-gpio,vhost-user-gpio,gpio-chip-v$(GPIOD).c vhost-user-gpio.c,\
	libsystemd libgpiod,vhost-user-gpio/libgpio.a vhost-user/libvhost-user.a)
INSTALL_BIN += $(B)/vhost-user-gpio/vhost-user-gpio

GPIO_TEST_LIB := vhost-user-gpio/libgpio.a
$(call unit-test,test-gpio-irq,test-gpio-irq.c,,$(GPIO_TEST_LIB))
$(call unit-test,test-gpio-spec,test-gpio-spec.c,,$(GPIO_TEST_LIB))

$(call man-page,vhost-user-gpio/vhost-user-gpio.1.scd)
INSTALL_DATA += \
	$(B)/vhost-user-gpio/50-vhost-user-gpio.json:share/qemu/vhost-user \
	vhost-user-gpio/vhost-user-gpio.service:lib/systemd/system \
	vhost-user-gpio/vhost-user-gpio.socket:lib/systemd/system

# QEMU's managers want the program's whole path.
user: $(B)/vhost-user-gpio/50-vhost-user-gpio.json
$(B)/vhost-user-gpio/50-vhost-user-gpio.json: vhost-user-gpio/50-vhost-user-gpio.json
	@mkdir -p $(@D)
	@sed 's|/usr/bin/|$(PREFIX)/bin/|' $< >$@
