# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For the console-*.t: with_ports COMMAND... runs it with vhost-user-console and the ports of test-console, whose sockets
# and files are in $WORK.
with_ports() {
	WORK=$(mktemp -d /tmp/vhu-console-XXXXXX)
	export WORK
	echo "name=extra,backend=unix,path=$WORK/extra" >"$WORK/config"
	"$@" "$BUILD/vhost-user-console/vhost-user-console" --max-ports=6 --resize-order=spec --config="$WORK/config" \
		--state="$WORK/state" \
		--port="name=login,backend=unix,path=$WORK/login,size=80x25" \
		--port="name=data,backend=unix,path=$WORK/data" \
		--port="name=log,backend=file,path=$WORK/log,timestamps" \
		--port="name=tty,backend=pty,path=$WORK/tty,console"
	status=$?
	rm -rf "$WORK"
	exit $status
}
