#!/bin/sh
# SPDX-License-Identifier: MIT
exec tests/protocol/test-conventions "$BUILD/vhost-user-console/vhost-user-console" console --port=name=login,backend=pty
