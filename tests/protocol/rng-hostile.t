#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-hostile" "$BUILD/vhost-user-rng/vhost-user-rng"
