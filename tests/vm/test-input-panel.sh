#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# Which panel is taken, what is said when there is none, the native event node, waiting, recordings.
# timeout: 400
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

at_exit unload_module
at_exit stop_all
at_exit show_logs

# says PATTERN OPTION...: the daemon refuses in one sentence that matches, quickly
says() {
	says_pattern=$1
	shift
	within 10 "$touch_daemon" --socket-path="$work/refused.sock" "$@" >"$work/says.out" 2>&1
	says_status=$?
	cat "$work/says.out"
	[ "$says_status" -ne 0 ] && [ "$says_status" -lt 124 ] && [ "$(wc -l <"$work/says.out")" -eq 1 ] &&
		grep -q "$says_pattern" "$work/says.out"
}

ok "no panel" says 'no panel 1b3d:14c9 found; is it plugged in'
ok "no panel of that serial number" says 'serial number "A"' --serial=A
ok "no such node" says 'No such file' --hidraw=/dev/hidraw99
ok "not a hidraw node" says 'is not a hidraw node' --hidraw=/dev/null
ok "no such recording" says 'cannot open the recording' --recording=/nowhere.hid
ok "no recording" says 'without a report descriptor' --recording="$0"

start wait.log "$touch_daemon" --wait --socket-path="$work/wait.sock"
waiting_pid=$started
eventually 20 grep -q waiting "$work/wait.log"
stop_pid TERM "$waiting_pid"
is $? 0 "SIGTERM ends the waiting for a panel"

start wait.log "$touch_daemon" --wait --socket-path="$work/wait.sock"
waiting_pid=$started
eventually 20 grep -q waiting "$work/wait.log"
ok "a panel is plugged in" start_panel --serial=ONE
ok "the one that waited takes it" eventually 10 test -S "$work/wait.sock"
stop_pid TERM "$waiting_pid"
is $? 0 "and ends with 0"

hidraw=$(sed -n 's/READY //p' "$work/panel.log")
native=$("$touchlog" --phys=htt70a --info | sed -n 's/node //p')
"$touch_daemon" --print-panel >"$work/print.out"
is "$(grep -c -e '^serial *ONE$' -e '^contacts *10,' -e '^x *0 to 16383, 106 units' "$work/print.out")" 3 \
	"--print-panel says what was understood"
chmod 600 "$hidraw"
ok "no permission" setpriv --reuid=65534 --clear-groups sh -c \
	"\"$touch_daemon\" --socket-path=/tmp/x 2>&1 | grep 'no permission to open $hidraw; run as root'"

# A second panel of the same kind
start second.log "$htt70a" --serial=TWO --stay
second_pid=$started
eventually 10 grep -q READY "$work/second.log"
ok "several panels" says 'several panels match: .*"ONE".*--serial or --hidraw'
is "$("$touch_daemon" --serial=TWO --print-panel | sed -n 's/^serial *//p')" TWO "--serial chooses"
is "$("$touch_daemon" --hidraw="$hidraw" --print-panel | sed -n 's/^serial *//p')" ONE "--hidraw chooses"
stop_pid TERM "$second_pid"

# Nothing may arrive twice: the native node is silent while the daemon lives, unless told otherwise.
# native_hears MS: something, at most so long after the reader listens
native_hears() {
	: >"$work/native.log"
	"$touchlog" --device="$native" --timeout="$1" --idle=500 --output="$work/native.trace" >"$work/native.log" 2>&1 &
	native_pid=$!
	eventually 20 grep -q LISTENING "$work/native.log"
	panel "tap 0.5 0.5 100"
	wait $native_pid
}
ok "without the daemon the native node speaks" native_hears 20000
start_daemon --serial=ONE
not_ok "with it the native node is silent" native_hears 2000
panel "replug 100" >/dev/null
ok "the panel is taken again after it was unplugged" eventually 10 sh -c \
	"[ \$(grep -c 'reading' '$work/daemon.log') -eq 2 ]"
native=$("$touchlog" --phys=htt70a --info | sed -n 's/node //p')
not_ok "and its new native node is silent" native_hears 2000
stop_pid TERM "$daemon_pid"
start_daemon --serial=ONE --no-grab
ok "with --no-grab it speaks" native_hears 20000
stop_pid TERM "$daemon_pid"
daemon_pid=
start evgrab.log timeout 30 evtest --grab "$native"
grab_pid=$started
eventually 20 grep -q 'Testing' "$work/evgrab.log"
start_daemon --serial=ONE
ok "a node that another program has grabbed is no obstacle" grep -q 'another program has it' "$work/daemon.log"
stop_pid TERM "$grab_pid"

stop_all
ok "the module loads" load_module
one_cpu
start_panel
start_daemon
start_adapter
start_reader
panel "drag 0.1 0.1 0.9 0.9 300; ten 200"
ok "the reader is quick enough" reader_ends
ok "touch goes through" compare

# The same panel with another firmware: another layout of the same axes is fine, other axes are not.
swap_panel() {
	stop_pid TERM "$panel_pid"
	eventually 10 grep -q 'is gone' "$work/daemon.log"
	rm -f "$sent"
	start_panel --variant="$1"
}

# swap_taken VARIANT: and it is a panel that the daemon takes
swap_taken() {
	taken_before=$(taken)
	swap_panel "$1" && eventually 20 taken_more
}
taken() {
	grep -c 'reading /' "$work/daemon.log"
}
taken_more() {
	[ "$(taken)" -gt "$taken_before" ]
}
ok "the panel comes back with another layout" swap_taken mixed
start_reader
panel "drag 0.1 0.1 0.9 0.9 300; ten 200" >/dev/null
ok "the reader is quick enough" reader_ends
ok "and touch goes through" compare
swap_panel five
ok "other axes are refused" eventually 10 grep -q 'came back with other axes' "$work/daemon.log"
ok "the first layout is back" swap_taken ten
start_reader
panel "pinch" >/dev/null
ok "the reader is quick enough" reader_ends
ok "and those of before are taken again" compare
stop_all

# What one panel sent, from a recording: no panel is needed to see it again. It begins with the driver, before anybody can
# listen to the event node; so that what counts comes after a tap and a pause.
"$htt70a" --record="$work/one.hid" --log="$work/all.trace" "tap 0.9 0.9; wait 6000; pinch; ten 200" >/dev/null
start_daemon --recording="$work/one.hid" --name='A recording'
start_adapter
start_reader
ok "a recording is played to the first driver" eventually 40 grep -q 'has been played' "$work/daemon.log"
several_fingers() {
	awk '$1 == "F" && $3 > 1; END { print "F 0 0" }' "$1"
}
recorded_came() {
	several_fingers "$arrived" >"$work/some.trace" && "$touchlog" --compare="$sent" "$work/some.trace"
}
several_fingers "$work/all.trace" >"$sent"
eventually 20 recorded_came
sleep 1
stop_pid TERM "$reader_pid"
reader_pid=
ok "and what arrives is what was recorded" recorded_came
done_testing
