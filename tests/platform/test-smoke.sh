#!/bin/sh
# SPDX-License-Identifier: MIT
# The least that has to work on every kernel and processor (make check-matrix): an entropy source and a touch screen get
# their stock drivers, data arrives, daemons and adapters are killed; requests of a disk outlive its daemons, and fail when nobody
# serves them; the module unloads.
# timeout: 400
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

touch_daemon=$build/vhost-user-input-hidraw/vhost-user-input-hidraw
touchlog=$build/demo/dummy/touchlog
touch_pid='' touch_adapter_pid=''

stop_touch() {
	stop_pid KILL "$touch_adapter_pid"
	stop_pid KILL "$touch_pid"
	touch_adapter_pid='' touch_pid=''
}

# A recording begins with the driver: some seconds of an empty glass let the reader open the node first.
make_recording() {
	awk '!/^E:/ { print; next }
		{ time[n] = $2; sub(/^E: [0-9.]+/, ""); report[n++] = $0 }
		END {
			print "E: 0.000000" report[n - 1]
			for (i = 0; i < n; i++) printf "E: %.6f%s\n", 5 + 3 * time[i], report[i]
		}' /repo/tests/protocol/ten-fingers.hid >"$work/panel.hid"
}

# What the trace of frames says; $3 of a frame is the number of fingers. The driver of Linux 5.10 knows no slots, so all
# fingers are one there.
case $release in
5.10.*) fingers=1 ;;
*) fingers=10 ;;
esac
frames() {
	awk -v "n=$fingers" '$1 == "F" && $3 == n { all++ } $1 == "F" { last = $3 }
		END { print (all >= 20 ? "enough" : all + 0), "frames of " n ",", last + 0, "left" }' "$work/arrived.log"
}

at_exit unload_module
at_exit stop_all
at_exit stop_touch
at_exit show_logs
modprobe -qa virtio_rng virtio-rng virtio_input virtio_blk
ok "the module loads" load_module || bail_out "no module for $release"

start_daemon
start_adapter
ok "an entropy source works" works
ok "and gives 6400 bytes" read_rng 100
head -c 64 /dev/hwrng >"$work/first"
head -c 64 /dev/hwrng >"$work/second"
not_ok "which differ" cmp -s "$work/first" "$work/second"

make_recording
start touch.log "$touch_daemon" --socket-path="$work/touch.sock" --recording="$work/panel.hid"
touch_pid=$started
start touch-adapter.log "$adapter" --device input --name touch --socket-path "$work/touch.sock" --grace 2
touch_adapter_pid=$started
ok "a touch screen is read" "$touchlog" --phys=virtio --timeout=60000 --idle=8000 --output="$work/arrived.log"
is "$(frames)" "enough frames of $fingers, 0 left" "every frame arrived"

stop_pid KILL "$daemon_pid"
daemon_pid=
start_daemon
ok "a daemon that was killed has a successor" works
stop_touch
stop_all
ok "killed adapters take their devices along" eventually 30 no_device
ok "a disk's requests outlive daemons, and fail in the end" "$build/tests/vm-kmod/vlb-inflight" 20
ok "the module is free then" eventually 30 unused
ok "and unloads" rmmod virtio_loopback
done_testing
