#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk served by qemu-storage-daemon on the same machine: a file system, fio with verification, discard, read-only.
# Not a new size: QEMU 7.2's daemon tells nobody of one.
# timeout: 400
# shellcheck source=tests/vm/foreign-lib.sh
. /repo/tests/vm/foreign-lib.sh

image=$work/disk
there=$work/mnt

# start_qsd OPTION...: of the export
start_qsd() {
	begin qsd.log qemu-storage-daemon \
		--blockdev driver=file,node-name=disk,filename="$image",discard=unmap,detect-zeroes=unmap \
		--export type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,"addr.path=$work/blk.sock,num-queues=2$1"
	qsd_pid=$started
}

disk() {
	basename "$(parent_of disk)"/virtio*/block/*
}

attribute() {
	cat "/sys/block/$(disk)/$1"
}

# fio_verify NAME OPTION...: what was written is read back and compared
fio_verify() {
	name=$1
	shift
	fio --name="$name" --verify=crc32c --verify_fatal=1 --ioengine=libaio --iodepth=8 --rw=randwrite --randseed=1 \
		--bssplit=512/10:4k/50:16k/20:64k/15:256k/5 --group_reporting --output="$work/fio.log" "$@" || {
		cat "$work/fio.log"
		return 1
	}
}

raw() {
	fio_verify raw --filename="/dev/$(disk)" --direct=1 --numjobs=2 --size=6M --offset_increment=16M
}

files() {
	fio_verify buffered --directory="$there" --size=4M --numjobs=2 --end_fsync=1 && fio_verify direct --directory="$there" --size=4M \
		--direct=1
}

copy_tree() {
	cp -a /usr/lib/python3.11/json "$there/" && sync && echo 3 >/proc/sys/vm/drop_caches && diff -r /usr/lib/python3.11/json "$there/json"
}

blocks() {
	stat -c %b "$image"
}

# What is discarded is given back, and reads as zeroes
discards() {
	dd if=/dev/urandom of="/dev/$(disk)" bs=1M count=4 seek=40 oflag=direct conv=nocreat 2>/dev/null
	before=$(blocks)
	blkdiscard -o 40M -l 4M "/dev/$(disk)" && [ "$(blocks)" -le $((before - 8000)) ]
}

zeroes() {
	dd if=/dev/urandom of="/dev/$(disk)" bs=1M count=1 seek=40 oflag=direct conv=nocreat 2>/dev/null
	blkdiscard -z -o 40M -l 1M "/dev/$(disk)" && [ "$(dd if="/dev/$(disk)" bs=1M count=1 skip=40 iflag=direct 2>/dev/null | tr -d '\0' | wc -c)" = 0 ]
}

unmount() {
	umount "$there" 2>/dev/null || true
}

at_exit unload_module
at_exit stop_begun
at_exit unmount
at_exit show_logs
mkdir "$there"
truncate -s 48M "$image"
ok "the module loads" load_module stop_timeout_ms=10000 || bail_out "no module"

start_qsd ,writable=on
ok "a driver takes the device" attach disk "$work/blk.sock" --device blk
adapter_pid=$started
is "$(attribute size)" 98304 "the disk is as large as the image"
is "$(find "/sys/block/$(disk)/mq" -mindepth 1 -maxdepth 1 | wc -l)" 2 "it has two queues"
ok "fio on the raw disk, mixed sizes, two jobs" raw
ok "discarding gives memory back" discards
ok "writing zeroes" zeroes
ok "a file system is made" mkfs.ext4 -q "/dev/$(disk)"
ok "it is mounted" mount "/dev/$(disk)" "$there"
ok "a tree is copied" copy_tree
ok "fio on files, through the page cache and not" files
ok "it is unmounted" umount "$there"
ok "it is consistent" e2fsck -fn "/dev/$(disk)"
ok "the module counts no failure" no_failures disk
stop_pid TERM "$adapter_pid"
is $? 0 "the adapter ends with 0 on SIGTERM"
ok "the device goes" eventually 20 no_device
stop_pid TERM "$qsd_pid"
is $? 0 "the daemon ends with 0"
ok "what it wrote is in the image" e2fsck -fn "$image"

start_qsd ,writable=off
ok "a disk that must not be written" attach disk "$work/blk.sock" --device blk
is "$(attribute ro)" 1 "the driver knows"
not_ok "writing fails" dd if=/dev/zero of="/dev/$(disk)" count=1 oflag=direct conv=nocreat
ok "reading does not" mount -o ro,noload "/dev/$(disk)" "$there"
ok "the tree is still there" diff -r /usr/lib/python3.11/json "$there/json"
done_testing
