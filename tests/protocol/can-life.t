#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-can-life" "$BUILD/vhost-user-can/vhost-user-can-fake" --interface=can0 --can-fd=on
