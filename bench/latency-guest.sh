#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In the test machine: both parts of the latency bench. Usage: latency-guest.sh RUNS COUNT-OF-KICKS COUNT-OF-TOUCHES OUTPUT
set -eu

runs=$1 kicks=$2 touches=$3 output=$4
build=/repo/build
work=$(mktemp -d /tmp/latency.XXXXXX)
pids=

cleanup() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap cleanup EXIT

die() {
	echo "latency-guest.sh: $*" >&2
	for log in "$work"/*.log; do
		[ ! -s "$log" ] || sed "s|^|$(basename "$log"): |" "$log" >&2
	done
	exit 1
}

# start NAME COMMAND...
start() {
	name=$1
	shift
	setsid "$@" >"$work/$name.log" 2>&1 </dev/null &
	pids="$! $pids"
}

# wait_for WHAT COMMAND...: for 30 seconds
wait_for() {
	what=$1
	shift
	tries=300
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || die "$what did not come"
		sleep 0.1
	done
}

modprobe virtio_input
grep -q '^virtio_loopback ' /proc/modules || insmod "$build/kmod/$(uname -r)/virtio_loopback.ko"

# The newest entropy source becomes the current one. Its quality of 0 keeps the kernel's own reader from asking in between;
# as a new quality makes the kernel choose afresh, the choice comes twice.
choose_rng() {
	tr ' ' '\n' <$hwrng/rng_available | grep virtio_rng | tail -n 1 >$hwrng/rng_current
	echo 0 >$hwrng/rng_quality
	tr ' ' '\n' <$hwrng/rng_available | grep virtio_rng | tail -n 1 >$hwrng/rng_current
}

# The cost of a kick and a call
hwrng=/sys/class/misc/hw_random
before=$(tr ' ' '\n' <$hwrng/rng_available | grep -c virtio_rng || true)
start rng-daemon "$build/vhost-user-rng/vhost-user-rng" --socket-path="$work/rng.sock"
start rng-adapter "$build/adapter/virtio-loopback-adapter" --device rng --name bench-rng --socket-path "$work/rng.sock"
new_rng() {
	[ "$(tr ' ' '\n' <$hwrng/rng_available | grep -c virtio_rng)" -gt "$before" ]
}
wait_for "the entropy source" new_rng
choose_rng
"$build/bench/latency" --runs "$runs" --count "$kicks" kick-call >"$output"

# From the panel to the event node. The panels live as long as the measurement, so that comes first.
"$build/bench/latency" --runs "$runs" --count "$touches" touch >"$work/touch" 2>"$work/touch.log" &
measurement=$!
panel_there() {
	grep -q HID_UNIQ=bench-loopback /sys/bus/hid/devices/*/uevent
}
wait_for "the panel" panel_there
start panel-daemon "$build/vhost-user-input-hidraw/vhost-user-input-hidraw" --socket-path="$work/touch.sock" \
	--serial=bench-loopback
start panel-adapter "$build/adapter/virtio-loopback-adapter" --device input --name bench-touch \
	--socket-path "$work/touch.sock"
wait $measurement || die "no measurement of touch"
cat "$work/touch" >>"$output"
