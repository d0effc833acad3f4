#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119,SC2120 # functions of input-lib.sh, and one here, take options, or none
# htt-sensitivity: levels are read, set and watched; the panel that restarts is waited for, whatever number it gets; each
# refusal has its exit status. Without root, beside the daemon, and from the far side of the daemon.
# timeout: 600
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

tool=$build/vhost-user-input-hidraw/htt-sensitivity
rules=/run/udev/rules.d/70-test-htt.rules
second_pid='' watch_pid='' holder_pid=''

end_others() {
	stop_pid KILL "$watch_pid"
	stop_pid KILL "$holder_pid"
	stop_pid KILL "$second_pid"
	rm -f "$rules"
	udevadm control --reload
}
at_exit unload_module
at_exit stop_all
at_exit end_others
at_exit show_logs

# exits STATUS PATTERN OPTION...: how the tool ends, and what it says
exits() {
	exits_wanted=$1
	exits_pattern=$2
	shift 2
	within 120 "$tool" "$@" >"$work/exits.out" 2>&1
	exits_status=$?
	echo "status $exits_status, wanted $exits_wanted and '$exits_pattern'"
	cat "$work/exits.out"
	[ "$exits_status" -eq "$exits_wanted" ] && grep -q -e "$exits_pattern" "$work/exits.out"
}

# level NODE: as the kernel gives it, without the tool
level() {
	python3 -c '
import fcntl, sys
report = bytearray([7, 99])
fcntl.ioctl(open(sys.argv[1], "rb+", buffering=0), 0xc0004807 | len(report) << 16, report)
print(report[1])' "$1"
}

# json EXPRESSION: of the list, as x
json() {
	"$tool" list --json | python3 -c "import json, sys; x = json.load(sys.stdin); print($1)"
}

node_of() {
	json "[p['path'] for p in x if p['serial'] == '$1'][0]"
}

# The HID device; a panel that restarted has another one
device_of() {
	readlink -f "/sys/class/hidraw/$(basename "$(node_of "$1")")/device"
}

ok "no panel to list" exits 3 'no HTT panel' list
ok "no panel to ask" exits 3 'no HTT panel (USB 1b3d:14c9) is plugged in' get
ok "a level that is none" exits 2 'normal, high or extra, not "most"' set most
ok "an option that is none" exits 2 'unrecognized option' --most get
is "$("$tool" list --json 2>/dev/null)" '[]' "no panel in JSON"

# Half a second away is enough here.
ok "a panel is plugged in" start_panel --serial=ONE --reboot-ms=500
node=$(node_of ONE)
ok "list" exits 0 "^$node  ONE     GT9xx   261       normal       0         255$" list
is "$(json "[(p['kind'], p['driver'], p['driver_type'], p['firmware'], p['sensitivity'], p['levels'], p['rotation'], p['error']) for p in x]")" \
	"[('hidraw', 'GT9xx', 3, 261, 'normal', ['normal', 'high'], 0, None)]" "list --json"
is "$("$tool" get)" normal "get"
is "$("$tool" get --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["sensitivity"])')" normal "get --json"
ok "a level that this touch controller lacks" exits 5 'no level "extra"; it has normal, high' set extra

start watch.log "$tool" watch
watch_pid=$started
eventually 10 grep -q 'level normal' "$work/watch.log"
before=$(device_of ONE)
ok "set" exits 0 "$node: sensitivity is high now" set high
is "$(level "$node")" 1 "and the panel says so too"
if [ "$(device_of ONE)" != "$before" ]; then pass "after a restart"; else fail "after a restart"; fi
ok "the watcher has seen it" eventually 10 grep -q 'level high' "$work/watch.log"
stop_pid TERM "$watch_pid"
is $? 0 "and ends with SIGTERM"
watch_pid=
printf '%s\n' "ONE there $node" 'ONE level normal' 'ONE gone' "ONE back $node" 'ONE level high' >"$work/watch.wanted"
ok "in this order" diff "$work/watch.wanted" "$work/watch.log"

before=$(device_of ONE)
ok "the same level again" exits 0 'sensitivity is high already' set high
is "$(device_of ONE)" "$before" "takes no restart"

# The number of a node that somebody has open is not given away.
sh -c "exec sleep 1000 <$node" &
holder_pid=$!
eventually 20 sh -c "[ \"\$(readlink /proc/$holder_pid/fd/0)\" = $node ]"
ok "the panel comes back as another node" exits 0 'sensitivity is normal now' set normal
if [ "$(node_of ONE)" != "$node" ]; then pass "of another number"; else fail "of another number"; fi
is "$(level "$(node_of ONE)")" 0 "and has its level"
stop_pid KILL "$holder_pid"
holder_pid=

