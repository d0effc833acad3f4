#!/bin/sh
# SPDX-License-Identifier: MIT
# QEMU's vhost-user-gpu behind the stock virtio_gpu driver: a card with a screen that nobody sees.
# virtio_gpu forgets the objects of commands that nobody answered, here of the daemon that is killed; see tests/hostile/README.md.
# known: ^[^\n]*WARNING: [^\n]* drm_mm_takedown.* virtio_gpu_remove
# timeout: 300
# shellcheck source=tests/vm/foreign-lib.sh
. /repo/tests/vm/foreign-lib.sh

# start_gpu COMMAND...: by that command
start_gpu() {
	begin gpu.log "$@" /usr/lib/qemu/vhost-user-gpu --socket-path="$gpu/sock"
	gpu_pid=$started
}

# Without /dev/udmabuf pictures go through the socket.
unprivileged() {
	start_gpu setpriv --reuid=65534 --regid=65534 --clear-groups
}

card() {
	basename "$(parent_of gpu)"/drm/card*
}

screen() {
	echo /sys/class/drm/"$(card)"-*
}

paint() {
	python3 /repo/tests/vm/drm-paint.py "/dev/dri/$(card)"
}

said() {
	grep -q "$1" "$work/adapter-gpu.log"
}

at_exit unload_module
at_exit stop_begun
at_exit show_logs
gpu=$work/gpu
mkdir -m 777 "$gpu"
chmod 711 "$work"
ok "the module loads" load_module stop_timeout_ms=10000 || bail_out "no module"

unprivileged
ok "a driver takes the device" attach gpu "$gpu/sock" --device gpu --screen 800x480 --log-level debug
adapter_pid=$started
is "$(cat "$(screen)/status")" connected "the card has a screen"
is "$(head -n 1 "$(screen)/modes")" 800x480 "of the size that was asked for"
ok "other sizes can be had" grep -qx 1024x768 "$(screen)/modes"
is "$(paint)" 800x480 "a dumb buffer is shown and painted"
ok "the screen was switched on" eventually 20 said 'screen 0 is 800 by 480'
ok "the picture arrived" eventually 20 said 'screen 0: picture of 800 by 480 at 0, 0'
ok "the screen was switched off" eventually 20 said 'screen 0 is 0 by 0'
ok "the module counts no failure" no_failures gpu
stop_pid TERM "$adapter_pid"
is $? 0 "the adapter ends with 0 on SIGTERM"
ok "the device goes" eventually 20 no_device
ok "the module is free" eventually 20 unused

stop_pid TERM "$gpu_pid"
rm -f "$gpu/sock"
start_gpu env
ok "another daemon, another device" attach gpu "$gpu/sock" --device gpu --log-level debug
is "$(head -n 1 "$(screen)/modes")" 1280x800 "of the usual size"
ok "painted in a dmabuf" paint
ok "which arrives too" eventually 20 said 'screen 0: dmabuf of 1280 by 800 at 0, 0'
stop_pid KILL "$gpu_pid"
ok "a daemon that is killed takes the device with it" eventually 20 no_device
done_testing
