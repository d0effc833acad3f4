# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lib.sh and more for the tests of the adapter: an entropy device made of vhost-user-rng and the adapter. Its driver
# is the kernel's own, and a read of /dev/hwrng is one request from end to end.

# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh

adapter=$build/adapter/virtio-loopback-adapter
rng_daemon=$build/vhost-user-rng/vhost-user-rng
states=/sys/kernel/debug/virtio_loopback
hwrng=/sys/class/misc/hw_random
daemon_pid=
adapter_pid=
load_pid=

# start LOG COMMAND...: in the background, pid in $started. The log is empty before: the child may be slow to empty it, and what
# an earlier program has said there is not to be taken for its word
start() {
	log=$1
	shift
	: >"$work/$log"
	setsid "$@" >"$work/$log" 2>&1 </dev/null &
	started=$!
}

# stop_pid SIGNAL PID: and wait for its end; the status is that of the program
stop_pid() {
	[ -n "$2" ] || return 0
	kill "-$1" "$2" 2>/dev/null
	wait "$2" 2>/dev/null
}

start_daemon() {
	start rng.log "$rng_daemon" --socket-path="$work/rng.sock"
	daemon_pid=$started
}

start_adapter() {
	start_adapter_with --grace $((5 * slower))
}

# start_adapter_with OPTION...
start_adapter_with() {
	# A daemon that answers late loses its device; a healthy one gets what the module allows at most, for the host may be busy
	start adapter.log "$adapter" --device rng --name rng --socket-path "$work/rng.sock" --deadline 1900 "$@"
	adapter_pid=$started
}

stop_all() {
	[ -z "$daemon_pid" ] || kill -CONT "$daemon_pid" 2>/dev/null
	stop_pid KILL "$load_pid"
	stop_pid KILL "$adapter_pid"
	stop_pid KILL "$daemon_pid"
	load_pid='' adapter_pid='' daemon_pid=''
}

# The state file of the device of that name (default rng), or a failure
state_of() {
	grep -ls "^name: ${1:-rng}\$" "$states"/*/state
}

# in_state PATTERN [NAME]
in_state() {
	file=$(state_of "${2:-rng}") && grep -q "$1" "$file"
}

running() {
	in_state '^status: 0x0f$' "$@" && in_state '^queue 0: ready 1' "$@"
}

# wait_for_probe DEVICE...: until the driver's probe of these virtio devices has ended. It sets DRIVER_OK, and then makes the disk
# or the card. Meanwhile it holds the device's lock: binding a bound driver does nothing, but only with that lock; before Linux
# 5.14 without it, so something about power that is refused with the lock held comes after
wait_for_probe() {
	for probing; do
		{
			echo "${probing##*/}" >"$probing/driver/bind"
			echo nothing >"$probing/power/control"
		} 2>/dev/null
	done
}

# Requests that the daemon has finished so far
served() {
	file=$(state_of) && sed -n 's/^queue 0: .* used \([0-9]*\) .*/\1/p' "$file"
}

no_device() {
	[ -z "$(ls -A "$states" 2>/dev/null)" ]
}

unused() {
	[ "$(cat /sys/module/virtio_loopback/refcnt)" = 0 ]
}

# Names of the entropy sources of virtio-loopback: those that were not there before the test.
rng_before=$(cat $hwrng/rng_available)
loopback_rngs() {
	tr ' ' '\n' <$hwrng/rng_available | while read -r name; do
		case " $rng_before " in
		*" $name "*) ;;
		*) echo "$name" ;;
		esac
	done
}

# Make ours the source of /dev/hwrng; no quality, lest the kernel itself reads from it at will (5.10 cannot be told).
choose_rng() {
	name=$(loopback_rngs | tail -n 1)
	[ -n "$name" ] && echo "$name" >$hwrng/rng_current || return 1
	[ ! -w $hwrng/rng_quality ] || { echo 0 >$hwrng/rng_quality && echo "$name" >$hwrng/rng_current; }
}

# read_rng N: times 64 bytes
read_rng() {
	[ "$(within 30 dd if=/dev/hwrng bs=64 count="$1" iflag=fullblock 2>/dev/null | wc -c)" -eq $((64 * $1)) ]
}

# works: the device is there, its driver has it, and requests come back
works() {
	eventually 20 running && eventually 20 choose_rng && read_rng 4 && in_state '^backend: up'
}

served_more() {
	[ "$(served)" != "$before" ]
}

# progress: requests are being finished right now
progress() {
	before=$(served) && eventually 10 served_more
}

# Readers that never stop, whatever happens to the source
start_load() {
	# shellcheck disable=SC2016
	start load.log sh -c 'while :; do head -c 64 /dev/hwrng >/dev/null 2>&1 || sleep 0.05; done'
	load_pid=$started
}

# The virtio device below our parent, as virtio3
virtio_device() {
	set -- /sys/devices/platform/virtio-loopback.*/virtio*
	basename "$1"
}

# When something failed: what the programs said
show_logs() {
	[ "$tap_failed" -eq 0 ] || print_logs
}

print_logs() {
	for log in "$work"/*.log; do
		[ ! -s "$log" ] || tail -n 15 "$log" | sed "s|^|# $(basename "$log"): |"
	done
}
