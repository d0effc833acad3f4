# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For test-stopped*.sh: a daemon that is stopped (SIGSTOP) while its driver probes, does I/O, resets, leaves. How long each
# step took is measured and compared with the bound that ARCHITECTURE.md gives; so is the longest time that any task of
# the machine slept where no signal wakes it.

# shellcheck source=tests/hostile/lib.sh
. /repo/tests/hostile/lib.sh

# Milliseconds: what the driver asks of the adapter ends after the first, what it gave to the daemon after the second.
stop_bound=2000
stall_seconds=3
stall_bound=$((1000 * stall_seconds))
# Added to each bound: the machine is emulated, and what comes after a wait takes its time too.
slack=5000
watch_pid=
io_pid=
panel_pid=

# A daemon of each type, in $daemon_pid, at $work/daemon.sock; and what the adapter is told.
daemon_blk() {
	truncate -s 16M "$work/disk"
	start daemon.log qemu-storage-daemon --blockdev "driver=file,node-name=f,filename=$work/disk,locking=off" \
		--export "type=vhost-user-blk,id=e,node-name=f,writable=on,addr.type=unix,addr.path=$work/daemon.sock"
}
daemon_rng() {
	start daemon.log "$rng_daemon" --socket-path="$work/daemon.sock"
}
daemon_input() {
	start panel.log "$build/demo/dummy/htt70a" --control="$work/panel.sock"
	panel_pid=$started
	eventually 20 grep -q READY "$work/panel.log"
	start daemon.log "$build/vhost-user-input-hidraw/vhost-user-input-hidraw" --socket-path="$work/daemon.sock"
}
daemon_gpio() {
	mkdir -p /sys/kernel/config/gpio-sim/stopped/bank
	echo 4 >/sys/kernel/config/gpio-sim/stopped/bank/num_lines
	echo stopped >/sys/kernel/config/gpio-sim/stopped/bank/label
	echo 1 >/sys/kernel/config/gpio-sim/stopped/live
	start daemon.log "$build/vhost-user-gpio/vhost-user-gpio" --socket-path="$work/daemon.sock" --chip stopped --lines 0-3
}
polite() {
	start daemon.log "$scribbler" --socket-path="$work/daemon.sock" --type="$1" --only=none
}
daemon_net() { polite net; }
daemon_snd() { polite snd; }
daemon_i2c() { polite i2c; }
daemon_gpu() { polite gpu; }
daemon_console() { polite console; }
daemon_can() { polite can; }
daemon_fs() {
	mkdir -p "$work/served" "$work/mnt"
	echo here >"$work/served/file"
	start daemon.log /usr/lib/qemu/virtiofsd --socket-path="$work/daemon.sock" -o source="$work/served" -o sandbox=chroot
}

adapter_options() {
	case $type in
	snd | gpu | console)
		# shellcheck disable=SC2046
		set -- $(shape_of "$type")
		echo "--device-id $1 --num-queues $2 --config-size $3 --bounce-size $4"
		;;
	fs) echo "--device fs --fs-tag stopped" ;;
	*) echo "--device $type" ;;
	esac
}

# What io_TYPE works on, looked up before anything is stopped and timed
target_blk() { node_of 'block/vd*'; }
target_rng() { loopback_rngs | tail -n 1; }
target_input() { node_of 'input/input*/event*' | head -n 1; }
target_gpio() { node_of 'gpiochip*' | head -n 1; }
target_net() { node_of 'net/*'; }
target_snd() { node_of 'sound/card*/pcm*p' | head -n 1; }
target_i2c() { node_of 'i2c-*'; }
target_console() { node_of 'virtio-ports/vport*' | head -n 1; }
target_can() { node_of 'net/*'; }
target_fs() { echo stopped; }
target_gpu() { echo "$(hostile_device)"/drm/card*/card*-*/status; }

# One request from end to end; it may fail, and has to end.
io_blk() {
	dd if="/dev/$target" of=/dev/null bs=4k count=1 iflag=direct
}
io_rng() {
	echo "$target" >$hwrng/rng_current && head -c 512 /dev/hwrng
}
io_input() {
	# EV_MSC, MSC_RAW: goes to the status queue
	python3 -c 'import os, struct, sys
os.write(os.open(sys.argv[1], os.O_RDWR), struct.pack("llHHillHHi", 0, 0, 4, 3, 7, 0, 0, 0, 0, 0))' \
		"/dev/input/$target"
}
io_gpio() {
	gpioget "$target" 0
}
io_net() {
	ip link set "$target" up
	ip address replace 10.98.0.1/24 dev "$target"
	ip neighbour replace 10.98.0.2 lladdr 02:00:00:00:00:01 dev "$target"
	timeout 2 busybox ping -q -c 20 -i 0.01 -w 1 -s 1400 10.98.0.2
	ip link set "$target" down
}
io_snd() {
	"$user" snd "/dev/snd/$target" 1
}
io_i2c() {
	"$user" i2c "/dev/$target" 1
}
# The stock driver would spin for the daemon; the module answers for it
io_console() {
	dd if=/dev/zero "of=/dev/$target" bs=1000 count=20 oflag=nonblock
}
# A start and a stop of its controller, each of which waits for the answer with the lock of network interfaces
io_can() {
	ip link set "$target" up
	cansend "$target" 123#00
	ip link set "$target" down
}
io_fs() {
	mount -t virtiofs "$target" "$work/mnt"
	cat "$work/mnt/file"
	umount "$work/mnt"
}
io_gpu() {
	for connector in $target; do
		echo detect >"$connector"
	done
}

start_stopped_adapter() {
	# shellcheck disable=SC2046 # options are words
	start adapter.log "$adapter" $(adapter_options) --name hostile --socket-path "$work/daemon.sock" \
		--stall-timeout $stall_seconds
	adapter_pid=$started
}

