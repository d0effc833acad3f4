#!/bin/sh
# SPDX-License-Identifier: MIT
exec tests/protocol/test-conventions "$BUILD/tests/protocol/echo-device" echo
