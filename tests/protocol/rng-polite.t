#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-rng" "$BUILD/vhost-user-rng/vhost-user-rng"
