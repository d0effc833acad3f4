#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# No finger is left on the glass, whoever goes while one is down: daemon, panel or adapter, or a daemon that stood still.
# timeout: 300
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

at_exit unload_module
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"

start_panel
start_daemon
start_adapter --grace 30
ok "a driver uses the panel" start_reader

two_down() {
	panel "down 0 0.3 0.3; down 1 0.6 0.6" && eventually 10 fingers 2
}

tap_works() {
	panel "tap 0.5 0.5 50" && eventually 10 fingers 0 && panel "down 3 0.1 0.1" && eventually 10 fingers 1 &&
		panel "lift" && eventually 10 fingers 0
}

ok "two fingers are down" two_down
stop_pid KILL "$daemon_pid"
panel "lift"
start_daemon
ok "daemon killed, fingers left meanwhile: the next daemon lifts them" eventually 20 fingers 0
ok "and a tap goes through" tap_works

ok "two fingers are down" two_down
panel "replug 300"
ok "panel unplugged: its fingers are gone" eventually 20 fingers 0
ok "the panel is taken again when it comes back" eventually 20 grep -q 'is gone' "$work/daemon.log"
ok "and a tap goes through" eventually 20 tap_works

ok "two fingers are down" two_down
kill -STOP "$daemon_pid"
panel "flood 300 10; lift"
kill -CONT "$daemon_pid"
ok "daemon stopped for longer than the kernel keeps reports: no finger is left" eventually 20 fingers 0
ok "and a tap goes through" tap_works

ok "two fingers are down" two_down
stop_pid KILL "$reader_pid"
stop_pid KILL "$adapter_pid"
eventually 10 unused
start_adapter
start_reader
panel "lift; down 5 0.5 0.5; up 5"
ok "adapter killed: the next driver sees fingers come and go" eventually 20 fingers 0
ok "and a tap goes through" tap_works

failed=0
for delay in 1 10 50 200; do
	two_down && panel "replug $delay" && eventually 20 fingers 0 && eventually 20 tap_works || failed=$((failed + 1))
done
is $failed 0 "a panel that comes back at once is not missed, and none of its fingers stays"
for delay in 1 1 1 1; do
	panel "replug $delay"
done
ok "nor one that does so again and again" eventually 20 tap_works
stop_pid TERM "$daemon_pid"
is $? 0 "the daemon ends with 0 on SIGTERM"
daemon_pid=
done_testing
