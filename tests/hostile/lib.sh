# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For test-hostile-*.sh here and in tests/vm: a hostile daemon behind a stock driver, somebody who uses the device
# meanwhile, and a well-behaved device next to it. Set before hostile TYPE, or in build/hostile.conf ("make check-hostile"):
#
#	hostile_seconds	how long (5)
#	hostile_seed	of the scribbler (1)
#	hostile_options	more of its options, such as --only=lengths

# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

hostile_seconds=5
hostile_seed=1
hostile_options=
# shellcheck disable=SC1091
[ ! -f "$build/hostile.conf" ] || . "$build/hostile.conf"
scribbler=$build/tests/hostile/scribbler
user=$build/tests/hostile/use-device
hostile_pid='' hostile_adapter_pid='' user_pid='' canary_pid=''

# Folder of the virtio device of the hostile daemon, as long as there is one
hostile_device() {
	file=$(state_of hostile) || return 1
	index=$(basename "$(dirname "$file")")
	for device in /sys/devices/platform/virtio-loopback."$index"/virtio*; do
		[ -d "$device" ] && echo "$device" && return 0
	done
	return 1
}

# Names below the device: node_of input/input*/event*
node_of() {
	device=$(hostile_device) || return 1
	# shellcheck disable=SC2086
	for path in $device/$1; do
		[ -e "$path" ] && basename "$path"
	done
}

