#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# A panel is unplugged under touch again and again, at random moments (REPLUGS times: 25, with KASAN 6): no finger stays, the
# panel is never missed, nothing leaks, and touches go on soon after its return. Then two panels side by side.
# timeout: 400
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

at_exit unload_module
at_exit stop_all
at_exit show_logs
replugs=${REPLUGS:-$(many_or_few 25 6)}
seed=${SEED:-$$}

descriptors() {
	find "/proc/$daemon_pid/fd" -mindepth 1 | wc -l
}

ok "the module loads" load_module || bail_out "no module"
start_panel
start_daemon
start_adapter
ok "a driver uses the panel" start_reader
stop_pid KILL "$reader_pid"
panel "tap 0.5 0.5 50" || diag "no tap"
before=$(descriptors)
memory=$(awk '/VmRSS/ { print $2 }' "/proc/$daemon_pid/status")
diag "$replugs unplugs, seed $seed"
replug() {
	/repo/tests/vm/input-replug.py "$work/panel.sock" "$sent" "$replugs" "$seed" >"$work/replug.out" 2>&1
}
ok "$replugs unplugs: no finger outlived the panel, and the next touch was always seen" replug
diag "$(cat "$work/replug.out")"
value() {
	sed -n "s/.*$1=\([0-9]*\).*/\1/p" "$work/replug.out"
}
is "$(value unplugged)" "$replugs" "all of them were announced"
ok "three of four were under touch" test "$(value under_touch)" -ge $((replugs * 3 / 4))
is "$(descriptors)" "$before" "no descriptor leaked"
grown=$(($(awk '/VmRSS/ { print $2 }' "/proc/$daemon_pid/status") - memory))
diag "memory grew by $grown KiB; the panel was taken $(grep -c 'reading /' "$work/daemon.log") times"
ok "nor memory" test "$grown" -lt 4000
ok "the daemon works" panel "tap 0.5 0.5 50" || diag "no tap"
stop_pid TERM "$daemon_pid"
is $? 0 "and ends with 0"
stop_all

# Two panels, two daemons, one driver each: each daemon keeps to its own
start one.log "$htt70a" --serial=ONE --control="$work/one.sock"
one_pid=$started
start two.log "$htt70a" --serial=TWO --control="$work/two.sock"
two_pid=$started
at_exit "stop_pid TERM $one_pid; stop_pid TERM $two_pid"
eventually 20 grep -q READY "$work/one.log"
eventually 20 grep -q READY "$work/two.log"
start first.log "$touch_daemon" --serial=ONE --socket-path="$work/first.sock"
first_pid=$started
start second.log "$touch_daemon" --serial=TWO --socket-path="$work/second.sock"
second_pid=$started
at_exit "stop_pid KILL $first_pid; stop_pid KILL $second_pid"
reads() {
	[ "$(grep -c 'reading /' "$work/$1.log")" -ge "$2" ]
}
ok "two daemons have a panel each" eventually 20 reads first 1 && eventually 20 reads second 1
# Both leave at once and come back in the other order, so that they exchange their numbers
"$htt70a" --send="$work/one.sock" "replug 1500" >/dev/null &
sending=$!
"$htt70a" --send="$work/two.sock" "replug 500" >/dev/null
wait $sending
ok "the first daemon has its own again" eventually 20 reads first 2
ok "the second one too" eventually 20 reads second 2
# Only the owner of the panel may see it go: unplug one only
"$htt70a" --send="$work/one.sock" "replug 100" >/dev/null
ok "unplugging the first one again" eventually 20 reads first 3
is "$(grep -c 'is gone' "$work/second.log")" 1 "is nothing to the second daemon"
stop_pid TERM "$first_pid"
is $? 0 "the first daemon ends with 0"
stop_pid TERM "$second_pid"
is $? 0 "and the second one"
done_testing
