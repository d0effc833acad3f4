#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-can" "$BUILD/vhost-user-can/vhost-user-can-fake" --interface=can0 --can-fd=on \
	--ack-timeout=10000 --filter=555~7FF
