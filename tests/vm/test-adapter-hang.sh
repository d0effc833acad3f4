#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon that is stopped (SIGSTOP) costs its own device, for seconds, and nothing else; drivers come and go under load.
# timeout: 240
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

driver=/sys/bus/virtio/drivers/virtio_rng

at_exit unload_module
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"
start_daemon
start_adapter
ok "a device comes up" works

failed=0
start_load
for i in 1 2 3 4 5 6 7 8 9 10; do
	device=$(virtio_device)
	timeout 10 sh -c "echo $device >$driver/unbind" || failed=$((failed + 1))
	[ "$i" -gt 5 ] || sleep 0.1
	timeout 10 sh -c "echo $device >$driver/bind" || failed=$((failed + 1))
	works || failed=$((failed + 1))
done
is $failed 0 "the driver unbound and bound under load, ten times"
is "$(grep -c 'a driver uses the device' "$work/adapter.log")" 1 "systemd is told of it once"

kill -STOP "$daemon_pid"
device=$(virtio_device)
began=$(date +%s)
timeout 30 sh -c "echo $device >$driver/unbind"
is $? 0 "the driver of a stopped daemon can be unbound"
took=$(($(date +%s) - began))
ok "within seconds ($took)" test $took -le 8
ok "the device is taken away: its memory is in use" eventually 10 no_device
ok "the adapter lives" kill -0 "$adapter_pid"
kill -CONT "$daemon_pid"
ok "the daemon goes on, and there is a new device" works

kill -STOP "$daemon_pid"
began=$(date +%s)
stop_pid TERM "$adapter_pid"
is $? 0 "the adapter of a stopped daemon ends on SIGTERM"
took=$(($(date +%s) - began))
ok "within seconds ($took)" test $took -le 5
ok "the device goes" eventually 10 no_device
not_ok "the module stays while the daemon has its memory mapped" rmmod virtio_loopback

start_adapter
sleep 1.5
ok "an adapter waits for a stopped daemon" kill -0 "$adapter_pid"
ok "and says so" grep -q 'did not answer' "$work/adapter.log"
kill -CONT "$daemon_pid"
ok "until it goes on" works
done_testing