start second.log "$htt70a" --serial=TWO --reboot-ms=500 --stay
second_pid=$started
eventually 10 grep -q READY "$work/second.log"
two=$(node_of TWO)
ok "two panels" exits 4 'several panels; choose one with --serial or --path: .*"ONE".*"TWO"' get
ok "two panels are not set either" exits 4 'several panels' set high
ok "list shows both" exits 0 "^$two *TWO" list
ok "chosen by serial number" exits 0 "$two: sensitivity is high now" --serial=TWO set high
is "$(level "$two") $(level "$(node_of ONE)")" "1 0" "the other one keeps its level"
ln -sf "$(node_of ONE)" "$work/link"
ok "chosen by a link to its node" exits 0 'sensitivity is high now' --path="$work/link" set high
ok "no such serial number" exits 3 'no HTT panel with this serial number' --serial=THREE get
ok "no such node" exits 3 'No such file' --path=/dev/hidraw77 get
ok "a node that is no panel" exits 3 '/dev/null is no HTT panel' --path=/dev/null get
stop_pid KILL "$second_pid"
second_pid=

ok "settings" exits 0 '^rotation *0$' settings
ok "rotation" exits 0 'rotation done' settings rotation 270
ok "backlight" exits 0 'backlight done' settings backlight 100 --save
ok "fade" exits 0 'backlight fade done' settings fade 300
ok "dimming" exits 0 'dimming done' settings dimming 60 100 300 0
ok "feedback" exits 0 'touch feedback done' settings feedback both
ok "vibrate" exits 0 'haptic done' settings haptic 300
ok "beep" exits 0 'piezo done' settings piezo 100
ok "alarm" exits 0 'alarm done' settings alarm 3 forever 2
ok "calibrate" exits 0 'calibration done' settings calibrate
"$tool" settings >"$work/settings.out"
is "$(grep -c -e '^rotation *270$' -e '^backlight *100$' -e '^backlight fade *300 ms$' -e '^touch feedback *both$' \
	-e '^dimming *100 after 60 s, 0 after 300 s$' -e '^sensitivity *high$' "$work/settings.out")" 6 "and the panel keeps them"
is "$("$tool" settings --json | python3 -c 'import json, sys; x = json.load(sys.stdin); print(x["rotation"], x["dimming"][1], x["touch_threshold"])')" \
	"270 {'seconds': 300, 'level': 0} None" "settings in JSON"
ok "a setting of other touch controllers" exits 5 'GT9xx has no touch threshold' settings threshold 5
ok "a value out of its range" exits 2 '0, 90, 180 or 270' settings rotation 45
ok "a factory reset wants to be confirmed" exits 2 'add --yes' settings factory-reset
before=$(device_of ONE)
ok "a factory reset" exits 0 'factory reset done' settings factory-reset --yes
is "$(json "x[0]['rotation'], x[0]['sensitivity'], '$before' != '$(device_of ONE)'")" "0 normal True" \
	"forgets all, after a restart"

# Beside the daemon, which holds the node and follows the panel
start_daemon --serial=ONE
ok "set while the daemon reads the panel" exits 0 'sensitivity is high now' set high
ok "and the daemon takes it again" eventually 20 sh -c "[ \$(grep -c reading '$work/daemon.log') -eq 2 ]"
stop_pid TERM "$daemon_pid"
daemon_pid=

# Without root: permissions come from the udev rule, for a node that comes back a moment late.
group=$(getent group input | cut -d: -f3)
node=$(node_of ONE)
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --groups="$1" "$tool" set "$2" >"$work/nobody.out" 2>&1
	echo $?
	cp "$work/panel.log" "$work/nobody-panel.log"
}
is "$(as_nobody 65534 normal)" 7 "no permission"
is "$(grep -c "no permission to open $node; run as root, or install the udev rule" "$work/nobody.out")" 1 "and what helps"
mkdir -p /run/udev/rules.d
cp /repo/vhost-user-input-hidraw/70-vhost-user-input-hidraw.rules "$rules"
udevadm control --reload
udevadm trigger --action=add "/sys/class/hidraw/$(basename "$node")"
udevadm settle --timeout=60
is "$(stat -c '%G %a' "$node")" "input 660" "the udev rule gives the node to group input"
ok "and to who sits there" sh -c "udevadm info --query=property --property=TAGS $node | grep -q :uaccess:"
is "$(as_nobody 65534 normal)" 7 "still not to others"
is "$(as_nobody "$group" normal)" 0 "set as a member of group input"
is "$(cat "$work/nobody.out")" "$node: sensitivity is normal now" "and it says so"

