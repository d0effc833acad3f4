# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2120
#
# lib.sh and more for the tests of touch: the dummy panel, vhost-user-input-hidraw, the adapter, and a reader of what the
# stock driver delivers. What was sent and what arrived are traces that touchlog compares.

# shellcheck source=tests/vm/lib.sh
. /repo/tests/vm/lib.sh

htt70a=$build/demo/dummy/htt70a
touchlog=$build/demo/dummy/touchlog
touch_daemon=$build/vhost-user-input-hidraw/vhost-user-input-hidraw
adapter=$build/adapter/virtio-loopback-adapter
sent=$work/sent.trace
arrived=$work/arrived.trace
panel_pid='' daemon_pid='' adapter_pid='' reader_pid=''

modprobe uhid 2>/dev/null

# start LOG COMMAND...: in the background, pid in $started. The log is empty before: the child may be slow to empty it, and what
# an earlier program has said there is not to be taken for its word
start() {
	log=$work/$1
	shift
	: >"$log"
	setsid "$@" >"$log" 2>&1 </dev/null &
	started=$!
}

# stop_pid SIGNAL PID: and wait for its end; the status is that of the program
stop_pid() {
	[ -n "$2" ] || return 0
	kill "-$1" "$2" 2>/dev/null
	wait "$2" 2>/dev/null
}

# start_panel OPTION...
start_panel() {
	# shellcheck disable=SC2086 # a command and its options, or nothing
	start panel.log $rt_panel "$htt70a" --control="$work/panel.sock" --log="$sent" "$@"
	panel_pid=$started
	eventually 10 grep -q READY "$work/panel.log"
}

# panel COMMANDS: until the panel has done them
panel() {
	"$htt70a" --send="$work/panel.sock" "$@" >"$work/panel.out"
}

# start_daemon OPTION...: until it listens
start_daemon() {
	rm -f "$work/touch.sock"
	# shellcheck disable=SC2086 # a command and its options, or nothing
	start daemon.log $rt_daemon "$touch_daemon" --socket-path="$work/touch.sock" "$@"
	daemon_pid=$started
	eventually 10 grep -q 'listening at' "$work/daemon.log"
}

start_adapter() {
	start adapter.log "$adapter" --device input --socket-path "$work/touch.sock" --deadline 1900 "$@"
	adapter_pid=$started
}

# start_reader OPTION...: of the events of the virtio device, until it listens
start_reader() {
	# shellcheck disable=SC2086
	start reader.log $rt_reader "$touchlog" --phys=virtio --timeout=$((20000 * slower)) --output="$arrived" "$@"
	reader_pid=$started
	eventually 20 grep -q LISTENING "$work/reader.log"
}

# For runs in which nothing may be lost: who reads goes before who sends. Empty: as the scheduler likes.
rt_panel=''
rt_daemon=''
rt_reader=''

stop_all() {
	[ -z "$daemon_pid" ] || kill -CONT "$daemon_pid" 2>/dev/null
	stop_pid KILL "$reader_pid"
	stop_pid KILL "$adapter_pid"
	stop_pid KILL "$daemon_pid"
	stop_pid KILL "$panel_pid"
	reader_pid='' adapter_pid='' daemon_pid='' panel_pid=''
	rm -f "$sent" "$arrived"
	eventually 10 unused
}

unused() {
	[ ! -d /sys/module/virtio_loopback ] || [ "$(cat /sys/module/virtio_loopback/refcnt)" = 0 ]
}

# fingers N: does the reader of the events see so many right now?
fingers() {
	[ "$(awk '$1 == "F" { n = $3 } END { print n + 0 }' "$arrived")" = "$1" ]
}

compare() {
	"$touchlog" --compare="$sent" "$arrived"
}

# reader_ends: as soon as all that was sent has arrived, and a second more for what nobody sent. Fails when events were dropped
# because the reader was too slow, or it could not read them
reader_ends() {
	eventually 20 compare
	sleep 1
	stop_pid TERM "$reader_pid"
	reader_status=$?
	reader_pid=
	[ $reader_status -eq 143 ] && ! grep '^# the kernel dropped' "$arrived"
}

# one_cpu: all take turns on one CPU from now on, and who reads goes before who sends. A panel does not wait for a reader: the
# kernel keeps 63 reports and drops the next (hidraw), and so does evdev; under emulation a CPU may stand still for longer than
# that. What is lost then was lost by us. The panel has a real-time class, too: the kernel sees to it that others get a twentieth
# of each second whoever is ahead of them, and in so long a panel that is behind its time sends more than readers can keep.
one_cpu() {
	taskset -p 1 $$ >/dev/null
	rt_panel='chrt -f 10'
	rt_daemon='chrt -f 40'
	rt_reader='chrt -f 30'
}

# counter NAME: of the daemon's last line, which it writes when it ends
counter() {
	sed -n "s/.*$1 \([0-9]*\).*/\1/p" "$work/daemon.log" | tail -n 1
}

# When something failed: what the programs said
show_logs() {
	[ "$tap_failed" -gt 0 ] || return 0
	for log in "$work"/*.log; do
		[ ! -s "$log" ] || tail -n 15 "$log" | sed "s|^|# $(basename "$log"): |"
	done
}
