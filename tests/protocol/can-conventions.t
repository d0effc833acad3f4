#!/bin/sh
# SPDX-License-Identifier: MIT
exec tests/protocol/test-conventions "$BUILD/vhost-user-can/vhost-user-can" can --interface=no-such-can --can-fd=on
