#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-echo" "$BUILD/tests/protocol/echo-device"
