#!/bin/sh
# SPDX-License-Identifier: MIT
# As many frames as go through vhost-user-can, both ways at once: each arrives once and in order, also when the daemon is killed
# meanwhile, but then those without an acknowledgement come twice. CAN_FRAMES is how many (make check-can: a million).
# timeout: 900
# shellcheck source=tests/vm/can-lib.sh
. /repo/tests/vm/can-lib.sh

at_exit end_can
at_exit show_logs
can=none
generators=
count=${CAN_FRAMES:-20000}

compare() {
	python3 /repo/tests/vm/can-compare.py "$@"
}

# both_ways COUNT: cangen on either side, other identifiers each; frames are counted up in the data. To the bus as fast as the
# driver takes them; from the bus nothing holds a sender back, hence the gap. Either leaves the processors to the rest.
both_ways() {
	nice -n 19 cangen "$can" -g 0 -p 1000 -I 100 -L 8 -D i -n "$1" &
	generators=$!
	nice -n 19 cangen hw1 -g 0.5 -I 200 -L 8 -D i -n "$1" &
	generators="$generators $!"
}

# frames of one side only, in a log of candump
only() {
	grep " $1#" "$2" >"$3"
}

# compare_both COUNT OPTION...: the frames 100 from the driver to the bus, 200 the other way
compare_both() {
	only 100 "$work/$can.frames" "$work/100.sent"
	only 100 "$work/hw1.frames" "$work/100.arrived"
	only 200 "$work/hw1.frames" "$work/200.sent"
	only 200 "$work/$can.frames" "$work/200.arrived"
	ok "to the bus: all that was acknowledged arrived, in order" compare "$@" "$work/100.sent" "$work/100.arrived"
	sed 's/^/# /' "$work/ok.out"
}

# quiet IFACE: nothing more comes
settled() {
	before=$(cat "$work/hw1.frames" "$work/$can.frames" | wc -l)
	sleep 2
	[ "$(cat "$work/hw1.frames" "$work/$can.frames" | wc -l)" = "$before" ]
}

ok "modules and a bus" load_can || exit
make_bus
ok "the driver binds" start_can || exit
ok "its interface comes up" timeout 20 ip link set "$can" up

# -- all of them
capture hw1 $((2 * count))
first=$started
capture "$can" $((2 * count))
second=$started
before=$(date +%s)
both_ways "$count"
# shellcheck disable=SC2086 # a list
wait $generators
ok "$count frames each way are on the bus" eventually 3000 captured hw1 $((2 * count))
ok "and with the driver" eventually 3000 captured "$can" $((2 * count))
diag "$((2 * count)) frames in $(($(date +%s) - before)) s"
kill "$first" "$second" 2>/dev/null
wait "$first" "$second"
compare_both
ok "to the driver: all arrived, in order" compare "$work/200.sent" "$work/200.arrived"
is "$(wc -l <"$work/100.sent")" "$count" "all were acknowledged"
is "$(wc -l <"$work/100.arrived")" "$count" "none came twice to the bus"
is "$(wc -l <"$work/200.arrived")" "$count" "nor to the driver"
is "$(stat_of 'dropped here')" 0 "the daemon dropped none"
is "$(stat_of 'by the kernel')" 0 "nor did the kernel"

# -- the daemon is killed under load, and another one takes its place
index=$(cat "/sys/class/net/$can/ifindex")
capture hw1 100000000
first=$started
capture "$can" 100000000
second=$started
kills=${CAN_KILLS:-3}
before=$(stat_of 'received')
both_ways 100000000
i=0
while [ $i -lt "$kills" ]; do
	sleep 1
	kill -KILL "$daemon_pid"
	wait "$daemon_pid" 2>/dev/null
	start_can_daemon --interface=hw0
	eventually 20 grep -q "was served before" "$work/can$can_logs.log" || diag "daemon $can_logs did not take over"
	i=$((i + 1))
done
sleep 1
# shellcheck disable=SC2086 # a list
kill $generators
ok "the last frames come to rest" eventually 300 settled
kill "$first" "$second"
wait "$first" "$second" 2>/dev/null
is "$(cat "/sys/class/net/$can/ifindex")" "$index" "after $kills daemons the driver's interface is the same"
is "$(cat "/sys/class/net/$can/statistics/tx_dropped")" 0 "no frame was refused"
compare_both --twice $((kills * 64))
ok "to the driver: frames arrived with the last daemon, too" test "$(stat_of 'received')" -gt 0

ip link set "$can" down
stop_pid TERM "$daemon_pid"
is $? 0 "the daemon ends on SIGTERM"
daemon_pid=
done_testing
