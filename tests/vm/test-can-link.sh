#!/bin/sh
# SPDX-License-Identifier: MIT
# The settings that vhost-user-can makes where there are some: bit rates and bus-off of a serial adapter (slcan, whose other end is
# here, and which has bit rates since Linux 6.0), and the restart of an interface that has one, which is another virtio CAN controller.
# known: ^[^\n]*BUG: sleeping function called from invalid context at [^\n]*virtio_config\.h:.* virtio_can_config_changed
# timeout: 400
# shellcheck source=tests/vm/can-lib.sh
. /repo/tests/vm/can-lib.sh

peer_pid='' outer_adapter='' outer_daemon=''

# shellcheck disable=SC2317 # called at exit
end_outer() {
	stop_pid KILL "$outer_adapter"
	stop_pid KILL "$outer_daemon"
}
# shellcheck disable=SC2317
end_slcan() {
	stop_pid TERM "$peer_pid"
	! grep -q ^slcan /proc/modules || eventually 20 rmmod slcan
}

at_exit end_can
at_exit end_slcan
at_exit end_outer
at_exit show_logs
can=none

# said LINE...: the last things that the adapter was told
said() {
	printf '%s\n' "$@" >"$work/wanted"
	tail -n $# "$work/said" | cmp -s - "$work/wanted"
}

# -- a serial adapter
ok "modules" load_can || exit
modprobe slcan 2>/dev/null || insmod "$build/mainline-can/$release/slcan.ko" || bail_out "there is no slcan"
mkfifo "$work/say"
python3 /repo/tests/vm/slcan-peer.py hw0 <"$work/say" >"$work/said" 2>"$work/peer.log" &
peer_pid=$!
exec 9>"$work/say"
ok "a serial adapter" eventually 20 test -d /sys/class/net/hw0 || exit
ok "the driver binds" start_can --bitrate=500000 || exit
ok "without CAN FD" has "$can" "mtu 16"
ok "the interface is down" sh -c '! ip link show hw0 | grep -q "[<,]UP"'
ok "the driver's comes up" within 20 ip link set "$can" up
ok "the adapter is set to 500 kbit/s, and opened" eventually 30 said C S6 O
ok "as its interface says" has hw0 "bitrate 500000"
cansend "$can" 123#1122
ok "a frame leaves it" eventually 20 said t12321122
cansend "$can" 1ABCDEF0#R3
ok "a remote one with 29 bits, too" eventually 20 said R1ABCDEF03
capture "$can" 2
reader=$started
printf 't3212AABB\nT1ABCDEF01CC\n' >&9
ok "what it receives" eventually 20 captured "$can" 2
stop_pid TERM "$reader"
is "$(frames "$can" | tr '\n' ' ')" "321#AABB 1ABCDEF0#CC " "is what the driver gets"
echo sb256256 >&9
ok "the adapter is bus-off" eventually 20 has hw0 BUS-OFF
ok "and so is the driver's controller" eventually 20 has "$can" BUS-OFF
ip link set "$can" down
ok "down is down there" eventually 20 said C
ok "down and up" within 20 ip link set "$can" up
ok "sets the adapter up anew" eventually 30 said C S6 O
ok "the driver's controller is back" eventually 20 has "$can" ERROR-ACTIVE
cansend "$can" 124#33
ok "and its frames" eventually 20 said t124133
ok "another daemon, another bit rate" start_again --bitrate=250000
ok "which the adapter is set to" eventually 30 said C S5 O
ok "one more" start_again --bitrate=333333
ok "whose bit rate the adapter does not have is refused" eventually 30 daemon_said "cannot configure hw0: Invalid argument"
ip link set "$can" down
stop_pid TERM "$daemon_pid"
stop_pid TERM "$adapter_pid"
adapter_pid='' daemon_pid=''
ok "the device goes" eventually 20 no_device
exec 9>&-
stop_pid TERM "$peer_pid"
peer_pid=
ok "and the adapter" eventually 20 sh -c '! ip link show hw0'

# -- the driver's interface is the hardware of another daemon
outer_is_there() {
	outer=$(driver_interfaces | grep -vx "$can")
	[ -n "$outer" ]
}

outer_is_gone() {
	! outer_is_there
}

# start_outer OPTION...
start_outer() {
	start outer.log "$can_daemon" --interface="$can" --socket-path="$work/outer.sock" "$@"
	outer_daemon=$started
	start_can_adapter outer
	outer_adapter=$started
	eventually 20 outer_is_there
}

# through: a frame from the outermost interface to the bus
through() {
	capture hw1 1
	reader=$started
	cansend "$outer" 123#1122 && eventually 5 captured hw1 1
	through_status=$?
	stop_pid TERM "$reader"
	return $through_status
}

bus_off() {
	cansend hw1 20000040#0000000000000000
}

make_bus
ok "a controller" start_can
ok "one on top of it" start_outer --restart-ms=200
ok "the outer one comes up" within 20 ip link set "$outer" up
ok "the inner one with it" eventually 30 has "$can" ERROR-ACTIVE
ok "with its restart time" has "$can" "restart-ms 200"
ok "a frame goes through both" eventually 20 through
bus_off
ok "bus-off gets through to the outer one" eventually 20 has "$outer" BUS-OFF
ok "the inner one is restarted by the kernel" eventually 20 has "$can" ERROR-ACTIVE
ok "the outer one by hand" eventually 20 ip link set "$outer" type can restart
ok "and a frame goes through both" eventually 20 through
stop_pid TERM "$outer_adapter"
stop_pid TERM "$outer_daemon"
eventually 20 outer_is_gone
ok "when its driver has gone the inner one is down" eventually 20 sh -c "! ip link show $can | grep -q '[<,]UP'"
ip link set "$can" type can restart-ms 0
ok "one that is not restarted by the kernel" start_outer --link
ip link set "$outer" up
ok "is up" eventually 30 has "$can" ERROR-ACTIVE
bus_off
ok "bus-off again" eventually 20 has "$outer" BUS-OFF
ok "inside, too" has "$can" BUS-OFF
ok "a restart of the outer one" eventually 20 ip link set "$outer" type can restart
ok "restarts the inner one" eventually 20 has "$can" ERROR-ACTIVE
ok "and a frame goes through both" eventually 20 through
stop_pid TERM "$outer_adapter"
outer_adapter=
stop_pid TERM "$outer_daemon"
is $? 0 "the outer daemon ends on SIGTERM"
outer_daemon=
done_testing
