#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# htt-sensitivity where there is no hidraw node of a panel: through the virtio input device.
# timeout: 400
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

tool=$build/vhost-user-input-hidraw/htt-sensitivity
watch_pid='' grab_pid=''

end_others() {
	stop_pid KILL "$watch_pid"
	stop_pid KILL "$grab_pid"
}
at_exit unload_module
at_exit stop_all
at_exit end_others
at_exit show_logs

# As a guest sees it: this machine without its hidraw class
cat >"$work/guest" <<-EOT
	#!/bin/sh
	exec unshare --mount sh -c 'mount -t tmpfs none /sys/class/hidraw && exec "\$@"' - "\$@"
EOT
chmod +x "$work/guest"

# exits STATUS PATTERN OPTION...: how the tool ends in a guest, and what it says
exits() {
	exits_wanted=$1
	exits_pattern=$2
	shift 2
	within 120 "$work/guest" "$tool" "$@" >"$work/exits.out" 2>&1
	exits_status=$?
	echo "status $exits_status, wanted $exits_wanted and '$exits_pattern'"
	cat "$work/exits.out"
	[ "$exits_status" -eq "$exits_wanted" ] && grep -q -e "$exits_pattern" "$work/exits.out"
}

# start_all PANEL-OPTION...: a panel whose virtio device is there
start_all() {
	start_panel --serial=ONE --reboot-ms=500 "$@"
	start_daemon $no_control
	start_adapter
	eventually 20 sh -c "\"$touchlog\" --phys=virtio --info | grep -q node"
	node=$("$touchlog" --phys=virtio --info | sed -n 's/node //p')
	udevadm settle --timeout=60
}
no_control=''

ok "the module loads" load_module || bail_out "no module"
ok "nothing to list" exits 3 'no HTT panel' list
start_all --driver=mxt
ok "list" exits 0 "^$node  ONE     -       -         normal       -         -$" list
ok "list --json" exits 0 '"kind": "input", "driver": null, .*"levels": \["normal", "high", "extra"\]' list --json
ok "get" exits 0 '^normal$' get
start watch.log "$work/guest" "$tool" watch
watch_pid=$started
eventually 20 grep -q 'level normal' "$work/watch.log"
ok "set" exits 0 "$node: sensitivity is extra now" set extra
is "$("$tool" get)" extra "the panel has it"
ok "the same again" exits 0 'is extra already' set extra
ok "the watcher has seen it" eventually 20 grep -q 'level extra' "$work/watch.log"
stop_pid TERM "$watch_pid"
is $? 0 "and ends with SIGTERM"
watch_pid=
printf '%s\n' "ONE there $node" 'ONE level normal' 'ONE level extra' >"$work/watch.wanted"
ok "the device has stayed" diff "$work/watch.wanted" "$work/watch.log"
ok "settings are for the machine with the panel" exits 5 'need the machine that the panel is plugged into' settings

# A compositor that grabs its devices leaves no events to others; the axis tells nevertheless.
start grab.log timeout 100 evtest --grab "$node"
grab_pid=$started
eventually 20 grep -q Testing "$work/grab.log"
ok "set while the device is grabbed" exits 0 'sensitivity is high now' set high
stop_pid KILL "$grab_pid"
grab_pid=

# On the machine with the panel there are both
is "$("$tool" list | sed -n 's|^\(/dev/[a-z]*\).*|\1|p')" /dev/hidraw "the panel itself goes before its virtio device"
is "$("$tool" --path="$node" get)" high "unless it is asked for"
ok "by serial number" exits 0 '^high$' --serial=ONE get
ok "by another one" exits 3 'no HTT panel with this serial number' --serial=TWO get

group=$(getent group input | cut -d: -f3)
chgrp input "$node" && chmod 660 "$node"
setpriv --reuid=65534 --regid=65534 --clear-groups "$tool" --path="$node" get >"$work/nobody.out" 2>&1
is $? 7 "no permission"
is "$(setpriv --reuid=65534 --regid=65534 --groups="$group" "$tool" --path="$node" get)" high "group input may"

stop_pid KILL "$panel_pid"
panel_pid=
ok "a panel that does not come back" exits 6 'did not get normal within 2 s (it has high)' set normal --timeout=2
stop_all

start_all --driver=gt9xx
ok "a level that this panel lacks" exits 5 'no level "extra"; it has normal, high' set extra
stop_all
start_all --driver=ili25xx
ok "a panel without levels" exits 3 'no HTT panel' get
stop_all
no_control=--no-control
start_all --driver=mxt
ok "a daemon that does not let guests" exits 3 'no HTT panel' get
done_testing
