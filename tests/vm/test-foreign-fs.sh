#!/bin/sh
# SPDX-License-Identifier: MIT
# A folder served by QEMU's virtiofsd, mounted on the same machine by the stock virtiofs driver.
# timeout: 600
# shellcheck source=tests/vm/foreign-lib.sh
. /repo/tests/vm/foreign-lib.sh

virtiofsd=/usr/lib/qemu/virtiofsd
tree=/usr/lib/python3.11
tag=a-tag-of-thirty-six-bytes-0123456789
there=$work/mnt
here=$work/served

start_virtiofsd() {
	begin virtiofsd.log $virtiofsd --socket-path="$work/fs.sock" -o source="$here" -o sandbox=chroot -o xattr -o posix_lock
	virtiofsd_pid=$started
}

# What the copy through virtiofs left behind, seen from the other side.
copy_tree() {
	mkdir "$there/tree" && cp -a $tree/json $tree/email "$there/tree/" &&
		for d in json email; do diff -r "$tree/$d" "$here/tree/$d" || return 1; done
}

many_files() {
	mkdir "$there/many" && python3 -c '
import os, sys
top = sys.argv[1]
for i in range(200):
    with open(f"{top}/{i}", "w") as f:
        f.write(str(i) * (i % 7 * 500))
names = sorted(os.listdir(top), key=int)
assert names == [str(i) for i in range(200)], len(names)
for i in range(0, 200, 2):
    os.rename(f"{top}/{i}", f"{top}/moved-{i}")
for i in range(1, 200, 2):
    assert open(f"{top}/{i}").read() == str(i) * (i % 7 * 500), i
    os.unlink(f"{top}/{i}")
assert len(os.listdir(top)) == 100
' "$there/many" && [ "$(find "$here/many" -name 'moved-*' | wc -l)" = 100 ]
}

# Large files, unaligned pieces, a mapping; the sum is taken on the other side.
large_file() {
	python3 -c '
import hashlib, mmap, os, random, sys
data = random.Random(1).randbytes(3000001)
with open(sys.argv[1], "wb", buffering=0) as f:
    at = 0
    while at < len(data):
        at += f.write(data[at:at + 70001])
fd = os.open(sys.argv[1], os.O_RDWR)
with mmap.mmap(fd, 0) as m:
    assert m[:] == data
    m[1000000:1000005] = b"hello"
    m.flush()
os.fsync(fd)
os.close(fd)
seen = open(sys.argv[2], "rb").read()
assert seen == data[:1000000] + b"hello" + data[1000005:]
' "$there/large" "$here/large"
}

direct() {
	dd if="$here/large" of="$there/direct" bs=64k count=45 oflag=direct 2>&1 && dd if="$there/direct" of="$work/back" bs=4k \
		iflag=direct 2>&1 && cmp -n $((45 * 65536)) "$work/back" "$here/large"
}

attributes_and_locks() {
	python3 -c '
import errno, fcntl, os, sys
path, other = sys.argv[1] + "/attr", sys.argv[2] + "/attr"
open(path, "w").close()
os.setxattr(path, "user.colour", b"blue")
assert os.getxattr(path, "user.colour") == b"blue" == os.getxattr(other, "user.colour")
os.chmod(path, 0o640), os.truncate(path, 12345), os.utime(path, (1, 2))
st = os.stat(other)
assert (st.st_mode & 0o777, st.st_mtime, st.st_size) == (0o640, 2, 12345), st
os.symlink("attr", path + ".link"), os.link(path, path + ".hard")
assert os.readlink(other + ".link") == "attr" and os.stat(other).st_nlink == 2
f, g = open(path, "r+"), open(other, "r+")
fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)   # it does not wait for locks
try:
    fcntl.lockf(g, fcntl.LOCK_EX | fcntl.LOCK_NB)
    raise SystemExit("the lock is not seen on the other side")
except OSError as e:
    assert e.errno in (errno.EAGAIN, errno.EACCES)
f.close()
fcntl.lockf(g, fcntl.LOCK_EX | fcntl.LOCK_NB)
' "$there" "$here"
}

unmount() {
	umount "$there" 2>/dev/null || true
}

at_exit unload_module
at_exit stop_begun
at_exit unmount
at_exit show_logs
mkdir "$there" "$here"
ok "the module loads" load_module stop_timeout_ms=10000 || bail_out "no module"

start_virtiofsd
begin no-tag.log "$adapter" --device fs --name fs --socket-path "$work/fs.sock" --deadline 1900
wait "$started"
is "$?" 1 "without a tag there is no device"
ok "and a reason" grep -q "serves no configuration space: give the name to mount it by with --fs-tag" "$work/no-tag.log"
ok "the daemon ends with its connection" ends "$virtiofsd_pid"

start_virtiofsd
ok "a driver takes the device" attach fs "$work/fs.sock" --device fs --fs-tag "$tag"
adapter_pid=$started
ok "it is mounted by its tag" mount -t virtiofs "$tag" "$there"
ok "a tree is copied" copy_tree
ok "two hundred files are made, listed, moved, read and deleted" many_files
ok "a large file, written in odd pieces and through a mapping" large_file
ok "without the page cache" direct
ok "attributes, links, extended attributes, locks" attributes_and_locks
ok "the module counts no failure" no_failures fs
ok "it is unmounted" umount "$there"
stop_pid TERM "$adapter_pid"
is $? 0 "the adapter ends with 0 on SIGTERM"
ok "the device goes" eventually 10 no_device
ok "the daemon ends" ends "$virtiofsd_pid"

start_virtiofsd
ok "another daemon, another device" attach fs "$work/fs.sock" --device fs --fs-tag again
ok "the files are still there" mount -t virtiofs again "$there"
is "$(find "$there/many" -name 'moved-*' | wc -l)" 100 "all of them"
done_testing
