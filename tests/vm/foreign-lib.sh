# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# adapter-lib.sh and more for tests with daemons that nobody here wrote.

# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

pids=

# begin LOG COMMAND...: as start, and killed when the test ends
begin() {
	start "$@"
	pids="$pids $started"
}

stop_begun() {
	for pid in $pids; do
		stop_pid KILL "$pid"
	done
}

# attach NAME SOCKET OPTION...: an adapter in $started; waits until a driver has taken the device and made what it makes
attach() {
	name=$1 socket=$2
	shift 2
	eventually 60 test -S "$socket" || return 1
	# Daemons under emulation, and the busy host below, may need long to answer, or for a picture; the kernel waits for two seconds.
	begin "adapter-$name.log" "$adapter" --name "$name" --socket-path "$socket" --deadline 9000 --stall-timeout 60 "$@"
	eventually 60 running "$name" && eventually 20 probed "$name"
}

# probed NAME: its driver has made what it makes
probed() {
	wait_for_probe "$(parent_of "$1")"/virtio*
	running "$1"
}

# The platform device of that name, as /sys/devices/platform/virtio-loopback.0
parent_of() {
	index=$(dirname "$(state_of "$1")") && echo "/sys/devices/platform/virtio-loopback.${index##*/}"
}

# no_failures NAME: nothing that the module counts went wrong
no_failures() {
	in_state '^failures: mappings 0 bad-unmaps 0$' "$1" && in_state '^breaks: 0' "$1" && in_state ' late 0 failed 0' "$1"
}

# ends PID: by itself, within a quarter of a minute
ends() {
	eventually 15 sh -c "! kill -0 $1" && wait "$1"
}
