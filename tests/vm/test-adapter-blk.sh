#!/bin/sh
# SPDX-License-Identifier: MIT
# A block device under load loses nothing: qemu-storage-daemon, which finishes requests in any order, is killed again and
# again while fio writes and verifies; and nothing hangs when it stays away.
# DEATHS=N: how often (20; a release takes 100; 5 with KASAN).
# timeout: 900
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

deaths=${DEATHS:-$(many_or_few 20 5)}
size=8M

start_storage() {
	rm -f "$work/blk.sock"
	start storage.log qemu-storage-daemon --blockdev "driver=file,node-name=f,filename=$work/disk,locking=off" \
		--export "type=vhost-user-blk,id=e,node-name=f,writable=on,addr.type=unix,addr.path=$work/blk.sock"
	daemon_pid=$started
}

start_disk() {
	start adapter.log "$adapter" --device blk --name disk --socket-path "$work/blk.sock" --deadline 9000 "$@"
	adapter_pid=$started
	eventually 30 node && eventually 10 up
}

node() {
	set -- /sys/devices/platform/virtio-loopback.*/virtio*/block/vd*
	[ -e "$1" ] && disk=/dev/$(basename "$1") && [ -b "$disk" ]
}

up() {
	in_state '^backend: up' disk
}

completed() {
	file=$(state_of disk) && sed -n 's/^queue 0: .* used \([0-9]*\) .*/\1/p' "$file"
}

# A few requests may be of udev, which looks at the disk whenever somebody closes it; so many are of fio.
more_completed() {
	[ $((($(completed) - mark) & 0xffff)) -ge 40 ]
}

# load NAME OPTION...: fio on the disk, in the background, pid in $load_pid
load() {
	name=$1
	shift
	mark=$(completed)
	start "$name.log" fio --name="$name" --filename="$disk" --direct=1 --ioengine=libaio --iodepth=32 --rw=randwrite \
		--bssplit=4k/50:16k/30:64k/20 --size=$size --verify=crc32c --verify_fatal=1 --output-format=normal "$@"
	load_pid=$started
}

no_hung_task() {
	! dmesg | grep -q 'blocked for more than'
}

truncate -s $size "$work/disk"
at_exit unload_module
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module stop_timeout_ms=10000 || bail_out "no module"
start_storage
ok "a disk appears" start_disk --grace 30 || bail_out "no disk"

load rounds --loops=1000 --do_verify=1
died=0
round=0
while [ $round -lt "$deaths" ]; do
	round=$((round + 1))
	mark=$(completed)
	eventually 30 more_completed || break
	stop_pid KILL "$daemon_pid"
	start_storage
	eventually 30 up && died=$((died + 1))
done
is $died "$deaths" "the daemon is killed $deaths times under load, and each next one takes over"
mark=$(completed)
ok "requests are served after the last one" eventually 30 more_completed
kill -0 "$load_pid"
is $? 0 "fio has found nothing wrong so far"
kill -INT "$load_pid"
wait "$load_pid"
ok "and nothing when it ends" grep -q "rounds: .*err= 0" "$work/rounds.log"
load_pid=

load once --loops=1 --do_verify=1
eventually 10 more_completed
stop_pid KILL "$daemon_pid"
start_storage
wait "$load_pid"
is $? 0 "a whole pass over a death, written and read back, verifies"
load_pid=

load orphan --loops=1000 --do_verify=0
eventually 30 more_completed
stop_pid KILL "$daemon_pid"
stop_pid KILL "$adapter_pid"
daemon_pid='' adapter_pid=''
wait "$load_pid"
status=$?
load_pid=
ok "both killed: fio ends with an error" test $status -ne 0
ok "an I/O error" grep -q 'Input/output error\|No such device' "$work/orphan.log"
ok "the device goes" eventually 30 no_device
ok "and the module is free" eventually 30 unused
ok "no task hung" no_hung_task
done_testing
