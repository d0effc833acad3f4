# SPDX-License-Identifier: MIT
VHU_SOURCES := wire.c channel.c memory.c guard.c iov.c chain.c virtqueue.c ring.c backend.c device.c daemon.c listen.c accept.c spec.c log.c
$(call library,vhost-user,vhost-user,$(VHU_SOURCES),libsystemd)
