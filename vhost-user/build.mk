# SPDX-License-Identifier: MIT
$(call library,vhost-user,vhost-user,wire.c channel.c memory.c virtqueue.c backend.c daemon.c log.c,libsystemd)
