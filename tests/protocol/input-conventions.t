#!/bin/sh
# SPDX-License-Identifier: MIT
exec tests/protocol/test-conventions "$BUILD/vhost-user-input-hidraw/vhost-user-input-hidraw" input \
	--recording=tests/protocol/ten-fingers.hid
