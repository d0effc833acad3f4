#!/bin/sh
# SPDX-License-Identifier: MIT
# The module is not unloaded while it is in use, and always afterwards; what the adapter says without it.
# timeout: 240
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

at_exit unload_module
at_exit stop_all
at_exit show_logs

# says PATTERN COMMAND...: it fails, with one line on standard error that holds PATTERN
says() {
	pattern=$1
	shift
	timeout 20 "$@" >"$work/out" 2>"$work/err" && return 1
	cat "$work/err"
	[ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" = 1 ] && grep -q "$pattern" "$work/err"
}

unload_module
ok "without the module: which one to load" says 'modprobe virtio_loopback' \
	"$adapter" --device rng --socket-path /tmp/x
ok "the module loads" load_module || bail_out "no module"
ok "another device file" says 'check --control' "$adapter" --control /dev/null --device rng --socket-path /tmp/x
ok "no permission" says 'no permission' setpriv --reuid 65534 --clear-groups --inh-caps=-all --bounding-set=-all \
	"$adapter" --device rng --socket-path /tmp/x
ok "no daemon in time" says 'within 1 s' "$adapter" --log-level error --wait-timeout 1 --device rng \
	--socket-path /tmp/nobody
ok "not a socket" says 'not a socket' "$adapter" --device rng --socket-path /etc/passwd
start_daemon
eventually 10 test -S "$work/rng.sock"
ok "a daemon of another kind" says 'configuration space' "$adapter" --device-id 18 --num-queues 1 --config-size 136 \
	--socket-path "$work/rng.sock"
eventually 10 unused
ok "too many queues" says 'is it the right daemon' "$adapter" --device rng --num-queues 9 --socket-path "$work/rng.sock"
start_adapter
ok "a device comes up" works
start second.log "$rng_daemon" --socket-path="$work/second.sock"
second=$started
ok "a second one of the same name" says 'choose another --name' "$adapter" --log-level error --device-id 4 --num-queues 1 \
	--name rng --socket-path "$work/second.sock"
stop_pid TERM "$second"
not_ok "rmmod is refused while the device is there" rmmod virtio_loopback
ok "and the device goes on" works

failed=0
for signal in TERM KILL TERM KILL TERM KILL TERM KILL; do
	start_load
	sleep 0.2
	stop_pid $signal "$adapter_pid"
	eventually 10 unused && rmmod virtio_loopback || failed=$((failed + 1))
	insmod "$module"
	start_adapter
	works || failed=$((failed + 1))
	stop_pid KILL "$load_pid"
done
is $failed 0 "the adapter stopped under load, the module unloaded and loaded, eight times"
done_testing
