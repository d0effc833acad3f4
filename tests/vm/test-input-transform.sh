#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# A panel that is mounted otherwise than its picture: what the driver is told of the axes, and where touches arrive.
# timeout: 300
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

at_exit unload_module
at_exit stop_all
at_exit show_logs

# touch X Y: where a finger at X Y of the panel (0 to 1) arrives
touch() {
	panel "down 0 $1 $2" && eventually 10 fingers 1 || return
	awk '$1 == "F" && $3 == 1 { sub(".*:", "", $4); place = $4 } END { print place }' "$arrived"
	panel "lift" && eventually 10 fingers 0
}

# corners: of top left, top right, bottom right
corners() {
	echo "$(touch 0 0) $(touch 1 0) $(touch 1 1)"
}

# axis CODE: of the driver's device
axis() {
	/repo/tests/vm/input-node.py axis "$1"
}

# with OPTION...: a daemon with these options, and a driver
with() {
	stop_pid TERM "$daemon_pid"
	stop_pid TERM "$adapter_pid"
	stop_pid KILL "$reader_pid"
	rm -f "$arrived"
	eventually 10 unused
	start_daemon "$@"
	start_adapter
	start_reader
}

ok "the module loads" load_module || bail_out "no module"
start_panel
with
is "$(axis 0x35) $(axis 0x36)" "0 16383 106 0 16383 191" "the panel's axes"
is "$(corners)" "0,0 16383,0 16383,16383" "the panel's corners"

with --rotate=90
is "$(axis 0x35) $(axis 0x36)" "0 16383 191 0 16383 106" "a quarter of a turn exchanges the axes"
is "$(axis 0) $(axis 1)" "0 16383 191 0 16383 106" "those of the pointer too"
is "$(corners)" "16383,0 16383,16383 0,16383" "top left is top right then"

with --rotate=180
is "$(axis 0x35) $(axis 0x36)" "0 16383 106 0 16383 191" "half a turn does not"
is "$(corners)" "16383,16383 0,16383 0,0" "top left is bottom right then"

with --mirror=y --rotate=270
is "$(corners)" "16383,16383 16383,0 0,0" "first the mirror, then the turn"

with --calibration="0.5 0 0.25 0 1 0" --mirror=x
is "$(corners)" "12287,0 4096,0 4096,16383" "first the matrix, then the mirror"

wrong() {
	! "$touch_daemon" --socket-path="$work/x.sock" "$@" >"$work/wrong.log" 2>&1
}
ok "no turn" wrong --rotate=45
ok "says which there are" grep -q 'choose 0, 90, 180 or 270' "$work/wrong.log"
ok "no matrix" wrong --calibration="0 0 0 0 0 0"
ok "says what one is" grep -q 'six numbers' "$work/wrong.log"
done_testing
