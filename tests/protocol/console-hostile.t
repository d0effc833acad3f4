#!/bin/sh
# SPDX-License-Identifier: MIT
# The last queue is the one that is attacked: the file takes all that is written there.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILD/tests/protocol/test-hostile" "$BUILD/vhost-user-console/vhost-user-console" \
	--port=name=login,backend=pty --port="name=data,backend=file,path=$work/log"
