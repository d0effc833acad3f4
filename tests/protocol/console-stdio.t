#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$BUILD/tests/protocol/test-console-stdio" "$(command -v setsid)" --ctty "$BUILD/vhost-user-console/vhost-user-console" \
	--resize-order=spec --port=backend=stdio