# other_panel OPTION...: instead of the one that is there
other_panel() {
	stop_pid KILL "$panel_pid"
	start_panel --serial=ONE --reboot-ms=500 "$@"
}
ok "a panel with all levels" other_panel --driver=mxt
ok "gets any" exits 0 'sensitivity is extra now' set extra
ok "a panel that does not keep a level" other_panel --forget-sensitivity
ok "is complained of" exits 1 'did not keep the level: its sensitivity is normal' set high
ok "a panel that does not restart" other_panel --no-reboot
ok "is as good" exits 0 'sensitivity is high now' set high
ok "a resistive panel" other_panel --driver=resistive
ok "has no sensitivity" exits 5 'touch controller resistive has no sensitivity' set normal
ok "but a threshold" exits 0 'touch threshold done' settings threshold 5
ok "which it keeps" exits 0 '^touch threshold *5$' settings
ok "and nothing to calibrate" exits 5 'resistive has no calibration' settings calibrate
ok "a panel that does not come back" other_panel --no-return
ok "is waited for as long as asked" exits 6 'did not come back within 2 s; unplug it' set high --timeout=2

# A panel that hangs costs the kernel's time-out, one that lies is believed nothing.
other_panel
kill -STOP "$panel_pid"
ok "a panel that does not answer" exits 1 'does not tell its driver type' get
kill -CONT "$panel_pid"
eventually 10 "$tool" get
ok "once it answers again" exits 0 normal get
stop_pid KILL "$panel_pid"
panel_pid=

cat >"$work/liar.py" <<'PY'
"""A panel whose answers stand in a file: lines of ID BYTES, in hexadecimal."""
import os, struct, sys
CREATE2, GET_REPORT, GET_REPORT_REPLY = 11, 9, 10
descriptor = bytes.fromhex("0600ff0901a10115002600ff7508"
                           + "".join(f"85{i:02x}950109{i:02x}b102" for i in (4, 7)) + "c0")
fd = os.open("/dev/uhid", os.O_RDWR)
os.write(fd, struct.pack("<I128s64s64sHHIIII4096s", CREATE2, b"liar", b"liar/input0", b"L\x1b[2J\"IAR", len(descriptor), 3,
                         0x1b3d, 0x14c9, 0, 0, descriptor))
while event := os.read(fd, 4380):
    kind, request, report = struct.unpack_from("<IIB", event)
    if kind == GET_REPORT:
        with open(sys.argv[1]) as file:
            data = bytes.fromhex(dict(line.split() for line in file).get(str(report), ""))
        os.write(fd, struct.pack("<IIHH4096s", GET_REPORT_REPLY, request, 0 if data else 5, len(data), data))
PY
# lies STATUS PATTERN ANSWER...: what comes of these answers
lies() {
	lies_status=$1
	lies_pattern=$2
	shift 2
	printf '%s\n' "$@" >"$work/answers"
	exits "$lies_status" "$lies_pattern" get
}
printf '%s\n' '4 0402' '7 0700' >"$work/answers"
start liar.log python3 "$work/liar.py" "$work/answers"
second_pid=$started
ok "a liar is honest at first" eventually 20 "$tool" get
"$tool" list >"$work/list.out"
ok "its serial number cannot write on the terminal" grep -q 'L?\[2J"IAR' "$work/list.out"
ok "a level out of range" lies 1 'sensitivity is out of range' '4 0402' '7 0703'
ok "an answer that is too short" lies 1 'malformed (1 bytes' '4 0402' '7 07'
ok "the answer to another question" lies 1 'malformed (2 bytes, id 8)' '4 0402' '7 0800'
ok "no answer" lies 1 'does not tell its driver type' '7 0700'
ok "a touch controller that nobody knows" lies 5 'touch controller unknown has no sensitivity' '4 0463' '7 0700'
ok "a touch controller without sensitivity" lies 5 'ILI25xx has no sensitivity' '4 0405' '7 0700'
stop_pid KILL "$second_pid"
second_pid=

# completes WORDS REPLY: what the shell offers after the words
completes() {
	bash -c '. /repo/vhost-user-input-hidraw/htt-sensitivity.bash
		COMP_WORDS=(htt-sensitivity "$@") COMP_CWORD=$#; _htt_sensitivity; echo "${COMPREPLY[*]}"' - "$@"
}
is "$(completes '')" "list get set watch settings" "completion of commands"
is "$(completes --json set e)" extra "of levels"
is "$(completes --path = x settings rotation 2)" 270 "of values, after options"
done_testing