# One round with the device, of a second or so, however it ends
use_blk() {
	for disk in $(node_of 'block/vd*'); do
		timeout -k 1 4 dd if="/dev/$disk" of=/dev/null bs=4k count=200 iflag=direct
		timeout -k 1 4 dd if=/dev/zero of="/dev/$disk" bs=64k count=20 oflag=direct conv=nocreat
		timeout -k 1 4 dd if="/dev/$disk" of=/dev/null bs=1M count=2
	done
}
use_input() {
	for node in $(node_of 'input/input*/event*'); do
		timeout -k 1 1 cat "/dev/input/$node" >/dev/null
	done
}
use_rng() {
	for name in $(loopback_rngs); do
		[ "$name" = "$witness_rng" ] || timeout -k 1 4 sh -c "echo $name >$hwrng/rng_current"
		timeout -k 1 1 dd if=/dev/hwrng of=/dev/null bs=64 count=200
	done
}
use_console() {
	for port in $(node_of 'virtio-ports/vport*'); do
		timeout -k 1 1 cat "/dev/$port" >/dev/null &
		timeout -k 1 1 dd if=/dev/zero of="/dev/$port" bs=1000 count=100 oflag=nonblock conv=nocreat
	done
	timeout -k 1 1 cat /dev/hvc0 >/dev/null &
	timeout -k 1 1 dd if=/dev/zero of=/dev/hvc0 bs=1000 count=100 oflag=nonblock
	wait
}
use_snd() {
	for pcm in $(node_of 'sound/card*/pcm*'); do
		timeout -k 1 3 "$user" snd "/dev/snd/$pcm" 1 &
	done
	wait
}
use_gpio() {
	for chip in $(node_of 'gpiochip*'); do
		timeout -k 1 2 gpioinfo "$chip"
		timeout -k 1 2 gpioget "$chip" 0 1
		timeout -k 1 2 gpioset "$chip" 2=1 3=0
		timeout -k 1 1 gpiomon --silent "$chip" 4
	done
}
use_gpu() {
	# Its frame buffer; that of the test machine's own display, if any, is not below our device
	for fb in $(node_of 'graphics/fb*'); do
		timeout -k 1 3 dd if=/dev/zero of="/dev/$fb" bs=64k count=8 conv=nocreat
	done
	for card in $(node_of 'drm/card[0-9]'); do
		for connector in /sys/class/drm/"$card"/*/status; do
			timeout -k 1 3 sh -c "echo detect >$connector; cat $connector"
		done
	done
}
use_net() {
	for net in $(node_of 'net/*'); do
		ip address replace 10.99.0.1/24 dev "$net"
		ip link set "$net" up
		ip neighbour replace 10.99.0.2 lladdr 02:00:00:00:00:01 dev "$net"
		timeout -k 1 1 busybox ping -q -i 0.01 -s 1400 10.99.0.2
		ip link set "$net" down
	done
}
use_i2c() {
	for bus in $(node_of 'i2c-*'); do
		timeout -k 1 3 "$user" i2c "/dev/$bus" 1
	done
}

use_can() {
	for net in $(node_of 'net/*'); do
		timeout -k 1 20 ip link set "$net" type can restart-ms 50
		timeout -k 1 20 ip link set "$net" up
		timeout -k 1 1 candump "$net" >/dev/null &
		timeout -k 1 1 cangen "$net" -g 1 -m -i
		timeout -k 1 20 ip link set "$net" down
	done
	wait
}

# What the adapter has to know of types that its table lacks; the table's line, where there is one, goes first
shape_of() {
	case $1 in
	blk) echo 2 2 60 16M ;;
	input) echo 18 2 136 256K ;;
	rng) echo 4 1 0 256K ;;
	console) echo 3 6 12 1M ;;
	snd) echo 25 4 12 1M ;;
	gpio) echo 41 2 8 256K ;;
	gpu) echo 16 2 16 16M ;;
	net) echo 1 2 12 1M ;;
	i2c) echo 34 1 0 256K ;;
	can) echo 36 3 2 1M ;;
	esac
}

start_hostile() {
	# shellcheck disable=SC2086 # options are words
	start scribbler.log env VHU_LOG_LEVEL=debug "$scribbler" --socket-path="$work/hostile.sock" --type="$1" \
		--seed="$hostile_seed" $hostile_options
	hostile_pid=$started
	eventually 10 grep -q LISTENING "$work/scribbler.log"
}

# start_hostile_adapter TYPE
start_hostile_adapter() {
	type=$1
	# shellcheck disable=SC2046
	set -- $(shape_of "$type")
	start hostile-adapter.log "$adapter" --device-id "$1" --num-queues "$2" --config-size "$3" --bounce-size "$4" \
		--name hostile --socket-path "$work/hostile.sock" --deadline 700 --grace 2
	hostile_adapter_pid=$started
}

hostile_drives() {
	in_state '^status: 0x0f$' hostile
}

# The well-behaved device next to it: does it answer?
witness_works() {
	timeout 20 sh -c "echo $witness_rng >$hwrng/rng_current" && read_rng 2
}

# ends_in_time FILE WORD: whether the kernel takes the word does not matter, that the write comes back does
ends_in_time() {
	timeout -k 5 "$rebind_bound" sh -c "echo $2 >$1" 2>/dev/null
	case $? in
	124 | 137) return 1 ;;
	esac
}

# Device and driver may go at any moment, and a probe may be refused: then there is another one.
rebind() {
	device=$(hostile_device) || return 0
	name=$(basename "$device")
	driver=$(readlink -f "$device/driver")
	[ ! -d "$driver" ] || ends_in_time "$driver/unbind" "$name" || return 1
	ends_in_time /sys/bus/virtio/drivers_probe "$name"
}

# Its first probe may come too late for the scribbler's patience
hostile_taken() {
	hostile_drives && return
	device=$(hostile_device) && [ ! -d "$device/driver" ] && ends_in_time /sys/bus/virtio/drivers_probe "$(basename "$device")"
	return 1
}
rebind_bound=25

stop_hostile() {
	stop_pid KILL "$user_pid"
	stop_pid KILL "$canary_pid"
	stop_pid KILL "$hostile_adapter_pid"
	stop_pid KILL "$hostile_pid"
	user_pid='' canary_pid='' hostile_adapter_pid='' hostile_pid=''
	stop_all
}

use_for_ever() {
	while :; do
		"use_$1"
		sleep 0.05
	done >"$work/user.log" 2>&1
}

# ended_well PID: with status 0, and before us
ended_well() {
	kill -0 "$1" 2>/dev/null || wait "$1"
}

start_witness() {
	start_daemon
	start_adapter
	eventually 20 running && eventually 20 choose_rng && witness_rng=$(loopback_rngs | tail -n 1) && witness_works
}

# hostile TYPE: all of it
hostile() {
	type=$1
	at_exit unload_module
	at_exit stop_hostile
	at_exit show_logs
	modprobe -qa virtio_input virtio_rng virtio_console virtio_blk snd_virtio virtio_snd gpio_virtio virtio_gpu virtio_net \
		i2c_virtio i2c-virtio gpio-virtio i2c-dev
	ok "the module loads" load_module retry_timeout_ms=3000 stop_timeout_ms=1000 || bail_out "no module"
	ok "a well-behaved device works" start_witness || bail_out "not even that"
	ok "the hostile daemon listens (seed $hostile_seed)" start_hostile "$type"
	start canary.log "$user" canary 64 $((hostile_seconds * 20 + 30))
	canary_pid=$started
	start_hostile_adapter "$type"
	ok "a driver takes its device" eventually 30 hostile_taken
	use_for_ever "$type" &
	user_pid=$!
	hostile_rounds
	ok "the scribbler ends, and nothing went through that has to be refused" hostile_ends
	diag "$(tail -n 2 "$work/scribbler.log")"
	ok "its adapter ends" stop_pid TERM "$hostile_adapter_pid"
	hostile_adapter_pid=
	ok "the device goes" eventually 40 hostile_gone
	stop_pid KILL "$user_pid"
	user_pid=
	ok "the well-behaved device still works" witness_works
	ok "a bystander's memory is as it was" ended_well "$canary_pid"
	stop_hostile
	ok "the module is not in use any more" eventually 40 unused
	ok "it unloads" rmmod virtio_loopback
	done_testing
}

hostile_gone() {
	! state_of hostile >/dev/null
}

hostile_ends() {
	kill -TERM "$hostile_pid"
	wait "$hostile_pid"
	status=$?
	hostile_pid=
	# Of a run with all misdeeds some have been refused
	[ -n "$hostile_options" ] || grep -q ' refused=[1-9]' "$work/scribbler.log" || return 1
	return $status
}

# The driver comes and goes while all this happens: what breaks a device would end the test otherwise
hostile_rounds() {
	end=$(($(date +%s) + hostile_seconds))
	rounds=0 stuck=0 missed=0
	while [ "$(date +%s)" -lt "$end" ]; do
		sleep 1
		rebind || stuck=$((stuck + 1))
		witness_works || missed=$((missed + 1))
		rounds=$((rounds + 1))
	done
	diag "$rounds rounds in $(($(date +%s) - end + hostile_seconds)) s"
	is $stuck 0 "its driver can be unbound and bound all the time"
	is $missed 0 "the well-behaved device answers all the time"
	ok "the adapter lives" kill -0 "$hostile_adapter_pid"
}
