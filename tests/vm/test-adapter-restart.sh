#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd starts an adapter that was killed again, and the driver does not notice: a disk under load, an entropy source, a
# touch screen. The same when its daemon is killed with it.
# DEATHS=N: how often the disk's adapter dies (20; a release takes 200; 4 with KASAN), a quarter as often with its daemon.
# timeout: 1800
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh
# shellcheck source=tests/vm/systemd-lib.sh
. /repo/tests/vm/systemd-lib.sh

deaths=${DEATHS:-$(many_or_few 20 4)}
panel=$build/demo/dummy/htt70a
config=/etc/virtio-loopback
panel_pid='' log_pid=''

# unit NAME COMMAND: a daemon that listens at $manager/NAME.sock
unit() {
	cat >"$units/$1.service" <<-UNIT
		[Unit]
		StartLimitIntervalSec=0
		[Service]
		Type=${3:-notify}
		ExecStartPre=rm -f $manager/$1.sock
		ExecStart=$2
		Restart=on-failure
		RestartSec=100ms
	UNIT
	log_to "$1.log" "$1.service"
}

adapter_of() {
	echo "virtio-loopback-adapter@$1.service"
}

# device NAME TYPE: an adapter by its own unit
device() {
	printf 'DEVICE=%s\nSOCKET=%s\nOPTIONS=--grace 60 --deadline 15000\n' "$2" "$manager/$1.sock" >"$config/$1.conf"
	log_to "adapter-$1.log" "$(adapter_of "$1")"
	# However often it dies here
	printf '[Unit]\nStartLimitIntervalSec=0\n' >"$units/$(adapter_of "$1").d/limit.conf"
	systemctl start "$1.service" "$(adapter_of "$1")"
}

install_programs() {
	mkdir -p $config
	ln -sf "$adapter" /usr/local/bin/virtio-loopback-adapter
	cp /repo/adapter/virtio-loopback-adapter@.service "$units"
	unit disk "qemu-storage-daemon --blockdev driver=file,node-name=f,filename=$manager/image,locking=off \
--export type=vhost-user-blk,id=e,node-name=f,writable=on,addr.type=unix,addr.path=$manager/disk.sock" exec
	unit entropy "$rng_daemon --socket-path=$manager/entropy.sock"
	unit touch "$build/vhost-user-input-hidraw/vhost-user-input-hidraw --socket-path=$manager/touch.sock"
}

remove_programs() {
	rm -rf $config /usr/local/bin/virtio-loopback-adapter
}

stop_processes() {
	stop_pid KILL "$load_pid"
	stop_pid KILL "$log_pid"
	stop_pid TERM "$panel_pid"
}

# How many adapters have died on NAME
died() {
	file=$(state_of "$1") && sed -n 's/^adapter: .* deaths //p' "$file"
}

# back NAME COUNT: the device has an adapter and a daemon again, after so many deaths
back() {
	in_state "^adapter: here deaths $2\$" "$1" && in_state '^backend: up' "$1"
}

# killed NAME [UNIT...]: the adapter of NAME and these units die at once; all come back, and the device goes on
killed() {
	name=$1
	shift
	count=$(died "$name")
	# shellcheck disable=SC2046
	kill -KILL $(main_pids "$(adapter_of "$name")" "$@") && eventually 60 back "$name" $((count + 1))
}

# Milliseconds that passed until the slowest adapter was back
longest() {
	dmesg | sed -n 's/.*goes on with the device after \([0-9]*\) ms/\1/p' | sort -n | tail -n 1
}

completed() {
	file=$(state_of disk) && sed -n 's/^queue 0: .* used \([0-9]*\) .*/\1/p' "$file"
}

more_completed() {
	[ "$(completed)" != "$mark" ]
}

# rounds COUNT [UNIT...]: the disk's adapter dies with these so many times; $good: how often all went well
rounds() {
	rounds=$1
	shift
	good=0
	round=0
	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		mark=$(completed)
		eventually 60 more_completed && killed disk "$@" && good=$((good + 1))
	done
}

