#!/bin/sh
# SPDX-License-Identifier: MIT
# One processor, and the kernel's log on a console whose daemon is stopped: the machine goes on.
# timeout: 300
# machine: --cpus 1 --append console=hvc0
# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh
# shellcheck source=tests/vm-kmod/lib.sh
. /repo/tests/vm-kmod/lib.sh

server=$build/tests/vm-kmod/vlb-console
pid=

# Value after WORD in the relay's line of debugfs
relay() {
	sed -n "s/^queue 1: relay .*$1 \([0-9]*\).*/\1/p" /sys/kernel/debug/virtio_loopback/*/state
}

is_empty() {
	[ "$(relay waiting)" = 0 ]
}

end_server() {
	[ -z "$pid" ] || kill -KILL "$pid"
	pid=
}

start_server() {
	"$server" --serve >"$work/server.log" 2>&1 &
	pid=$!
	eventually 20 grep -q READY "$work/server.log" && eventually 20 grep -q hvc0 /proc/consoles
}

# Some 100 bytes each, and one write each
log_lines() {
	stdbuf -oL seq -f 'line %06g of a log that nobody reads, which nevertheless has to go somewhere, says the test' "$1" >/dev/kmsg
}

all_tasks() {
	echo t >/proc/sysrq-trigger
}

at_exit unload_module
at_exit end_server
at_exit dmesg -n 5
is "$(nproc)" 1 "there is one processor"
ok "the module loads" load_module retry_timeout_ms=1000 "$patient"
ok "hvc0 is a console of the kernel's" start_server
dmesg -n 8
echo on >/proc/sys/kernel/printk_devkmsg
ok "its daemon reads the log" log_lines 100
ok "all of it" eventually 20 is_empty
is "$(relay dropped)" 0 "without a loss"

kill -STOP "$pid"
ok "its daemon is stopped: the log goes on" log_lines 4000
ok "all tasks are shown" all_tasks
ok "somebody else writes" within 60 sh -c 'seq 100000 >/dev/hvc0'
ok "what was lost is counted" test "$(relay dropped)" -gt 0
is "$(relay waiting)" 262144 "the beginning is kept"
kill -CONT "$pid"
ok "the daemon goes on: it reads what was kept" eventually 20 is_empty

kill -STOP "$pid"
ok "stopped again" log_lines 4000
end_server
ok "and killed: the device goes" eventually 30 sh -c '! ls /sys/devices/platform | grep -q virtio-loopback'
ok "the log goes on" log_lines 100

# What it shows on two, with nothing of the kernel's among the bytes
dmesg -n 1
ok "a console's driver never waits for its daemon, on one processor" "$server"
done_testing
