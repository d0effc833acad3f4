# SPDX-License-Identifier: MIT

# What does no I/O, so that the unit tests can have it.
$(call library,console,vhost-user-console,control.c escape.c port-spec.c resize-order.c stamps.c stream.c)

CONSOLE_SOURCES := backend-file.c backend-pty.c backend-server.c backend-stdio.c console-device.c console-queues.c memo.c options.c \
	peer.c port.c ports.c terminal.c vhost-user-console.c
$(call program,vhost-user-console,vhost-user-console,$(CONSOLE_SOURCES),\
	libsystemd,vhost-user-console/libconsole.a vhost-user/libvhost-user.a)
INSTALL_BIN += $(B)/vhost-user-console/vhost-user-console

CONSOLE_TEST_LIB := vhost-user-console/libconsole.a
$(call unit-test,test-console-control,test-console-control.c,,$(CONSOLE_TEST_LIB))
$(call unit-test,test-console-port-spec,test-console-port-spec.c,,$(CONSOLE_TEST_LIB))
$(call unit-test,test-console-text,test-console-text.c,,$(CONSOLE_TEST_LIB))

$(call man-page,vhost-user-console/vhost-user-console.1.scd)
INSTALL_DATA += \
	$(B)/vhost-user-console/50-vhost-user-console.json:share/qemu/vhost-user \
	vhost-user-console/vhost-user-console.service:lib/systemd/system \
	vhost-user-console/vhost-user-console.socket:lib/systemd/system

# QEMU's managers want the program's whole path.
user: $(B)/vhost-user-console/50-vhost-user-console.json
$(B)/vhost-user-console/50-vhost-user-console.json: vhost-user-console/50-vhost-user-console.json
	@mkdir -p $(@D)
	@sed 's|/usr/bin/|$(PREFIX)/bin/|' $< >$@
