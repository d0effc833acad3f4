#!/bin/sh
# SPDX-License-Identifier: MIT
# As many frames as go through vhost-user-can, both ways at once and of all kinds: each arrives once and in order, also when the
# daemon is killed meanwhile, but then those without an acknowledgement come twice. CAN_FRAMES is how many (20,000, with KASAN
# 2000; make check-can: a million). With the project's driver: mainline's (7.2) refuses a few frames of a million, as its
# acknowledgements wake a queue that the sender has just filled ("TX: Stop queue, err = -28").
# timeout: 900
CAN_DRIVER=own
# shellcheck source=tests/vm/can-lib.sh
. /repo/tests/vm/can-lib.sh

# shellcheck disable=SC2317,SC2086 # called at exit; a list
end_generators() {
	[ -z "$generators" ] || kill $generators 2>/dev/null
}

at_exit end_can
at_exit end_generators
at_exit show_logs
can=none
generators=
count=${CAN_FRAMES:-$(many_or_few 20000 2000)}
stream=$build/tests/vm/can-stream

# both_ways COUNT: stream 0 to the bus, as fast as the driver takes it; stream 1 from the bus, where nothing holds a sender back,
# hence the gap. Either leaves the processors to the rest. How many were sent is in $work/0.sent and 1.sent then.
both_ways() {
	nice -n 19 "$stream" send "$can" "0:$1" >"$work/0.sent" &
	generators=$!
	nice -n 19 "$stream" send --gap="${CAN_GAP:-500}" hw1 "1:$1" >"$work/1.sent" &
	generators="$generators $!"
}

# watch IFACE STREAM...: compares all frames there with these streams, from now on; the pid in $started
watch() {
	watched=$1
	shift
	"$stream" check "$watched" "$@" >"$work/$watched.check" 2>&1 &
	started=$!
	eventually 20 listens "$watched"
}

# A verdict is there, good or bad, or the program could not go on
decided() {
	grep -Eq "^(stream|can-stream)" "$work/$1.check"
}

# count_of IFACE STREAM WORD: the number behind that word in its verdict
count_of() {
	sed -n "s/^stream $2: .*$3 \([0-9]*\).*/\1/p" "$work/$1.check"
}

# verdict IFACE PID NAME: it found nothing wrong
verdict() {
	ok "$3" wait "$2"
	diag "$(cat "$work/$1.check")"
}

ok "modules and a bus" load_can || exit
make_bus
ok "the driver binds" start_can || exit
ok "its interface comes up" within 20 ip link set "$can" up

# -- all of them
watch hw1 "0:$count:plain" "1:$count"
first=$started
watch "$can" "0:$count" "1:$count"
second=$started
before=$(date +%s)
both_ways "$count"
# shellcheck disable=SC2086 # a list
wait $generators
generators=
diag "$((2 * count)) frames in $(($(date +%s) - before)) s"
# what is on its way; if something is missing they would wait for ever
for iface in hw1 "$can"; do
	eventually 120 decided "$iface" || kill "$first" "$second"
done
verdict hw1 "$first" "$count frames each way are on the bus, each once, in order, FD frames as --fd-brs is not given"
verdict "$can" "$second" "and with the driver, those of its own acknowledged in their order"
is "$(cat "/sys/class/net/$can/statistics/tx_dropped")" 0 "no frame was refused"
is "$(stat_of 'dropped here')" 0 "the daemon dropped none"
is "$(stat_of 'by the kernel')" 0 "nor did the kernel"

# -- the daemon is killed under load, again and again
index=$(cat "/sys/class/net/$can/ifindex")
ok "a daemon with --fd-brs takes over" next_daemon KILL --fd-brs
watch hw1 "0:0:brs:twice" "1:0"
first=$started
watch "$can" "0:0" "1:0:gaps"
second=$started
kills=${CAN_KILLS:-3}
both_ways 0
i=0
while [ $i -lt "$kills" ]; do
	sleep 1
	next_daemon KILL --fd-brs || diag "daemon $can_logs did not take over"
	i=$((i + 1))
done
sleep 1
# shellcheck disable=SC2086 # a list
kill $generators
# shellcheck disable=SC2086
wait $generators
generators=
kill "$first" "$second"
verdict hw1 "$first" "frames to the bus arrived in order, with BRS; those of the bus are all there"
verdict "$can" "$second" "those to the driver in order, none twice"
is "$(cat "/sys/class/net/$can/ifindex")" "$index" "after $kills daemons the driver's interface is the same"
is "$(cat "/sys/class/net/$can/statistics/tx_dropped")" 0 "no frame was refused"
is "$(count_of hw1 0 "in order")" "$(cat "$work/0.sent")" "all that was sent arrived"
is "$(count_of "$can" 0 "in order")" "$(cat "$work/0.sent")" "and was acknowledged once"
ok "only those came twice that were on their way" test "$(count_of hw1 0 twice)" -le $((kills * 64))
ok "frames arrived with the last daemon, too" test "$(stat_of 'received')" -gt 0

ip link set "$can" down
stop_pid TERM "$daemon_pid"
is $? 0 "the daemon ends on SIGTERM"
daemon_pid=
done_testing
