#!/bin/sh
# SPDX-License-Identifier: MIT
# Ports of vhost-user-console and the kernel's own virtio_console driver: a login and its window, every back-end, readers that
# are slow or absent, ports that come and go under traffic, a daemon that is killed.
# How much goes through a port in each direction: 1 MiB; "make check-console" has it be 100.
# timeout: 600
# shellcheck source=tests/vm/console-lib.sh
. /repo/tests/vm/console-lib.sh

bytes=$((mib * 1024 * 1024))
user=visitor

options() {
	echo "--state=$work/state --max-ports=6 --config=$work/ports
		--port=name=login,backend=pty,path=$work/tty,size=100x30
		--port=name=data,backend=unix,path=$work/data
		--port=name=log,backend=file,path=$work/log.txt,timestamps
		--port=name=net,backend=tcp,address=127.0.0.1:4000"
}

# hup_with LINE...: the ports of the file
hup_with() {
	printf '%s\n' "$@" >"$work/ports"
	kill -HUP "$daemon_pid"
}

remove_user() {
	userdel -rf $user 2>/dev/null
}

# both_ways PAUSE: random bytes through the port "data" in both directions at once; each end compares what comes
both_ways() {
	eventually 20 driver_knows data 0 || return
	peer_start far.log pump "$work/data" "$work/down" "$work/up" "$1"
	far=$started
	eventually 60 driver_knows data 1 || return
	peer pump "$(node_of data)" "$work/up" "$work/down" >"$work/near.log" && wait "$far"
}
# What both ends have said
rates() {
	diag "to the driver: $(tail -n 1 "$work/near.log")"
	diag "from it: $(tail -n 1 "$work/far.log")"
}

come_and_go() {
	hup_with "name=extra$1,backend=unix,path=$work/extra" && eventually 30 node_of "extra$1" &&
		hup_with && eventually 30 no_node_of "extra$1"
}

modprobe virtio_console 2>/dev/null
at_exit end_console
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"
touch "$work/ports"
# shellcheck disable=SC2046
ok "the driver binds" start_console $(options) || bail_out "no console"
ok "the ports have names" eventually 20 node_of net

# -- a login
at_exit remove_user
useradd -m -s /bin/sh $user && echo "$user:secret" | chpasswd
start getty.log agetty --noclear "${hvc#/dev/}" linux
getty=$started
console_pids="$console_pids $getty"
ok "a login, from the terminal's side" peer talk "$work/tty" '=login: ' "+$user\r" '=assword: ' '+secret\r' '=$ ' \
	'+stty size\r' '=30 100' '=$ '
# shellcheck disable=SC2016
ok "the terminal is opened again, and the window changes" peer talk "$work/tty" '+echo a""b\r' '=ab' '=$ ' '@132x50' \
	'+while [ "$(stty size)" != "50 132" ]; do sleep 0.2; done; echo wi""de\r' '=wide' '=$ '
# cat, once it answers, is the one to be interrupted; a shell that is about to start something would not pass the signal on
ok "a key of the driver's terminal" peer talk "$work/tty" '+cat\r' '+meow\r' '=meow' '=meow' '+\x03' '=^C' '=$ ' \
	'+exit\r' '=exit' || kill -HUP "$getty"

# its end hangs the terminal up
wait "$getty"

# -- readers that are absent or slow
seq 20000 >"$work/numbers"
before=$(date +%s)
ok "a console that nobody reads holds nobody up" within 60 sh -c "cat '$work/numbers' >$hvc"
ok "and keeps the newest" peer talk "$work/tty" '=19999\r\n20000'
ok "what was lost is counted" eventually 10 has 'bytes lost' "$work/console.log"
diag "20000 lines took $(($(date +%s) - before)) s"
head -c "$bytes" /dev/urandom >"$work/up"
head -c "$bytes" /dev/urandom >"$work/down"
ok "$mib MiB both ways" both_ways 0
rates
ok "and with a reader that begins two seconds late" both_ways 2000
ok "nobody is at the other end any more" eventually 20 driver_knows data 0
timeout 2 sh -c "echo waits >$(node_of data)"
is $? 124 "a writer waits as long as nobody reads"

# -- the other back-ends
ok "lines for a log" sh -c "printf 'one\ntwo\n' >$(node_of log)"
ok "have their time" eventually 10 has '^20[0-9-]*T[0-9:.]*Z two$' "$work/log.txt"
mv "$work/log.txt" "$work/log.1"
hup_with
ok "a log is opened anew" eventually 10 test -e "$work/log.txt"
start tcp.log timeout 60 socat -u TCP:127.0.0.1:4000 -
console_pids="$console_pids $started"
ok "a port over TCP" sh -c "echo 'through TCP' >$(node_of net)"
ok "is read" eventually 20 has 'through TCP' "$work/tcp.log"
not_ok "one that others could reach is refused" "$console_daemon" --check --port=backend=tcp,address=0.0.0.0:4001

# -- ports come and go under traffic
(both_ways 0) >"$work/traffic.log" 2>&1 &
traffic=$!
done=0
for i in 1 2 3 4 5; do
	come_and_go $i && done=$((done + 1))
done
is $done 5 "a port comes and goes five times"
wait $traffic
is $? 0 "and the traffic of another one has not noticed"
hup_with "name=bad" "nonsense"
ok "a file that makes no sense is refused" eventually 10 has 'line 1: ' "$work/console.log"
ok "and changes nothing" node_of net

# -- the daemon is killed, and the driver has a port open
: >"$work/ports"
device=$(virtio_device)
exec 3<"$(node_of data)"
ok "a port is open at the driver's end" eventually 20 has '^open ports 0000000[23]$' "$work/state"
stop_pid KILL "$daemon_pid"
# shellcheck disable=SC2046
ok "a second daemon takes over" start_daemon $(options) 3<&-
ok "and is used" eventually 30 in_state '^backend: up' console
is "$(virtio_device)" "$device" "the device has stayed"
printf alive >"$work/alive"
ok "the port is still open" peer pump "$work/data" "$work/alive" /dev/null
# It may take a moment until the daemon has accepted, and until then a read ends at once
read_alive() {
	got=$(wc -c <"$work/got")
	timeout 60 head -c $((5 - got)) <&3 >>"$work/got"
	[ "$(cat "$work/got")" = alive ]
}
: >"$work/got"
ok "and is read from" eventually 20 read_alive
exec 3<&-
ok "the console still speaks" sh -c "echo 'still here' >$hvc"
ok "and is heard" peer talk "$work/tty" '=still here'
ok "data goes both ways again" both_ways 0

# -- the end
kill -TERM "$daemon_pid"
wait "$daemon_pid"
is $? 0 "the daemon ends on SIGTERM"
daemon_pid=
ok "its link is gone" test ! -L "$work/tty"
stop_pid TERM "$adapter_pid"
adapter_pid=
ok "the device goes" eventually 30 no_device
ok "the module is unused" eventually 20 unused
done_testing
