#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-can-settings" "$BUILD/vhost-user-can/vhost-user-can-fake" --interface=can0 --can-fd=on \
	--bitrate=500000
