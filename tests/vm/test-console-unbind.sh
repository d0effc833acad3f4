#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver of a console lets go of it, again and again, while others write to it: its writers wait in a loop for what they
# transmit, and the end of the device ends that loop. ROUNDS is how often (30; a kernel with KASAN: 10). A fault shows in the kernel's log.
# timeout: 300
# shellcheck source=tests/vm/console-lib.sh
. /repo/tests/vm/console-lib.sh

driver=/sys/bus/virtio/drivers/virtio_console
rounds=${ROUNDS:-$(many_or_few 30 10)}
writers=

# A console that ends while it is open keeps its number for a while, so the next one may have another. Whoever opens one that
# is just ending meets a fault of hvc_open()'s own: writers have it open before.
write_on() {
	for node in /dev/hvc[0-7]; do
		stty -F "$node" raw 2>/dev/null || continue
		for _ in 1 2 3; do
			yes 'as long as a structure of several pointers, which nobody shall ever find there' >"$node" 2>/dev/null &
			writers="$writers $!"
		done
	done
	[ -n "$writers" ]
}

# All of them have it open, or have ended
writers_open() {
	for pid in $writers; do
		case $(readlink "/proc/$pid/fd/1") in
		/dev/hvc*) ;;
		*) ! kill -0 "$pid" 2>/dev/null || return 1 ;;
		esac
	done
}

end_writers() {
	for pid in $writers; do
		stop_pid KILL "$pid"
	done
	writers=
}

bound() {
	basename "$(echo $driver/virtio*)"
}

is_bound() {
	[ -e "$driver/$device" ]
}

let_go_and_take() {
	for round in $(seq "$rounds"); do
		eventually 20 write_on || return
		eventually 20 writers_open || return
		sleep 0.2
		echo "$device" >$driver/unbind || return
		end_writers
		echo "$device" >$driver/bind || return
		is_bound || { echo "# no driver in round $round"; return 1; }
	done
}

at_exit end_console
at_exit end_writers
ok "the module loads" load_module
ok "there is a console" start_console --port "name=log,backend=file,path=$work/log"
device=$(bound)
ok "the driver lets go $rounds times, and takes it again" let_go_and_take
ok "and what is written arrives" eventually 20 test -s "$work/log"
done_testing
