# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# adapter-lib.sh and more for the tests of vhost-user-can. The hardware is a vxcan pair: the daemon has hw0, hw1 is the rest of
# the bus. The driver is one of two. can-utils are on both sides.

# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

can_daemon=$build/vhost-user-can/vhost-user-can
# Mainline's driver where it can be built, otherwise and with CAN_DRIVER=own the project's
can_driver=$build/mainline-can/$release/virtio_can.ko
own_driver=$build/kmod/$release/virtio_can/virtio_can.ko
[ "${CAN_DRIVER:-mainline}" = mainline ] && [ -e "$can_driver" ] || can_driver=$own_driver
case $can_driver in
"$own_driver") diag "driver: own" ;;
*) diag "driver: mainline" ;;
esac

# "make check-can" asks for more
# shellcheck disable=SC1091
[ ! -f "$build/can.conf" ] || . "$build/can.conf"

load_can() {
	modprobe can-dev 2>/dev/null
	# shellcheck disable=SC2119
	modprobe vxcan && modprobe can-raw && load_module && insmod "$can_driver"
}

# A pair of interfaces, the bus; each takes CAN FD
make_bus() {
	ip link add hw0 type vxcan peer name hw1 && ip link set hw0 mtu 72 up && ip link set hw1 mtu 72 up
}

remove_bus() {
	ip link del hw0 2>/dev/null
}

start_can_daemon() {
	start "can$((can_logs = ${can_logs:-0} + 1)).log" "$can_daemon" --socket-path="$work/can.sock" "$@"
	daemon_pid=$started
}

# daemon_said WORDS: in its log
daemon_said() {
	grep -q "$1" "$work/can$can_logs.log"
}

# start_can_adapter NAME OPTION...: for $work/NAME.sock; pid in $started. A daemon on a busy machine gets as much time as the module
# allows
start_can_adapter() {
	name=$1
	shift
	start "adapter-$name.log" "$adapter" --device can --name "$name" --socket-path "$work/$name.sock" --deadline 1900 "$@"
}

# start_can OPTION...: daemon and adapter; the driver's interface is $can then, and the daemon has hw0
start_can() {
	start_can_daemon --interface=hw0 "$@"
	start_can_adapter can --grace 60
	adapter_pid=$started
	eventually 20 driver_interface && eventually 20 daemon_said "hw0 is there"
}

# next_daemon SIGNAL OPTION...: ends the daemon; another one, with these options, has taken its place then
next_daemon() {
	stop_pid "$1" "$daemon_pid"
	shift
	start_can_daemon --interface=hw0 "$@"
	eventually 20 daemon_said "was served before"
}

# start_again OPTION...: the next daemon, with these options; the driver's interface goes down before and is up then
start_again() {
	ip link set "$can" down
	next_daemon TERM "$@" && within 20 ip link set "$can" up
}

driver_interfaces() {
	for path in /sys/devices/platform/virtio-loopback.*/virtio*/net/*; do
		[ ! -e "$path" ] || echo "${path##*/}"
	done
}

driver_interface() {
	can=$(driver_interfaces | head -n 1)
	[ -n "$can" ]
}

# The adapter goes first: a driver's stop would wait for a daemon to come
end_can() {
	stop_pid KILL "$adapter_pid"
	adapter_pid=
	stop_all
	eventually 20 no_device
	remove_bus
	! grep -q ^virtio_can /proc/modules || rmmod virtio_can
	unload_module
}

# has IFACE WORD: does "ip -details" show it?
has() {
	ip -details link show "$1" | grep -q "$2"
}

# capture IFACE COUNT: all frames on it, those that are sent from here too, to $work/IFACE.frames; the pid in $started.
# Ends after COUNT frames
capture() {
	: >"$work/$1.frames"
	setsid candump -L -r 33554432 -n "$2" "$1" >"$work/$1.frames" 2>"$work/$1.err" </dev/null &
	started=$!
	eventually 20 listens "$1"
}

listens() {
	grep -q " $1 " /proc/net/can/rcvlist_all
}

# frames IFACE: what capture has seen, without times and names. The digit behind ## is left out: virtio has no place for it
frames() {
	cut -d ' ' -f 3 "$work/$1.frames" | sed 's/##./##/'
}

captured() {
	[ "$(wc -l <"$work/$1.frames")" -ge "$2" ]
}

same_frames() {
	frames "$1" >"$work/a"
	frames "$2" >"$work/b"
	cmp "$work/a" "$work/b"
}

# both N: frames are captured on both sides, N of them
both() {
	capture hw1 "$1"
	first=$started
	capture "$can" "$1"
	second=$started
}

both_end() {
	kill "$first" "$second" 2>/dev/null
	wait "$first" "$second" 2>/dev/null
}

# exchange: one frame each way
exchange() {
	both 2
	cansend "$can" 123#1122 && eventually 20 captured hw1 1 && cansend hw1 321#2211 && eventually 20 captured "$can" 2 &&
		eventually 20 captured hw1 2
	exchange_status=$?
	both_end
	[ $exchange_status -eq 0 ] && [ "$(frames hw1 | tr '\n' ' ')" = "123#1122 321#2211 " ] && same_frames hw1 "$can"
}

# exchange_soon: the same when the bus has just come, and the daemon may not have it yet
exchange_soon() {
	exchange || exchange || exchange
}

# restarts: how often the driver's controller has come back from bus-off
restarts() {
	ip -details -statistics link show "$can" | sed -n '/re-started/{n;s/^[[:space:]]*\([0-9]*\).*/\1/p}'
}

# restarted N: once more than N times, and is on the bus
restarted() {
	[ "$(restarts)" -gt "$1" ] && has "$can" ERROR-ACTIVE
}

summaries() {
	grep -c "; error frames: " "$work/can$can_logs.log"
}

has_summaries() {
	[ "$(summaries)" -ge "$1" ]
}

# stat_of WORD: the number behind the word in a summary that the daemon makes now
stat_of() {
	next_summary=$(($(summaries) + 1))
	kill -USR1 "$daemon_pid"
	eventually 20 has_summaries $next_summary
	sed -n "s/.*$1 \([0-9]*\).*/\1/p" "$work/can$can_logs.log" | tail -n 1
}
