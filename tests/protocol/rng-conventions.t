#!/bin/sh
# SPDX-License-Identifier: MIT
exec tests/protocol/test-conventions "$BUILD/vhost-user-rng/vhost-user-rng" rng
