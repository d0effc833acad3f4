#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest has what the other tests and the demo stand on.
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
plan 10

is "$(nproc)" 2 "two processors, so that races can happen"
ok "uhid is there" test -c /dev/uhid
ok "uinput is there" test -c /dev/uinput
ok "the kernel can load modules of its own" modprobe virtio_input
at_exit modprobe -r virtio_input
ok "and unload them" modprobe -r virtio_input
ok "debugfs is mounted" mountpoint -q /sys/kernel/debug
ok "configfs is mounted" mountpoint -q /sys/kernel/config
ok "udev answers" udevadm control --ping
ok "the system bus answers" dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames
is "$(cat /proc/sys/kernel/hung_task_timeout_secs)" 20 "a hung task is reported after 20 s"
