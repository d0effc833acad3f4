# SPDX-License-Identifier: MIT
ADAPTER_SOURCES := options.c devices.c config.c config-fs.c config-net.c config-gpu.c display/display.c \
	display/socket.c frontend.c socket.c module.c session.c pulse.c shape.c adopt.c explain.c device.c

$(call program,virtio-loopback-adapter,adapter,main.c $(ADAPTER_SOURCES),libsystemd,vhost-user/libvhost-user.a)
$(call man-page,adapter/virtio-loopback-adapter.8.scd)
INSTALL_BIN += $(B)/adapter/virtio-loopback-adapter
INSTALL_DATA += adapter/virtio-loopback-adapter@.service:lib/systemd/system

# The table names each type's configuration space, and that the rest.
ADAPTER_CONFIG := adapter/devices.c adapter/config.c adapter/config-fs.c adapter/config-net.c adapter/config-gpu.c \
	adapter/display/display.c adapter/display/socket.c adapter/frontend.c adapter/socket.c
$(call unit-test,test-adapter-options,test-adapter-options.c adapter/options.c $(ADAPTER_CONFIG),libsystemd,vhost-user/libvhost-user.a)
$(call unit-test,test-adapter-frontend,test-adapter-frontend.c adapter-fake.c adapter/frontend.c adapter/socket.c,libsystemd,vhost-user/libvhost-user.a)
$(call unit-test,test-adapter-config,test-adapter-config.c adapter-fake.c $(ADAPTER_CONFIG),libsystemd,vhost-user/libvhost-user.a)
$(call unit-test,test-adapter-display,test-adapter-display.c adapter-fake.c adapter/display/display.c adapter/display/socket.c,,vhost-user/libvhost-user.a)
ADAPTER_LIFE := adapter-fixture.c adapter-fake.c adapter-fake-module.c adapter/session.c adapter/pulse.c adapter/shape.c \
	adapter/adopt.c adapter/explain.c adapter/device.c $(ADAPTER_CONFIG)
$(call unit-test,test-adapter-start,test-adapter-start.c $(ADAPTER_LIFE),libsystemd,vhost-user/libvhost-user.a)
$(call unit-test,test-adapter-device,test-adapter-device.c $(ADAPTER_LIFE),libsystemd,vhost-user/libvhost-user.a)
$(call unit-test,test-adapter-adopt,test-adapter-adopt.c $(ADAPTER_LIFE),libsystemd,vhost-user/libvhost-user.a)
