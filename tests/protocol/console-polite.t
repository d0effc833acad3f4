#!/bin/sh
# SPDX-License-Identifier: MIT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "name=extra,backend=unix,path=$work/extra" >"$work/config"
WORK=$work "$BUILD/tests/protocol/test-console" "$BUILD/vhost-user-console/vhost-user-console" --max-ports=6 \
	--resize-order=spec --config="$work/config" --state="$work/state" \
	--port="name=login,backend=unix,path=$work/login,size=80x25" \
	--port="name=data,backend=unix,path=$work/data" \
	--port="name=log,backend=file,path=$work/log,timestamps" \
	--port="name=tty,backend=pty,path=$work/tty,console"
