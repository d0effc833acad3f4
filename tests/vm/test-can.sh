#!/bin/sh
# SPDX-License-Identifier: MIT
# A CAN bus through vhost-user-can and mainline's virtio_can driver, or ours on kernels for which mainline's cannot be built (the
# output begins with which): all kinds of frames, the kernel's protocols, bus-off, an interface that goes and returns, the settings of
# the interface, who waits for whom. CAN_ISOTP_BYTES: so much by ISO-TP (100,000, with KASAN 10,000).
# known: ^[^\n]*BUG: sleeping function called from invalid context at [^\n]*virtio_config\.h:.* virtio_can_config_changed
# timeout: 900
# shellcheck source=tests/vm/can-lib.sh
. /repo/tests/vm/can-lib.sh

at_exit end_can
at_exit show_logs
can=none

ok "modules and a bus" load_can || exit
ok "two interfaces" make_bus || exit
not_ok "no interface is refused" "$can_daemon" --socket-path="$work/x.sock"
not_ok "so is a filter that is none" "$can_daemon" --socket-path="$work/x.sock" --interface=hw0 --filter=12
ok "the driver binds" start_can || exit
ok "with CAN FD" has "$can" "mtu 72"
ok "its interface comes up" within 20 ip link set "$can" up
ok "and is on the bus" has "$can" ERROR-ACTIVE

# -- every kind of frame, every length, both ways
cat >"$work/kinds" <<'EOT'
000#
7FF#01
123#1122334455667788
00000000#
1FFFFFFF#0102030405060708
123#R
123#R8
1ABCDEF0#R3
123##0
123##000112233445566778899AABB
1FFFFFFF##4DEADBEEF
EOT
for n in 16 20 24 32 48 64; do
	printf '555##0%s\n' "$(head -c "$n" /dev/zero | od -An -v -tx1 | tr -d ' \n')" >>"$work/kinds"
done
kinds=$(wc -l <"$work/kinds")
for from in "$can" hw1; do
	both "$kinds"
	while read -r frame; do cansend "$from" "$frame"; done <"$work/kinds"
	ok "all kinds of frames leave $from" eventually 30 captured hw1 "$kinds"
	ok "and arrive" eventually 30 captured "$can" "$kinds"
	both_end
	ok "the same on both sides, each once" same_frames hw1 "$can"
done
is "$(frames hw1 | sed -n '2p;6p;8p' | tr '\n' ' ')" "7FF#01 123#R 1ABCDEF0#R3 " "and they are what was sent"

# -- a log that was recorded here is played there
cp "$work/hw1.frames" "$work/recorded"
both "$kinds"
within 60 canplayer -t -I "$work/recorded" "$can=hw1"
ok "canplayer's frames arrive" eventually 30 captured hw1 "$kinds"
both_end
cut -d ' ' -f 3 "$work/recorded" | sed 's/##./##/' >"$work/a"
frames hw1 >"$work/b"
ok "as they were recorded" cmp "$work/a" "$work/b"

# -- what cansniffer shows; it wants somewhere to read keys from
mkfifo "$work/keys"
timeout $((60 * slower)) stdbuf -o0 cansniffer -t 0 "$can" <>"$work/keys" >"$work/sniffed" 2>&1 &
sniffer=$!
sniffed() {
	cansend hw1 "$1" && tr -cd '[:print:]' <"$work/sniffed" | grep -q "$2"
}
ok "cansniffer shows a frame" eventually 20 sniffed 3A5#C0FFEE 3A5.*C0.FF.EE
ok "and how it changes" eventually 20 sniffed 3A5#C0FF11 3A5.*11
stop_pid TERM "$sniffer"

