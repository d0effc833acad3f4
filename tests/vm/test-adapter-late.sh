#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon that is late and replaced by another one: nothing of it reaches the new device, requests fail once and then work;
# one that is late and then dies is resumed. And a disk that grows: the driver sees the new size.
# timeout: 300
# shellcheck source=tests/hostile/lib.sh
. /repo/tests/hostile/lib.sh

old_pid=

start_storage() {
	rm -f "$work/blk.sock"
	start storage.log qemu-storage-daemon --blockdev "driver=file,node-name=f,filename=$work/$1,locking=off" \
		--export "type=vhost-user-blk,id=e,node-name=f,writable=on,addr.type=unix,addr.path=$work/blk.sock"
	daemon_pid=$started
	eventually 60 test -S "$work/blk.sock"
}

start_disk() {
	start adapter.log "$adapter" --device blk --name hostile --socket-path "$work/blk.sock" --deadline 1900 \
		--stall-timeout 3 --grace 30
	adapter_pid=$started
}

disk_there() {
	[ -n "$(node_of 'block/vd*')" ]
}

disk() {
	eventually 60 hostile_drives && eventually 20 disk_there && echo "/dev/$(node_of 'block/vd*')"
}

# write_disk BYTE BLOCK: 64 KiB of that byte
write_disk() {
	head -c 65536 /dev/zero | tr '\0' "$1" | dd of="$(disk)" bs=64k seek="$2" oflag=direct conv=fsync,nocreat 2>/dev/null
}

# has FILE BYTE BLOCK
has() {
	head -c 65536 /dev/zero | tr '\0' "$2" >"$work/expected"
	dd if="$1" bs=64k skip="$3" count=1 iflag=direct 2>/dev/null | cmp -s - "$work/expected"
}

stop_late() {
	for pid in $old_pid $daemon_pid; do
		kill -CONT "$pid" 2>/dev/null
		stop_pid KILL "$pid"
	done
	stop_pid KILL "$hostile_pid"
	stop_pid KILL "$adapter_pid"
	old_pid='' daemon_pid='' adapter_pid='' hostile_pid=''
}

at_exit unload_module
at_exit stop_late
at_exit show_logs
modprobe -qa virtio_blk
ok "the module loads" load_module || bail_out "no module"
truncate -s 8M "$work/one" "$work/two"

start_storage one
start_disk
ok "a disk works" write_disk a 0
kill -STOP "$daemon_pid"
not_ok "its daemon stopped: a write fails" write_disk b 1
# Its end is a work item's, and not over with the write
eventually 20 hostile_gone
old_pid=$daemon_pid
start_storage two
ok "another daemon in its place makes a new device" write_disk c 2
kill -CONT "$old_pid"
for i in 3 4 5 6; do
	write_disk "$i" "$i" || break
done
is "$i" 6 "the new device works on meanwhile"
ok "what was written is in the new daemon's file" has "$work/two" 6 6
ok "and not in the old one's" has "$work/one" '\0' 6
ok "where the first write is" has "$work/one" a 0
stop_pid KILL "$old_pid"
old_pid=

kill -STOP "$daemon_pid"
write_disk d 7 &
writer=$!
sleep 0.3
stop_pid KILL "$daemon_pid"
start_storage two
wait $writer
is $? 0 "late, and dead before anybody noticed: the next daemon serves the write"
ok "which is there" has "$work/two" d 7
is "$(grep -c 'of type blk' "$work/adapter.log")" 2 "in the same device"

stop_late
ok "both gone: the device goes" eventually 40 hostile_gone
ok "the module is not in use, no daemon has its memory" eventually 40 unused

rm -f "$work/blk.sock"
start scribbler.log "$scribbler" --socket-path="$work/blk.sock" --type=blk --only=none
hostile_pid=$started
eventually 20 grep -q LISTENING "$work/scribbler.log"
start_disk
name=$(basename "$(disk)")
size() {
	[ "$(cat "/sys/block/$name/size")" = "$1" ]
}
ok "a disk of 8192 sectors" size 8192
start uevents.log udevadm monitor --kernel --property --subsystem-match=block
monitor=$started
eventually 10 grep -q KERNEL "$work/uevents.log"
kill -USR1 "$hostile_pid"
ok "its daemon says that it has grown: so says the driver" eventually 20 size 16384
ok "and the kernel tells user space" eventually 10 grep -q RESIZE=1 "$work/uevents.log"
ok "the new end can be read" dd "if=/dev/$name" of=/dev/null bs=512 skip=16383 count=1 iflag=direct
not_ok "what lies beyond cannot" sh -c "dd if=/dev/$name of=/dev/null bs=512 skip=16384 count=1 iflag=direct 2>&1 | grep -q '1+0 records in'"
kill -USR1 "$hostile_pid"
ok "again" eventually 20 size 32768
driver=$(readlink -f "$(hostile_device)/driver")
device=$(basename "$(hostile_device)")
echo "$device" >"$driver/unbind"
kill -USR1 "$hostile_pid"
echo "$device" >"$driver/bind"
ok "while no driver was there: the next one sees it" eventually 20 size 65536
stop_pid TERM "$monitor"
done_testing
