#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-hostile" "$BUILD/tests/protocol/echo-device"
