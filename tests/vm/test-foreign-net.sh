#!/bin/sh
# SPDX-License-Identifier: MIT
# Two network cards made by dpdk-testpmd, which passes on what either sends to the other; each in a namespace of its own. A transfer
# outlives its daemon.
# timeout: 400
# shellcheck source=tests/vm/foreign-lib.sh
. /repo/tests/vm/foreign-lib.sh

start_testpmd() {
	begin testpmd.log dpdk-testpmd --no-huge --no-pci -m 256 -l 0-1 --no-telemetry --vdev net_vhost0,iface="$work/a.sock",queues=1 \
		--vdev net_vhost1,iface="$work/b.sock",queues=1 -- --forward-mode=io --auto-start --total-num-mbufs=2048 --stats-period 60
	testpmd_pid=$started
}

# in_ns NAME COMMAND...: in the namespace of that card
in_ns() {
	ns=$1
	shift
	ip netns exec "$ns" "$@"
}

# set_up NAME ADDRESS
set_up() {
	card=$(basename "$(parent_of "$1")"/virtio*/net/*)
	ip netns add "$1" && ip link set "$card" netns "$1" && ip -n "$1" link set "$card" name card && ip -n "$1" addr add "$2/24" dev card &&
		ip -n "$1" link set card up
}

# send FROM TO ADDRESS: two megabytes by TCP; the same has to arrive
send() {
	rm -f "$work/received"
	in_ns "$2" timeout $((100 * slower)) socat -u TCP-LISTEN:5000,reuseaddr "OPEN:$work/received,creat" &
	receiver=$!
	eventually 20 sh -c "ip netns exec $2 ss -ltn | grep -q :5000" &&
		in_ns "$1" timeout $((100 * slower)) socat -u "OPEN:$work/sent" "TCP:$3:5000" && wait $receiver && cmp "$work/sent" "$work/received"
}

both_ways() {
	send a b 10.9.0.2 && send b a 10.9.0.1
}

# Each size of packet once, fragments too; -s is without the header of 28 bytes
ping_sizes() {
	for size in 0 1 63 200 1000 1372 1373 4000; do
		in_ns a busybox ping -q -c 1 -W 20 -s $size 10.9.0.2 || return 1
	done
}

has_feature() {
	[ "$(cut -c $(($2 + 1)) "$(parent_of "$1")"/virtio*/features)" = 1 ]
}

mac_of() {
	cat "$(parent_of "$1")"/virtio*/net/*/address
}

mtu_of() {
	cat "$(parent_of "$1")"/virtio*/net/*/mtu
}

delete_namespaces() {
	ip netns del a 2>/dev/null
	ip netns del b 2>/dev/null
}

at_exit unload_module
at_exit stop_begun
at_exit delete_namespaces
at_exit show_logs
ok "the module loads" load_module stop_timeout_ms=10000 || bail_out "no module"
head -c 2000000 /dev/urandom >"$work/sent"

start_testpmd
ok "a driver takes the first card" attach a "$work/a.sock" --device net --mac 52:54:00:65:43:21 --grace 60
first=$started
ok "and one the second" attach b "$work/b.sock" --device net --mtu 1400 --grace 60
second=$started
is "$(mac_of a)" 52:54:00:65:43:21 "the address is that of --mac"
is "$(mtu_of b)" 1400 "the MTU is that of --mtu"
is "$(mtu_of a)" 1500 "without it, the usual one"
ok "buffers can be merged" has_feature a 15
not_ok "a control queue, which nobody serves, is not offered" has_feature a 17
ok "one is set up" set_up a 10.9.0.1
ok "and the other" set_up b 10.9.0.2
ok "pings of all sizes" ping_sizes
ok "TCP both ways, with the same contents" both_ways

cards=$(parent_of a)$(parent_of b)
rm "$work/received"
send a b 10.9.0.2 &
sender=$!
ok "a transfer begins" eventually 60 test -s "$work/received"
stop_pid KILL "$testpmd_pid"
rm -f "$work/a.sock" "$work/b.sock"
start_testpmd
ok "its daemon is killed, and another one takes the first card" eventually 60 in_state '^backend: up' a
ok "and the second" eventually 60 in_state '^backend: up' b
ok "the transfer comes to its end" wait "$sender"
ok "TCP both ways" both_ways
is "$(parent_of a)$(parent_of b)" "$cards" "the cards are the same"
ok "the module counts no failure of the first" no_failures a
ok "nor of the second" no_failures b
stop_pid TERM "$first"
is $? 0 "the adapter ends with 0 on SIGTERM"
stop_pid TERM "$second"
ok "the devices go" eventually 20 no_device

ok "the daemon goes on: a card again" attach a "$work/a.sock" --device net
ok "and the other" attach b "$work/b.sock" --device net
delete_namespaces
ok "set up" set_up a 10.9.0.1
ok "set up" set_up b 10.9.0.2
ok "pings" in_ns a busybox ping -q -c 3 -W 20 10.9.0.2
stop_pid TERM "$testpmd_pid"
is $? 0 "the daemon ends with 0"
ok "its devices go too" eventually 20 no_device
done_testing