# -- protocols
canfdtest "$can" >/dev/null 2>&1 &
dut=$!
eventually 20 listens "$can"
ok "canfdtest: 200 frames there and back" within 100 canfdtest -g -l 200 hw1
kill "$dut" 2>/dev/null
wait "$dut" 2>/dev/null
bytes=${CAN_ISOTP_BYTES:-$(many_or_few 100000 10000)}
ok "ISO-TP: $bytes bytes each way" within $((200 + bytes / 1000)) python3 /repo/tests/vm/can-protocols.py isotp "$can" hw1 "$bytes"
# vxcan hands a frame to the other end before its own echo, so that J1939 there may hear the answer first; vcan does not
remove_bus
ip link add hw0 type vcan && ip link set hw0 mtu 72 up
ok "a bus of another kind" eventually 20 sh -c "[ \$(grep -c 'hw0 is there' $work/can1.log) = 2 ]"
# Few with KASAN: ends that slow give up sessions, and once references to the interface stayed behind in the kernel
bytes=$(many_or_few 10000 1000)
ok "J1939: $bytes bytes each way" within 200 python3 /repo/tests/vm/can-protocols.py j1939 "$can" hw0 "$bytes"
remove_bus
make_bus
ok "the first kind again" exchange_soon

# -- bus-off, which vxcan has none of: its error frame is sent by hand
cansend hw1 20000004#0004000000000000
problem_counted() {
	[ "$(stat_of 'controller problem')" = 1 ]
}
ok "an error frame is counted" eventually 10 problem_counted
ok "and nothing else" has "$can" ERROR-ACTIVE
cansend hw1 20000040#0000000000000000
before=$(restarts)
ok "the driver hears of bus-off" eventually 20 has "$can" BUS-OFF
ok "and is restarted by hand" eventually 20 ip link set "$can" type can restart
ok "it is on the bus again" eventually 20 restarted "$before"
ok "and frames go both ways" exchange
ip link set "$can" down
ok "a restart time is set" ip link set "$can" type can restart-ms 100
ip link set "$can" up
before=$(restarts)
cansend hw1 20000040#0000000000000000
ok "bus-off again" eventually 20 sh -c "[ \$(grep -c 'is bus-off' $work/can1.log) = 2 ]"
ok "the driver restarts by itself" eventually 20 restarted "$before"
ok "and frames go both ways" exchange
cansend hw1 20000040#0000000000000000
ip link set "$can" down
ok "a stop in bus-off, and a start" within 20 ip link set "$can" up
ok "frames go both ways" exchange

# -- the interface goes and returns, while the driver's stays
index=$(cat "/sys/class/net/$can/ifindex")
remove_bus
ok "the daemon sees it go" eventually 20 sh -c "[ \$(grep -c 'hw0 has gone' $work/can1.log) = 3 ]"
before=$(cat "/sys/class/net/$can/statistics/tx_dropped")
cansend "$can" 123#00
ok "a frame is answered as not sent" eventually 20 sh -c "[ \$(cat /sys/class/net/$can/statistics/tx_dropped) -gt $before ]"
make_bus
ok "it returns" eventually 20 sh -c "[ \$(grep -c 'hw0 is there' $work/can1.log) = 4 ]"
ok "frames go both ways" exchange_soon
is "$(cat "/sys/class/net/$can/ifindex")" "$index" "the driver's interface is the same"
ip link set hw0 down
cansend "$can" 123#00
ip link set hw0 up
ok "down and up is no matter" exchange_soon

# -- the same again and again under load
"$build/tests/vm/can-stream" check "$can" 0:0:gaps >"$work/check" 2>&1 &
checker=$!
eventually 20 listens "$can"
"$build/tests/vm/can-stream" send "$can" 0:0 >"$work/sent" &
sender=$!
for i in 1 2 3 4 5; do
	remove_bus
	sleep 0.3
	make_bus
	sleep 0.3
done
kill "$sender"
wait "$sender"
kill "$checker"
ok "the bus goes five times under load: what is acknowledged is so in order, and once" wait "$checker"
diag "$(cat "$work/check") of $(cat "$work/sent")"
ok "frames go both ways" exchange_soon
is "$(cat "/sys/class/net/$can/ifindex")" "$index" "the driver's interface is the same"