# The device is there, its driver has it, and no request is open
back() {
	eventually 60 served_and_driven && eventually 20 hostile_probed
}

# virtiofsd serves one connection
served_and_driven() {
	[ "$type" != fs ] || kill -0 "$daemon_pid" 2>/dev/null || {
		daemon_fs
		daemon_pid=$started
	}
	hostile_drives
}

hostile_probed() {
	wait_for_probe "$(hostile_device)"
	hostile_drives
}

stop_stopped() {
	[ -z "$daemon_pid" ] || kill -CONT "$daemon_pid" 2>/dev/null
	stop_pid KILL "$io_pid"
	stop_pid KILL "$adapter_pid"
	stop_pid KILL "$daemon_pid"
	stop_pid TERM "$panel_pid"
	io_pid='' adapter_pid='' daemon_pid='' panel_pid=''
	[ ! -d /sys/kernel/config/gpio-sim/stopped ] || {
		echo 0 >/sys/kernel/config/gpio-sim/stopped/live
		rmdir /sys/kernel/config/gpio-sim/stopped/bank /sys/kernel/config/gpio-sim/stopped
	}
	eventually 60 unused
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# bounded MS PHASE COMMAND...: it ends in time, whatever it says
bounded() {
	bound=$1 phase=$2
	shift 2
	began=$(milliseconds)
	"$@" >"$work/bounded.out" 2>&1
	took=$(($(milliseconds) - began))
	diag "$type, $phase: $took ms of $bound"
	ok "$type, $phase: ends in time" test $took -le $((bound + slack))
}

bind_or_unbind() {
	echo "$device_name" >"$driver/$1"
}

start_io() {
	"io_$type" >"$work/io.out" 2>&1 &
	io_pid=$!
	# It is on its way when the daemon does not take it; nothing tells when
	sleep 0.5
}

io_ends() {
	wait "$io_pid"
	io_pid=
}

stop_it() {
	device=$(hostile_device)
	device_name=$(basename "$device")
	target=$("target_$type")
	kill -STOP "$daemon_pid"
}

go_on() {
	kill -CONT "$daemon_pid"
	ok "$type: after $1 there is a device again" back
}

stopped_in_io() {
	stop_it
	bounded $stall_bound "I/O" "io_$type"
	go_on "I/O"
}

stopped_in_config() {
	stop_it
	bounded $stop_bound "reading configuration space" cat "$device/block/$target/cache_type"
	go_on "a read of configuration space"
}

stopped_before_unbind() {
	stop_it
	bounded $stop_bound "unbinding" bind_or_unbind unbind
	go_on "unbinding"
}

stopped_in_io_unbind() {
	stop_it
	start_io
	bounded $((stall_bound + stop_bound)) "unbinding under I/O" bind_or_unbind unbind
	bounded $stop_bound "its I/O" io_ends
	go_on "unbinding under I/O"
}

stopped_before_probe() {
	device_name=$(basename "$(hostile_device)")
	bind_or_unbind unbind
	stop_it
	bounded $stop_bound "probing" bind_or_unbind bind
	go_on "probing"
}

stopped_adapter_dies() {
	stop_it
	start_io
	stop_pid KILL "$adapter_pid"
	bounded $stop_bound "end of the adapter" eventually 60 hostile_gone
	bounded $stop_bound "its I/O" io_ends
	start_stopped_adapter
	go_on "the end of the adapter"
}

# stopped TYPE: all phases
stopped() {
	type=$1
	modprobe -qa virtio_input virtio_rng virtio_blk virtio_snd gpio_sim gpio_virtio virtio_gpu virtio_net virtio_console i2c_virtio i2c-dev
	rm -f "$work/daemon.sock"
	"daemon_$type"
	daemon_pid=$started
	eventually 60 test -S "$work/daemon.sock"
	start_stopped_adapter
	ok "$type: a driver takes the device" back || {
		stop_stopped
		return
	}
	driver=$(readlink -f "$(hostile_device)/driver")
	stopped_in_io
	[ "$type" != blk ] || stopped_in_config
	stopped_before_unbind
	stopped_in_io_unbind
	stopped_before_probe
	stopped_adapter_dies
	stop_stopped
}

# Prints what it saw
watch_ended() {
	stop_pid TERM "$watch_pid"
	watch_pid=
	sed '1d; s/^/# asleep, ms: /' "$work/blocked.log" >&3
	longest=$(sed -n '2s/ .*//p' "$work/blocked.log")
	[ "${longest:-0}" -le $((stall_bound + stop_bound + slack)) ]
}

stop_watch() {
	stop_pid KILL "$watch_pid"
}

restore_hung_task() {
	echo "$hung_task" >/proc/sys/kernel/hung_task_timeout_secs
}

# stopped_types TYPE...: the whole test
stopped_types() {
	at_exit unload_module
	at_exit stop_watch
	at_exit stop_stopped
	at_exit show_logs
	ok "the module loads" load_module stop_timeout_ms=$stop_bound || bail_out "no module"
	# So that the kernel itself reports what is beyond all bounds, which fails the test
	hung_task=$(cat /proc/sys/kernel/hung_task_timeout_secs)
	at_exit restore_hung_task
	echo $(((stall_bound + stop_bound + slack) / 1000)) >/proc/sys/kernel/hung_task_timeout_secs
	start blocked.log python3 /repo/tests/vm/blocked.py
	watch_pid=$started
	eventually 20 grep -q WATCHING "$work/blocked.log"
	for type; do
		stopped "$type"
	done
	exec 3>&1
	ok "no task slept longer than the longest bound" watch_ended
	done_testing
}
