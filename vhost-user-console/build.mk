# SPDX-License-Identifier: MIT

# What does no I/O, so that the unit tests can have it.
$(call library,console,vhost-user-console,control.c escape.c port-spec.c resize-order.c stamps.c stream.c)

CONSOLE_SOURCES := backend-file.c backend-pty.c backend-server.c backend-stdio.c console-device.c console-queues.c memo.c options.c \
	peer.c port.c ports.c terminal.c vhost-user-console.c
$(call daemon,vhost-user-console,$(CONSOLE_SOURCES),,vhost-user-console/libconsole.a)

CONSOLE_TEST_LIB := vhost-user-console/libconsole.a
$(call unit-test,test-console-control,test-console-control.c,,$(CONSOLE_TEST_LIB))
$(call unit-test,test-console-peer,test-console-peer.c vhost-user-console/peer.c,libsystemd,$(CONSOLE_TEST_LIB) vhost-user/libvhost-user.a)
$(call unit-test,test-console-port-spec,test-console-port-spec.c,,$(CONSOLE_TEST_LIB) vhost-user/libvhost-user.a)
$(call unit-test,test-console-text,test-console-text.c,,$(CONSOLE_TEST_LIB))
