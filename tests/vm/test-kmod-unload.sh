#!/bin/sh
# SPDX-License-Identifier: MIT
# Unloading under load: refused while a device lives, clean right after its adapter was killed.
# timeout: 300
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

rounds=10
refused=0
unloaded=0
round=0
while [ $round -lt $rounds ]; do
	round=$((round + 1))
	load_module retry_timeout_ms=10000 "$patient" || bail_out "the module does not load"
	: >"$work/out"
	"$build/tests/vm-kmod/vlb-input" 10000000 >"$work/out" 2>&1 &
	adapter=$!
	eventually 20 grep -q '^ok 3' "$work/out" || diag "no event device in round $round"
	rmmod virtio_loopback 2>/dev/null || refused=$((refused + 1))
	kill -9 $adapter
	wait $adapter 2>/dev/null
	eventually 20 unload_module && unloaded=$((unloaded + 1))
done
is $refused $rounds "the module is not unloaded under a device in use"
is $unloaded $rounds "and is soon after the adapter was killed"
is "$(find /sys/devices/platform -maxdepth 1 -name 'virtio-loopback.*')" "" "nothing is left of the devices"
done_testing
