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

# What systemd would hear
start notify.log python3 -u -c '
import socket
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\0adapter-hang")
print("LISTENING")
while True:
    print(listener.recv(4096).decode().replace("\n", " "))'
notify_pid=$started
at_exit stop_pid KILL "$notify_pid"
ok "a service manager listens" eventually 20 grep -q LISTENING "$work/notify.log"
export NOTIFY_SOCKET=@adapter-hang
start_adapter
unset NOTIFY_SOCKET # the daemon has a readiness of its own
ok "it is told what the adapter waits for" eventually 10 grep -q 'STATUS=.*waiting for the daemon' "$work/notify.log"
sleep 0.5
not_ok "and not that it is ready" grep -q READY=1 "$work/notify.log"
start_daemon
ok "a device comes up" works
ok "now it is" eventually 20 grep -q READY=1 "$work/notify.log"

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
is "$(grep -c READY=1 "$work/notify.log")" 1 "READY=1 came once"

# Requests of the kernel's that run out before they were even read
for phase in 'probe' 'reset before a probe'; do
	device=$(virtio_device)
	[ "$phase" != probe ] || echo "$device" >$driver/unbind
	kill -STOP "$adapter_pid"
	[ "$phase" = probe ] || timeout 30 sh -c "echo $device >$driver/unbind"
	timeout 30 sh -c "echo $device >$driver/bind"
	kill -CONT "$adapter_pid"
	ok "an adapter that stood still at a $phase makes the device anew" works
done

kill -STOP "$daemon_pid"
device=$(virtio_device)
began=$(date +%s)
timeout 30 sh -c "echo $device >$driver/unbind"
is $? 0 "the driver of a stopped daemon can be unbound"
took=$(($(date +%s) - began))
ok "within seconds ($took)" test $took -le 15
ok "the device is taken away: its memory is in use" eventually 10 no_device
ok "the adapter lives" kill -0 "$adapter_pid"
kill -CONT "$daemon_pid"
ok "the daemon goes on, and there is a new device" works

kill -STOP "$daemon_pid"
began=$(date +%s)
stop_pid TERM "$adapter_pid"
is $? 0 "the adapter of a stopped daemon ends on SIGTERM"
took=$(($(date +%s) - began))
ok "within seconds ($took)" test $took -le 15
ok "the device goes" eventually 10 no_device
not_ok "the module stays while the daemon has its memory mapped" rmmod virtio_loopback

start_adapter
sleep 1.5
ok "an adapter waits for a stopped daemon" kill -0 "$adapter_pid"
ok "and says so" eventually 10 grep -q 'did not answer' "$work/adapter.log"
kill -CONT "$daemon_pid"
ok "until it goes on" works
done_testing
