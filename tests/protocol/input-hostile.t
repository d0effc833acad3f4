#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-hostile" "$BUILD/vhost-user-input-hidraw/vhost-user-input-hidraw" \
	--recording=tests/protocol/ten-fingers.hid