# -- the kernel's lock of interfaces: starts and stops, while interfaces come and go
turmoil() {
	i=0
	while [ $i -lt 10 ]; do
		within 20 ip link set "$can" down || return
		within 20 ip link set "$can" up || return
		i=$((i + 1))
	done
}
: >"$work/churning"
while [ -e "$work/churning" ]; do
	remove_bus
	make_bus
done >/dev/null 2>&1 &
churn=$!
ok "ten starts while the bus comes and goes" turmoil
# it ends by itself: an ip that outlived its shell would take away the next bus
rm "$work/churning"
wait "$churn"
remove_bus
make_bus
ok "frames go both ways" exchange_soon

# -- a daemon that dies owing an answer: the adapter hears of it, though whoever waits holds that lock. Our driver gives up after
# five seconds; when the machine is so busy that the next daemon is later than that, once more
owing() {
	ip link set "$can" down
	kill -STOP "$daemon_pid"
	timeout -k 1 $((60 * slower)) ip link set "$can" up &
	waiting=$!
	sleep 0.5
	next_daemon KILL && wait "$waiting"
}
owing_at_last() {
	owing || owing || owing
}
ok "the next daemon answers the start" owing_at_last
ok "frames go both ways" exchange_soon

# -- the interface's own settings
ip link set "$can" down
stop_pid TERM "$daemon_pid"
is $? 0 "the daemon ends on SIGTERM"
stop_pid TERM "$adapter_pid"
eventually 20 no_device
ip link set hw0 down
ok "a new device, a daemon with settings" start_can --link --filter=100:700
ok "an interface that is down" sh -c '! ip link show hw0 | grep -q "[<,]UP"'
ok "comes up with the driver's" within 20 ip link set "$can" up
ok "by itself" eventually 20 sh -c 'ip link show hw0 | grep -q "[<,]UP"'
both 9
cansend hw1 200#00
cansend hw1 1FF#00
cansend hw1 0FF#00
cansend hw1 100#00
ok "a filter lets frames pass" eventually 20 captured "$can" 2
both_end
is "$(frames "$can" | tr '\n' ' ')" "1FF#00 100#00 " "and only those"
ip link set "$can" down
ok "and goes down with it" eventually 20 sh -c '! ip link show hw0 | grep -q "[<,]UP"'
ok "another daemon, with a bit rate" start_again --bitrate=500000
ok "what an interface cannot be set to is said" eventually 20 daemon_said "cannot configure hw0"
ip link set "$can" down
stop_pid TERM "$daemon_pid"

# -- several interfaces: two devices on one bus
stop_pid TERM "$adapter_pid"
ok "the device goes" eventually 20 no_device
ip link set hw0 up
start several.log "$can_daemon" --interface=hw0="$work/a.sock" --interface=hw1="$work/b.sock"
daemon_pid=$started
ok "a daemon for both" eventually 20 sh -c "[ \$(grep -c 'hw[01] is there' $work/several.log) = 2 ]"
start_can_adapter a
adapter_pid=$started
start_can_adapter b
second_adapter=$started
two_interfaces() {
	[ "$(driver_interfaces | wc -l)" = 2 ]
}
ok "two interfaces, two devices" eventually 20 two_interfaces
for last in $(driver_interfaces); do
	ip link set "$last" up
done
driver_interface
capture "$last" 1
reader=$started
eventually 20 cansend "$can" 123#1122
ok "a frame goes through both" eventually 20 captured "$last" 1
stop_pid TERM "$reader"
stop_pid TERM "$second_adapter"
stop_pid TERM "$adapter_pid"
stop_pid TERM "$daemon_pid"
is $? 0 "both end on SIGTERM"
adapter_pid='' daemon_pid=''
ok "the devices go" eventually 20 no_device
ok "no helper is left" eventually 20 sh -c '! pidof vhost-user-can'
done_testing
