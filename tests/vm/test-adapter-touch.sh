#!/bin/sh
# SPDX-License-Identifier: MIT
# No finger stays pressed, whenever the daemon of a touch panel dies. DEATHS=N: how often it does amid a flood of reports (5; a
# release takes 100).
# timeout: 240
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

deaths=${DEATHS:-5}
panel=$build/demo/dummy/htt70a
log_pid=
panel_pid=

stop_panel() {
	stop_pid KILL "$log_pid"
	stop_pid TERM "$panel_pid"
}

fingers() {
	"$panel" --send="$work/panel.sock" "$@" >"$work/fingers.log"
}

start_input_daemon() {
	start input.log "$build/vhost-user-input-hidraw/vhost-user-input-hidraw" --socket-path="$work/input.sock"
	daemon_pid=$started
}

start_log() {
	stop_pid KILL "$log_pid"
	start touch.log "$build/demo/dummy/touchlog" --phys=virtio --timeout=$((120000 * slower)) --output="$work/trace"
	log_pid=$started
	eventually 20 grep -q LISTENING "$work/touch.log"
}

# down N: the last frame that came has N fingers
down() {
	[ "$(tail -n 1 "$work/trace" | cut -d ' ' -f 3)" = "$1" ]
}

node_there() {
	grep -q '^P: Phys=virtio' /proc/bus/input/devices
}
node_gone() {
	! node_there
}

# The new daemon has the rings; without its log one could take the dead one's state for it.
back() {
	eventually 20 grep -q 'a front-end has connected' "$work/input.log" && eventually 20 in_state '^backend: up' touch
}

at_exit unload_module
at_exit stop_panel
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"
start panel.log "$panel" --control="$work/panel.sock"
panel_pid=$started
ok "a panel is there" eventually 10 grep -q READY "$work/panel.log" || bail_out "no panel"
start_input_daemon
start adapter.log "$adapter" --device input --name touch --socket-path "$work/input.sock" --grace 10 \
	--deadline 1900
adapter_pid=$started
ok "its touch screen comes up" eventually 30 running touch
ok "and has a node" start_log

fingers 'down 0 .3 .3; down 1 .6 .6'
ok "two fingers come down" eventually 10 down 2
stop_pid KILL "$daemon_pid"
fingers lift
start_input_daemon
ok "the daemon is killed and comes back" back
ok "the fingers that were lifted meanwhile are up" eventually 10 down 0

fingers 'down 0 .3 .3; down 1 .6 .6'
ok "two fingers come down again" eventually 10 down 2
stop_pid KILL "$daemon_pid"
start_input_daemon
ok "the daemon is killed and comes back at once" back
fingers 'up 1'
ok "one finger lifted, one stays" eventually 10 down 1
fingers lift
ok "the last one goes" eventually 10 down 0

failed=0
for i in $(seq "$deaths"); do
	start flood.log "$panel" --send="$work/panel.sock" 'flood 200 10'
	flood=$started
	sleep "0.$(printf %02d $((5 + i * 37 % 46)))"
	stop_pid KILL "$daemon_pid"
	start_input_daemon
	back || failed=$((failed + 1))
	wait "$flood"
	fingers lift
	fingers 'down 3 .5 .5'
	eventually 10 down 1 || failed=$((failed + 1))
	fingers lift
	eventually 10 down 0 || failed=$((failed + 1))
done
is $failed 0 "killed amid ten fingers at full rate, $deaths times: each next daemon goes on, and no finger stays"

fingers 'down 0 .3 .3'
ok "a finger comes down" eventually 10 down 1
stop_pid KILL "$daemon_pid"
ok "with a daemon that stays away the touch screen goes, and its finger with it" eventually 30 node_gone
fingers lift
start_input_daemon
ok "it is there again when the daemon is" eventually 30 node_there
ok "with a driver" eventually 20 running touch
: >"$work/trace"
ok "and a new node" start_log
fingers 'down 2 .4 .4'
ok "which feels fingers" eventually 10 down 1
fingers lift
ok "that come and go" eventually 10 down 0
done_testing
