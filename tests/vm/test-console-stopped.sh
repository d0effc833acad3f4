#!/bin/sh
# SPDX-License-Identifier: MIT
# A console whose daemon is stopped, killed and replaced: who writes to it never waits, and what was written arrives.
# timeout: 180
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

stop_console() {
	stop_pid KILL "$adapter_pid"
	stop_pid KILL "$daemon_pid"
	adapter_pid='' daemon_pid=''
}

start_console() {
	start daemon.log "$build/vhost-user-console/vhost-user-console" --socket-path="$work/console.sock" \
		--port "name=log,backend=file,path=$work/log"
	daemon_pid=$started
}

start_console_adapter() {
	# The daemon is stopped for as long as a slow machine takes for all that is to go on without it
	start adapter.log "$adapter" --device console --name console --socket-path "$work/console.sock" --deadline 1900 --grace 60 \
		--stall-timeout 300
	adapter_pid=$started
	eventually 30 stty -F /dev/hvc0 raw -echo
}

# wrote WORDS: in bounded time, and that is all that is asked
wrote() {
	timeout 10 sh -c "echo '$1' >/dev/hvc0"
}

# has WORD...: a line each, once and in this order
has() {
	[ "$(tr -d '\r' <"$work/log" | tr '\n' ' ')" = "$* " ]
}

at_exit unload_module
at_exit stop_console
ok "the module loads" load_module
start_console
ok "there is a console" start_console_adapter
ok "it is written to" wrote first
ok "and that arrives" eventually 20 has first

kill -STOP "$daemon_pid"
ok "its daemon is stopped: a write returns" wrote second
kill -CONT "$daemon_pid"
ok "it goes on, and that arrives" eventually 20 has first second

kill -STOP "$daemon_pid"
ok "stopped again: a write returns" wrote third
stop_pid KILL "$daemon_pid"
ok "killed: another one, too" wrote fourth
start_console
ok "the next daemon has both" eventually 20 has first second third fourth
ok "and goes on" wrote fifth
ok "without a new device" eventually 20 has first second third fourth fifth
ok "nothing was dropped" grep -q '^queue 1: relay console waiting [0-9]* dropped 0$' "$(state_of console)"
stop_console
ok "the module is not in use any more" eventually 30 unload_module
done_testing
