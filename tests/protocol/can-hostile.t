#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-hostile" "$BUILD/vhost-user-can/vhost-user-can" --interface=no-such-can
