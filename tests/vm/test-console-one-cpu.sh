#!/bin/sh
# SPDX-License-Identifier: MIT
# One processor, and a console of the kernel's that vhost-user-console serves. Stopped, it reads neither the log nor what is
# said of ports; killed, another one takes its place. The machine goes on.
# timeout: 300
# machine: --cpus 1 --append console=hvc0
# shellcheck source=tests/vm/console-lib.sh
. /repo/tests/vm/console-lib.sh

options() {
	echo "--state=$work/state --port=name=log,backend=file,path=$work/log.txt,buffer=1M
		--port=name=data,backend=unix,path=$work/data"
}

# relay WORD: the value behind it in the line of the console's queue
relay() {
	sed -n "s/^queue 1: relay .*$1 \([0-9]*\).*/\1/p" "$(state_of console)"
}

all_read() {
	[ "$(relay waiting)" = 0 ]
}

# log_lines WORD COUNT: some 100 bytes each, and one write each
log_lines() {
	stdbuf -oL seq -f "$1 %06g of a log that may or may not be read, and has to go somewhere, says the test" "$2" >/dev/kmsg
}

# complete WORD COUNT: all these lines are in the log, once and in their order
complete() {
	[ "$(grep -o "$1 [0-9]\{6\} of" "$work/log.txt" | cut -d ' ' -f 2)" = "$(seq -f %06g "$2")" ]
}

# Two control messages each time
open_and_close() {
	within 60 python3 -c 'import os, sys
for _ in range(int(sys.argv[2])):
    os.close(os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK))' "$(node_of data)" "$1"
}

all_tasks() {
	echo t >/proc/sysrq-trigger
}

# Somebody else: when did he last run? The longest time in between, in ms
start_pulse() {
	# shellcheck disable=SC2016
	start pulse.log python3 -uc 'import time
last = time.monotonic()
longest = 0
while True:
    time.sleep(0.05)
    now = time.monotonic()
    if now - last > longest:
        longest = now - last
        print(int(longest * 1000))
    last = now'
	console_pids="$console_pids $started"
}

modprobe virtio_console 2>/dev/null
at_exit end_console
at_exit show_logs
at_exit dmesg -n 5
is "$(nproc)" 1 "there is one processor"
ok "the module loads" load_module || bail_out "no module"
# The daemon is stopped for as long as a slow machine takes for all that is to go on without it.
adapter_options='--stall-timeout 300'
# shellcheck disable=SC2046
ok "the driver binds" start_console $(options) || bail_out "no console"
ok "hvc0 is a console of the kernel's" eventually 20 grep -q hvc0 /proc/consoles
ok "the other port is there" eventually 20 node_of data
start_pulse
echo on >/proc/sys/kernel/printk_devkmsg
dmesg -n 8
ok "the kernel's log goes on" log_lines first 500
ok "and is complete at the other end" eventually 30 complete first 500
is "$(relay dropped)" 0 "without a loss"

device=$(virtio_device)
kill -STOP "$daemon_pid"
ok "the daemon is stopped: the log goes on" log_lines second 4000
ok "all tasks are shown" all_tasks
ok "somebody writes to it" within 60 sh -c 'seq 50000 >/dev/hvc0'
ok "a port is opened and closed 1500 times" open_and_close 1500
ok "what was lost is counted" test "$(relay dropped)" -gt 0
is "$(relay waiting)" 262144 "what fits is kept"
kill -CONT "$daemon_pid"
ok "the daemon goes on: it reads what was kept" eventually 30 all_read
ok "from its beginning" eventually 30 has 'second 000001 of' "$work/log.txt"
exec 4<>"$(node_of data)"
ok "and the last that was said of a port" eventually 30 has '^open ports 0000000[23]$' "$work/state"
exec 4>&-
ok "whatever that is" eventually 30 has '^open ports 0000000[01]$' "$work/state"

kill -STOP "$daemon_pid"
ok "stopped again" log_lines third 4000
stop_pid KILL "$daemon_pid"
ok "and killed: the log goes on without one" log_lines fourth 100
ok "a port is opened and closed" open_and_close 100
# shellcheck disable=SC2046
ok "another daemon takes over" start_daemon $(options)
ok "and reads what was kept" eventually 30 all_read
ok "the log goes on" log_lines fifth 100
ok "and is complete" eventually 30 complete fifth 100
is "$(virtio_device)" "$device" "the device has stayed"

kill -STOP "$daemon_pid"
kill -TERM "$adapter_pid"
ok "the adapter ends while its daemon is stopped: the device goes" eventually 60 no_device
ok "the log goes on" log_lines sixth 100
dmesg -n 5
longest=$(tail -n 1 "$work/pulse.log")
diag "nobody else ran for $longest ms at most"
ok "others have had their turn" test "$longest" -lt 20000
done_testing
