#!/bin/sh
# SPDX-License-Identifier: MIT
# What a sleeping machine does to CAN: the driver's freeze and restore, for transports that call them, and processes that
# stand still for a while, which is all that virtio-loopback makes of it. Wants a kernel with CONFIG_PM_SLEEP and CONFIG_PM_DEBUG: 6.12.
# timeout: 300
CAN_DRIVER=own
# shellcheck source=tests/vm/can-lib.sh
. /repo/tests/vm/can-lib.sh

at_exit end_can
at_exit '! grep -q ^virtio_pm /proc/modules || rmmod virtio_pm'
at_exit show_logs
can=none
pm=/sys/module/virtio_pm/parameters
stream=$build/tests/vm/can-stream

write() {
	echo "$1" >"$2"
}

asleep() {
	write "$can" $pm/freeze && write "$can" $pm/restore
}

ok "modules and a bus" load_can || exit
insmod "$build/kmod/virtio-pm/$release/virtio_pm.ko" || bail_out "no virtio_pm"
make_bus
ok "the driver binds" start_can || exit

# -- the driver's freeze and restore
ok "asleep and awake while the interface is down" asleep
ok "it comes up" within 20 ip link set "$can" up
ok "frames go both ways" exchange
ok "asleep" write "$can" $pm/freeze
cansend hw1 222#00
ok "awake" write "$can" $pm/restore
ok "the controller is active" eventually 20 has "$can" ERROR-ACTIVE
ok "frames go both ways" exchange
for i in 1 2 3 4 5; do
	asleep || diag "round $i failed"
done
ok "the same after five rounds" exchange

# under load: frames that it has when it falls asleep are dropped
"$stream" check hw1 0:0:plain:gaps >"$work/check" 2>&1 &
checker=$!
eventually 20 listens hw1
"$stream" send "$can" 0:0 >"$work/sent" 2>&1 &
sender=$!
for i in 1 2 3; do
	sleep 1
	asleep || diag "round $i failed"
done
sleep 1
kill "$sender"
wait "$sender"
kill "$checker"
ok "three times asleep under load: frames arrive in order, none twice" wait "$checker"
diag "$(cat "$work/check") of $(cat "$work/sent") sent"
ok "not just a few" test "$(sed -n 's/.*in order \([0-9]*\).*/\1/p' "$work/check")" -gt 100

# bus-off before, a restart under way meanwhile
ip link set "$can" down
ip link set "$can" type can restart-ms 5000
ip link set "$can" up
cansend hw1 20000040#0000000000000000
ok "bus-off" eventually 20 has "$can" BUS-OFF
ok "asleep before the restart" write "$can" $pm/freeze
sleep 6
ok "awake" write "$can" $pm/restore
ok "the controller is active" eventually 20 has "$can" ERROR-ACTIVE
ok "frames go both ways" exchange_soon

# nobody answers when it wakes up
ok "asleep" write "$can" $pm/freeze
kill -STOP "$daemon_pid"
timeout 100 sh -c "echo $can >$pm/restore" 2>/dev/null
kill -CONT "$daemon_pid"
ok "a controller that could not be started can be taken down" within 20 ip link set "$can" down
stop_pid TERM "$adapter_pid"
adapter_pid=
ok "and its device goes" eventually 30 no_device
stop_pid TERM "$daemon_pid"

# -- all processes stand still for five seconds
ok "a new device" start_can
ip link set "$can" up
"$stream" check hw1 0:0:plain 1:0 >"$work/check" 2>&1 &
checker=$!
eventually 20 listens hw1
"$stream" check "$can" 0:0 1:0 >"$work/check2" 2>&1 &
second=$!
eventually 20 listens "$can"
"$stream" send "$can" 0:0 >"$work/sent" 2>&1 &
sender=$!
"$stream" send --gap=1000 hw1 1:0 >"$work/sent1" 2>&1 &
sender="$sender $!"
sleep 1
echo freezer >/sys/power/pm_test
ok "the machine goes to sleep as far as its processes do, and wakes up" write freeze /sys/power/state
echo none >/sys/power/pm_test
sleep 1
# shellcheck disable=SC2086 # a list
kill $sender
# shellcheck disable=SC2086
wait $sender
kill "$checker" "$second"
ok "all frames arrived on the bus, in order, each once" wait "$checker"
diag "$(cat "$work/check")"
ok "and at the driver" wait "$second"
diag "$(cat "$work/check2")"
is "$(sed -n 's/^stream 0: in order \([0-9]*\),.*/\1/p' "$work/check")" "$(cat "$work/sent")" "those of the driver all"
is "$(sed -n 's/^stream 1: in order \([0-9]*\),.*/\1/p' "$work/check2")" "$(cat "$work/sent1")" "those of the bus, too"
is "$(cat "/sys/class/net/$can/statistics/tx_dropped")" 0 "none was refused"
done_testing
