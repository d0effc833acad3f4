# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# adapter-lib.sh and more for the tests of vhost-user-console.

# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

console_daemon=$build/vhost-user-console/vhost-user-console
console_pids=

# "make check-console" asks for more
# shellcheck disable=SC1091
[ ! -f "$build/console.conf" ] || . "$build/console.conf"
mib=${CONSOLE_MIB:-1}
# A bound against hangs
patience=$((120 + 30 * mib))

# start_daemon OPTION...: the daemon alone
start_daemon() {
	# of one that was killed
	rm -f "$work/console.sock"
	start console.log "$console_daemon" --socket-path="$work/console.sock" "$@"
	daemon_pid=$started
	eventually 30 test -S "$work/console.sock"
}

# start_console OPTION...: the daemon, the adapter, and a driver that is done. The busy host below may make all of them slow.
adapter_options=
start_console() {
	start_daemon "$@"
	# shellcheck disable=SC2086 # options, or nothing
	start adapter.log "$adapter" --device console --name console --socket-path "$work/console.sock" --deadline 1900 --grace 60 \
		$adapter_options
	adapter_pid=$started
	eventually 60 running console && eventually 30 find_console
}

# There are nodes for eight consoles once there was one. This is the first one that is alive, ours as the test machine has none.
hvc=/dev/hvc0
find_console() {
	stty -F $hvc
}

# node_of NAME: the device node of the port of that name. Without udev: its link comes later.
node_of() {
	for file in /sys/class/virtio-ports/*/name; do
		[ "$(cat "$file" 2>/dev/null)" = "$1" ] && basename "$(dirname "$file")" | sed 's|^|/dev/|' && return 0
	done
	return 1
}

no_node_of() {
	! node_of "$1" >/dev/null
}

# driver_knows NAME 0|1: that nobody, or somebody, is at the other end of that port. While nobody is a read ends at once, and a write
# waits.
driver_knows() {
	port=$(node_of "$1") && grep -q "^host_connected: $2\$" "/sys/kernel/debug/virtio-ports/${port##*/}"
}

peer() {
	within $patience $build/demo/dummy/console-peer "$@"
}

# peer_start LOG WORD...: in the background, pid in $started
peer_start() {
	peer_log=$1
	shift
	start "$peer_log" timeout $((patience * slower)) $build/demo/dummy/console-peer "$@"
	console_pids="$console_pids $started"
}

# has TEXT FILE
has() {
	grep -q -- "$1" "$2"
}

end_console() {
	for pid in $console_pids; do
		stop_pid KILL "$pid"
	done
	stop_all
	unload_module
}
