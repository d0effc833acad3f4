#!/bin/sh
# SPDX-License-Identifier: MIT
# Adapter and daemon are killed in every phase of a device's life; each time the kernel is clean afterwards, and whoever
# comes next works. DEATHS=N: how often a daemon dies under load (5; a release takes 100).
# timeout: 300
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

deaths=${DEATHS:-5}

at_exit unload_module
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"

start_daemon
start_adapter
ok "a device comes up and requests come back" works
stop_pid TERM "$adapter_pid"
is $? 0 "the adapter ends with 0 on SIGTERM"
ok "and its device goes" eventually 10 no_device
ok "the module is free then" eventually 10 unused

# The first tenths of a second hold the connect, the handshake, the creation, the probe and DRIVER_OK.
for delay in 0.00 0.02 0.04 0.06 0.09 0.13 0.18 0.25; do
	start_adapter
	sleep $delay
	stop_pid KILL "$adapter_pid"
done
start_adapter
ok "the adapter killed at any moment of its start: the last one goes on with what there is" works
stop_pid KILL "$adapter_pid"
ok "killed once more, it leaves nothing behind" eventually 10 unused
start_adapter
ok "the next one works" works

failed=0
for delay in 0.00 0.02 0.04 0.06 0.09 0.13 0.18 0.25; do
	stop_pid TERM "$adapter_pid" # a killed one's device would wait
	stop_all
	eventually 10 unused || failed=$((failed + 1))
	start_adapter
	start_daemon
	sleep $delay
	stop_pid KILL "$daemon_pid"
	kill -0 "$adapter_pid" || failed=$((failed + 1))
	start_daemon
	if ! works; then
		failed=$((failed + 1))
		diag "daemon killed after $delay s: no device"
		print_logs
	fi
done
is $failed 0 "the daemon killed at any moment of the start: the adapter goes on with the next one"

start_load
index=$(state_of)
failed=0
for i in $(seq "$deaths"); do
	stop_pid KILL "$daemon_pid"
	sleep "0.$(printf %02d $((i * 37 % 30)))"
	start_daemon
	eventually 10 in_state '^backend: up' && progress || failed=$((failed + 1))
done
is $failed 0 "the daemon killed under load, $deaths times: each next one goes on with the requests"
is "$(state_of)" "$index" "and the driver has kept its device"

stop_pid KILL "$adapter_pid"
ok "the adapter killed under load: the device goes" eventually 10 no_device
ok "and the module is free" eventually 10 unused

start_adapter_with --grace 1
ok "a device again" works
stop_pid KILL "$daemon_pid"
ok "a daemon that stays away takes the device with it" eventually 10 no_device
kill -0 "$adapter_pid"
is $? 0 "while the adapter waits"
start_daemon
ok "and makes it again when the daemon is back" works
done_testing
