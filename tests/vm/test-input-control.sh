#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# The panel's sensitivity: set by the daemon's option, seen and set by a guest through the event node, and what a hostile
# guest or a forgetful panel gets.
# timeout: 400
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

at_exit unload_module
at_exit stop_all
at_exit show_logs
level=/repo/tests/vm/input-node.py

# of_panel: the level that the panel itself has
of_panel() {
	"$touch_daemon" --hidraw="$(panel_node)" --print-panel | sed -n 's/^sensitivity *\([a-z]*\),.*/\1/p'
}

panel_node() {
	for panel_folder in /sys/class/hidraw/*; do
		! grep -q HID_PHYS=htt70a "$panel_folder/device/uevent" || echo "/dev/${panel_folder##*/}"
	done
}

# guest_sees "LEVEL HIGHEST"
guest_sees() {
	[ "$("$level" get)" = "$1" ]
}

tap_works() {
	panel "lift; tap 0.5 0.5 50" && eventually 10 fingers 0 && panel "down 3 0.1 0.1" && eventually 10 fingers 1 &&
		panel "lift" && eventually 10 fingers 0
}

ok "the module loads" load_module || bail_out "no module"
start_panel --driver=mxt --reboot-ms=300
start_daemon
start_adapter
ok "a driver uses the panel" start_reader
is "$("$level" get)" "0 2" "the guest sees the level, and that there are three"
is "$(udevadm test-builtin input_id "$("$touchlog" --phys=virtio --info | sed -n 's|node /dev/|/sys/class/|p')" 2>/dev/null |
	grep -c -e '^ID_INPUT_TOUCHSCREEN=1' -e '^ID_INPUT_JOYSTICK' -e '^ID_INPUT_TABLET')" 1 "it is a touch screen, nothing else"

# One request, from the guest's event node to the panel and back
panel "down 0 0.3 0.3; down 1 0.6 0.6" && eventually 10 fingers 2
ok "the guest asks for another level, and is told when the panel has it" "$level" set 2
is "$("$level" get)" "2 2" "the guest sees it"
is "$(of_panel)" extra "the panel has it"
is "$(grep -c 'is gone' "$work/daemon.log")" 1 "it restarted once"
ok "no finger stayed down" eventually 10 fingers 0
ok "and a tap goes through" eventually 20 tap_works

# What is no request has no effect
before=$(grep -c 'is gone' "$work/daemon.log")
"$level" set 2
"$level" send 4 3 7 # a request for "normal", so that what follows has something to change
"$level" until 0 20
"$level" burst 0x307 0x107000 0x10107 0x01000107 0x108 0x113 0xffffffff 0
"$level" send 4 5 12345 # MSC_TIMESTAMP; the driver's core may drop it first
"$level" send 17 0 1
"$level" send 1 330 1
sleep 1
is "$("$level" get)" "0 2" "other reports, levels and events change nothing"
is "$(grep -c 'is gone' "$work/daemon.log")" $((before + 1)) "nor restart the panel"
ok "and a tap goes through" eventually 20 tap_works

# The last one of many wins; together they cost no more than two restarts
before=$(grep -c 'is gone' "$work/daemon.log")
"$level" burst 0x107 0x207 0x007 0x107 0x207 0x007 0x207
ok "of requests during a restart the last one wins" "$level" until 2 60
is "$(grep -c 'is gone' "$work/daemon.log")" $((before + 2)) "at the cost of one restart more"
eventually 20 tap_works

# A driver that never stops asking
hostile() {
	# shellcheck disable=SC2046
	"$level" burst $(yes "0x107 0x207 0x007" | head -n 20)
}
refused_at_last() {
	hostile
	grep -q 'restarted too often' "$work/daemon.log"
}
ok "a hostile driver is refused" eventually 20 refused_at_last
eventually 20 tap_works
spent=$(grep -c 'is gone' "$work/daemon.log")
for again in 1 2 3; do
	hostile
	eventually 20 tap_works || diag "no touch at $again"
done
is "$(grep -c 'is gone' "$work/daemon.log")" "$spent" "and cannot restart the panel any more"
is "$spent" 8 "after eight restarts"
ok "touch goes on" eventually 20 tap_works

# Set by somebody else on this machine: the guest is told, and it costs it nothing
stop_pid TERM "$panel_pid"
rm -f "$sent"
start_panel --driver=mxt --reboot-ms=300
ok "the guest is told of another panel's level" "$level" until 0 20
"$build/vhost-user-input-hidraw/htt-sensitivity" --path="$(panel_node)" set high >/dev/null
ok "and of one that another program sets" "$level" until 1 20
stop_all

# No control
start_panel --driver=mxt
start_daemon --no-control
start_adapter
start_reader
is "$("$level" get)" "" "--no-control: the guest sees no level"
"$level" send 4 3 0x107 2>/dev/null
ok "and touch works" eventually 20 tap_works
is "$(of_panel)" normal "and cannot set it"
stop_all

# The option
start_panel --driver=gt9xx --reboot-ms=300
refused() {
	! within 20 "$touch_daemon" --socket-path="$work/x.sock" "$@" >"$work/refused.log" 2>&1
}
ok "a level that the panel lacks" refused --sensitivity=extra
ok "is refused in a sentence" grep -q 'lacks the sensitivity extra; choose one of normal, high' "$work/refused.log"
is "$(wc -l <"$work/refused.log")" 1 "in one"
start_daemon --sensitivity=high
start_adapter
start_reader
ok "--sensitivity sets the panel" "$level" until 1 30
is "$(of_panel)" high "and the panel has it"
ok "touch works then" eventually 20 tap_works
stop_pid TERM "$panel_pid"
eventually 10 grep -q 'is gone' "$work/daemon.log"
rm -f "$sent"
before=$(grep -c 'setting it to high' "$work/daemon.log")
start_panel --driver=gt9xx --reboot-ms=300
ok "so it does with each panel that is plugged in" eventually 30 sh -c \
	"[ \$(grep -c 'setting it to high' '$work/daemon.log') -gt $before ]"
ok "and gets it" eventually 30 guest_sees "1 1"
stop_pid TERM "$daemon_pid"
is $? 0 "the daemon ends with 0 on SIGTERM"
stop_all

# Another type of panel than the one that the option was checked with when the daemon started
start_panel --driver=mxt --reboot-ms=300
start_daemon --sensitivity=extra
start_adapter
start_reader
ok "--sensitivity sets a panel that has the level" "$level" until 2 30
stop_pid TERM "$panel_pid"
rm -f "$sent"
start_panel --driver=gt9xx --reboot-ms=300
ok "one that comes later and lacks it is complained of" eventually 20 grep -q "type GT9xx, lacks the sensitivity extra" "$work/daemon.log"
ok "and used as it is" eventually 20 tap_works
panel "replug 100"
ok "again" eventually 20 tap_works
is "$(grep -c "lacks the sensitivity extra" "$work/daemon.log")" 1 "once"
stop_all

# A panel that does not keep its level
start_panel --driver=mxt --reboot-ms=300 --forget-sensitivity
start_daemon --sensitivity=extra
start_adapter
start_reader
ok "a panel that forgets its level is complained of" eventually 30 grep -q 'does not keep the sensitivity extra' \
	"$work/daemon.log"
panel "replug 100" >/dev/null
ok "and used as it is" eventually 30 tap_works
is "$(grep -c 'setting it to' "$work/daemon.log")" 1 "it was restarted once"
stop_all
done_testing
