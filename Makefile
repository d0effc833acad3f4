# SPDX-License-Identifier: MIT
#
# One non-recursive make. Each folder's build.mk adds to it by:
#
#   $(call library,NAME,DIR,SOURCES,PKGS)
#	build/DIR/libNAME.a of DIR/SOURCES
#   $(call program,NAME,DIR,SOURCES,PKGS,LIBS)
#	build/DIR/NAME of DIR/SOURCES, linked with the archives LIBS (paths below
#	$(B), as vhost-user/libvhost-user.a) and with the pkg-config packages PKGS
#   $(call daemon,NAME,SOURCES,PKGS,LIBS)
#	build/NAME/NAME of NAME/SOURCES with the library for daemons, and what is installed with it: the manual
#	page NAME/NAME.1.scd, QEMU's description NAME/50-NAME.json, and the systemd units that are in the folder
#   $(call protocol-test,NAME,SOURCES,LIBS)
#	build/tests/protocol/NAME, a cmocka program of tests/protocol/SOURCES and the front-end there
#   $(call unit-test,NAME,SOURCES,PKGS,LIBS)
#	build/tests/unit/NAME, a cmocka program of tests/unit/SOURCES; SOURCES may
#	also name a source of another folder by its path from the top
#   $(call man-page,FILE.N.scd)
#	build/FILE.N
#
# PROGRAMS, MAN_PAGES and UNIT_TESTS collect what was declared. "make install" takes
# INSTALL_BIN (programs), MAN_PAGES, INSTALL_JSON, and INSTALL_DATA (SOURCE:FOLDER pairs,
# the folder below $(PREFIX)).
# SAN=1 builds everything with ASan and UBSan below build/san instead.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
PKG_CONFIG ?= pkg-config
SCDOC ?= scdoc
PREFIX ?= /usr/local
VERSION := 0.1

B := build$(if $(SAN),/san)
comma := ,
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
WARN := -Wall -Wextra -Werror=implicit-function-declaration -Wstrict-prototypes -Wmissing-prototypes \
	-Wshadow -Wpointer-arith -Wvla -Wno-unused-parameter -Wformat=2 -Wundef
CFLAGS ?= -O2 -g
# A warning is an error where we develop and test; WERROR= for packagers with other compilers.
WERROR ?= -Werror
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(WARN) $(WERROR) $(CFLAGS) $(SANFLAGS) -Iinclude/uapi -Ivhost-user -I. -MMD -MP
ALL_LDFLAGS = $(LDFLAGS) $(SANFLAGS)

PROGRAMS :=
INSTALL_BIN :=
INSTALL_JSON :=
INSTALL_DATA :=
MAN_PAGES :=
UNIT_TESTS :=
OBJECTS :=

pkg-cflags = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --cflags $(1)))
pkg-libs = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --libs $(1)))

# $(call objects,OUTDIR,SOURCES-from-top,PKGS): object names, with their rules
define object-rule
$(1)/$(2:.c=.o): $(2) | build-deps
	@mkdir -p $$(@D)
	@echo "  CC      $(2)"
	@$$(CC) $$(ALL_CFLAGS) $$(call pkg-cflags,$(3)) -c -o $$@ $$<
OBJECTS += $(1)/$(2:.c=.o)
endef

define library-rules
$(foreach s,$(3),$(eval $(call object-rule,$(B)/obj/lib$(1),$(2)/$(s),$(4))))
$(B)/$(2)/lib$(1).a: $(foreach s,$(3),$(B)/obj/lib$(1)/$(2)/$(s:.c=.o))
	@mkdir -p $$(@D)
	@echo "  AR      $$@"
	@rm -f $$@ && $$(AR) rcs $$@ $$^
endef
library = $(eval $(call library-rules,$(strip $(1)),$(strip $(2)),$(3),$(4)))

define link-rule
$(1): $(2) $(addprefix $(B)/,$(4))
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	@$$(CC) $$(ALL_LDFLAGS) -o $$@ $(2) $(addprefix $(B)/,$(4)) $$(call pkg-libs,$(3)) $$(LDLIBS)
endef

define program-rules
$(foreach s,$(3),$(eval $(call object-rule,$(B)/obj/$(1),$(2)/$(s),$(4))))
$(call link-rule,$(B)/$(2)/$(1),$(foreach s,$(3),$(B)/obj/$(1)/$(2)/$(s:.c=.o)),$(4),$(5))
PROGRAMS += $(B)/$(2)/$(1)
endef
program = $(eval $(call program-rules,$(strip $(1)),$(strip $(2)),$(3),$(4),$(5)))

test-source = $(if $(findstring /,$(1)),$(1),tests/unit/$(1))
define unit-test-rules
$(foreach s,$(2),$(eval $(call object-rule,$(B)/obj/$(1),$(call test-source,$(s)),cmocka $(3))))
$(call link-rule,$(B)/tests/unit/$(1),$(foreach s,$(2),$(B)/obj/$(1)/$(patsubst %.c,%.o,$(call test-source,$(s)))),cmocka $(3),$(4))
UNIT_TESTS += $(B)/tests/unit/$(1)
endef
unit-test = $(eval $(call unit-test-rules,$(strip $(1)),$(2),$(3),$(4)))

define man-rule
$(B)/$(1:.scd=): $(1) | build-deps
	@mkdir -p $$(@D)
	@echo "  SCDOC   $$@"
	@$$(SCDOC) < $$< > $$@
MAN_PAGES += $(B)/$(1:.scd=)
endef
man-page = $(eval $(call man-rule,$(strip $(1))))

define daemon-rules
$(call program,$(1),$(1),$(2),libsystemd $(3),$(4) vhost-user/libvhost-user.a)
$(call man-page,$(1)/$(1).1.scd)
INSTALL_BIN += $(B)/$(1)/$(1)
INSTALL_JSON += $(1)/50-$(1).json
INSTALL_DATA += $(patsubst %,%:lib/systemd/system,$(wildcard $(1)/*.service $(1)/*.socket))
endef
daemon = $(eval $(call daemon-rules,$(strip $(1)),$(2),$(3),$(4)))

protocol-test = $(call program,$(1),tests/protocol,$(2) frontend.c driver.c server.c,cmocka,$(3) vhost-user/libvhost-user.a)

FRAGMENTS := $(sort $(wildcard */build.mk */*/build.mk))
include $(FRAGMENTS)

.PHONY: all user man build-deps clean install
all: user man $(if $(SAN),,kmod)
user: $(PROGRAMS)
man: $(MAN_PAGES)

# Installs what the build needs when something is missing; silent and quick when not.
build-deps:
	@tools/setup build

clean:
	rm -rf build

install: user man
	@for f in $(INSTALL_BIN); do install -D -t $(DESTDIR)$(PREFIX)/bin $$f; done
	@for f in $(MAN_PAGES); do install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${f##*.} $$f; done
	@for f in $(INSTALL_JSON); do d=$(DESTDIR)$(PREFIX)/share/qemu/vhost-user/$${f##*/} && \
		install -D -m 644 $$f $$d && sed -i 's|/usr/bin/|$(PREFIX)/bin/|' $$d; done
	@for f in $(INSTALL_DATA); do install -D -m 644 -t $(DESTDIR)$(PREFIX)/$${f#*:} $${f%%:*}; done
	@echo "installed to $(DESTDIR)$(PREFIX); the module: make kmod, then modules_install or dkms (see kmod/README.md)"

-include $(OBJECTS:.o=.d)
$(OBJECTS): $(FRAGMENTS) Makefile