no_io_error() {
	! dmesg | grep 'I/O error\|blocked for more than'
}

node() {
	set -- /sys/devices/platform/virtio-loopback.*/virtio*/block/vd*
	[ -e "$1" ] && disk=/dev/$(basename "$1") && [ -b "$disk" ]
}

fingers() {
	"$panel" --send="$manager/panel.sock" "$@" >"$work/fingers.log"
}

# down N: the last frame that came has N fingers
down() {
	[ "$(tail -n 1 "$work/trace" | cut -d ' ' -f 3)" = "$1" ]
}

at_exit unload_module
at_exit remove_programs
at_exit stop_processes
at_exit show_logs
ok "the module loads" load_module stop_timeout_ms=60000 || bail_out "no module"
ok "a service manager runs" start_manager || bail_out "no manager"
modprobe uhid 2>/dev/null
dmesg --clear
install_programs
systemctl daemon-reload

truncate -s 8M $manager/image
ok "a disk by its unit" device disk blk || bail_out "no disk"
ok "has a node" eventually 30 node || bail_out "no node"
index=$(state_of disk)
start load.log nice fio --name=load --filename="$disk" --direct=1 --ioengine=libaio --iodepth=32 --rw=randwrite \
	--bssplit=4k/50:16k/30:64k/20 --size=8M --loops=100000 --verify=crc32c --verify_fatal=1 --do_verify=1
load_pid=$started
rounds "$deaths"
is $good "$deaths" "its adapter is killed under load $deaths times, and each next one goes on"
rounds $((deaths / 4)) disk.service
is $good $((deaths / 4)) "adapter and daemon are killed together, too"
mark=$(completed)
ok "requests are served after the last time" eventually 60 more_completed
ok "fio has found nothing wrong so far" kill -0 "$load_pid"
kill -INT "$load_pid"
wait "$load_pid"
load_pid=
ok "and nothing when it ends" grep -q 'load: .*err= 0' "$work/load.log"
ok "no request failed or hung" no_io_error
is "$(state_of disk)" "$index" "the driver has kept its disk"
is "$(died disk)" $((deaths + deaths / 4)) "debugfs has counted the deaths"
diag "the longest took $(longest) ms to come back"

ok "an entropy source by its unit" device entropy rng
ok "is the one in use" eventually 10 choose_rng
failed=0
for unit in '' entropy.service '' entropy.service; do
	# shellcheck disable=SC2086
	killed entropy $unit && read_rng 4 || failed=$((failed + 1))
done
is $failed 0 "gives numbers after each death"

start panel.log "$panel" --control="$manager/panel.sock"
panel_pid=$started
ok "a panel is there" eventually 10 grep -q READY "$work/panel.log"
ok "a touch screen by its unit" device touch input
start touch-reader.log "$build/demo/dummy/touchlog" --phys=virtio --timeout=$((600000 * slower)) --output="$work/trace"
log_pid=$started
eventually 20 grep -q LISTENING "$work/touch-reader.log"
fingers 'down 0 .3 .3; down 1 .6 .6'
ok "two fingers come down" eventually 20 down 2
ok "its adapter is killed" killed touch
fingers 'up 1'
ok "one finger lifted after that, one stays" eventually 20 down 1
kill -STOP "$(main_pids touch.service)"
fingers lift
kill -KILL "$(main_pids "$(adapter_of touch)")"
kill -CONT "$(main_pids touch.service)"
ok "the other is lifted while it is dead" eventually 60 down 0
fingers 'down 0 .3 .3; down 1 .6 .6'
ok "fingers go on" eventually 20 down 2
ok "adapter and daemon are killed" killed touch touch.service
fingers lift
ok "no finger stays" eventually 20 down 0
kill -0 "$log_pid"
is $? 0 "and the reader has kept its node"

systemctl stop "$(adapter_of disk)" "$(adapter_of entropy)" "$(adapter_of touch)"
ok "stopped by systemd they say goodbye: the devices go at once" eventually 10 no_device
done_testing
