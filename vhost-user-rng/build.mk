# SPDX-License-Identifier: MIT
$(call program,vhost-user-rng,vhost-user-rng,vhost-user-rng.c,libsystemd,vhost-user/libvhost-user.a)
$(call man-page,vhost-user-rng/vhost-user-rng.1.scd)
INSTALL_BIN += $(B)/vhost-user-rng/vhost-user-rng
INSTALL_DATA += $(B)/vhost-user-rng/50-vhost-user-rng.json:share/qemu/vhost-user

# QEMU's managers want the program's whole path.
user: $(B)/vhost-user-rng/50-vhost-user-rng.json
$(B)/vhost-user-rng/50-vhost-user-rng.json: vhost-user-rng/50-vhost-user-rng.json
	@mkdir -p $(@D)
	@sed 's|/usr/bin/|$(PREFIX)/bin/|' $< >$@

# tests/protocol/rng-polite.t runs it
$(call program,test-rng,tests/protocol,test-rng.c frontend.c driver.c server.c,cmocka,vhost-user/libvhost-user.a)
