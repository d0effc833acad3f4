#!/bin/sh
# SPDX-License-Identifier: MIT
# A bounce area that is too small for all that a disk's driver would like to have under way at once: memory that small
# requests have used serves large ones later, and the other way round; what was written is read again.
# timeout: 900
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

size=1M

node() {
	set -- /sys/devices/platform/virtio-loopback.*/virtio*/block/vd*
	[ -e "$1" ] && disk=/dev/$(basename "$1") && [ -b "$disk" ]
}

fio_ended() {
	! kill -0 "$load_pid" 2>/dev/null
}

# written OPTION...: fio writes the disk and verifies it; a request that never ends is an error
written() {
	start fio.log fio --name=sizes --filename="$disk" --direct=1 --ioengine=libaio --iodepth=64 --rw=randwrite --size=$size \
		--verify=crc32c --verify_fatal=1 --output-format=terse "$@"
	load_pid=$started
	eventually 120 fio_ended && wait "$load_pid"
}

at_rest() {
	in_state ' busy 0 .* mappings 0$' disk
}

truncate -s $size "$work/disk"
at_exit unload_module
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"
start storage.log qemu-storage-daemon --blockdev "driver=file,node-name=f,filename=$work/disk,locking=off" \
	--export "type=vhost-user-blk,id=e,node-name=f,writable=on,addr.type=unix,addr.path=$work/blk.sock"
daemon_pid=$started
eventually 30 test -S "$work/blk.sock"
start adapter.log "$adapter" --device blk --name disk --bounce-size 256K --deadline 1900 --socket-path "$work/blk.sock"
adapter_pid=$started
ok "a disk with a bounce area of 256 KiB appears" eventually 30 node || bail_out "no disk"
wait_for_probe /sys/devices/platform/virtio-loopback.*/virtio*

# One request must fit: what is larger than the area would never be served
echo 64 >"/sys/block/${disk#/dev/}/queue/max_sectors_kb"
for block in 512 4k 64k 512 16k 2k 64k; do
	ok "blocks of $block" written --bs=$block
done
ok "blocks of all sizes" written --bsrange=512-64k
ok "nothing stays taken" eventually 10 at_rest
done_testing
