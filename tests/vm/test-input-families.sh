#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# Panels of every family of descriptors, read by hid-multitouch and by vhost-user-input-hidraw at once: event for event
# the two say the same. FRAMES (200, with KASAN 50), SEED and FAMILIES in the environment for more, others, or some.
# timeout: 600
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

families=$build/tests/families/hid-families
: "${FRAMES:=$(many_or_few 200 50)}" "${SEED:=1}" "${FAMILIES:=$("$families" --list)}"

at_exit unload_module
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"

# once FAMILY FRAMES: 3 when the machine stood still, or something did not start, which is said even then
once() {
	start families.log "$families" --compare="$1" --seed="$SEED" --frames="$2"
	families_pid=$started
	if ! eventually 60 grep -q READY "$work/families.log" ||
		! start_daemon --hidraw="$(sed -n 's/READY //p' "$work/families.log")" --no-grab; then
		stop_pid KILL "$families_pid"
		stop_pid KILL "$daemon_pid"
		sed 's/^/# not started: /' "$work"/*.log
		return 3
	fi
	start_adapter
	wait "$families_pid"
	once_status=$?
	stop_pid KILL "$adapter_pid"
	stop_pid KILL "$daemon_pid"
	cat "$work"/*.log
	return $once_status
}

agrees() {
	agrees_tries=0
	agrees_status=3
	agrees_frames=$FRAMES
	while [ $agrees_status -eq 3 ] && [ $agrees_tries -lt 10 ]; do
		agrees_tries=$((agrees_tries + 1))
		once "$1" "$agrees_frames"
		agrees_status=$?
		# what is shorter is less likely to be interrupted
		[ "$agrees_frames" -le 20 ] || agrees_frames=$((agrees_frames * 2 / 3))
	done
	return $agrees_status
}

# lane NUMBER: every second family, beside the other lane; starting programs is what takes the time
lane() {
	lane_at=0
	results=$work
	work=$work/lane$1
	mkdir "$work"
	for lane_family in $FAMILIES; do
		lane_at=$((lane_at + 1))
		[ $((lane_at % 2)) -eq "$1" ] || continue
		agrees "$lane_family" >"$results/$lane_family.out" 2>&1
		echo $? >"$results/$lane_family.status"
	done
}

# said FAMILY: how it went
said() {
	cat "$work/$1.out"
	return "$(cat "$work/$1.status")"
}

lane 0 &
first_lane=$!
lane 1 &
wait $first_lane $!

for family in $FAMILIES; do
	ok "$family" said "$family"
	grep -e '^# on purpose' -e '^# not started' "$work/$family.out"
	grep ' frames of ' "$work/$family.out" | sed 's/^pass/#/'
done
ok "all devices are gone" eventually 20 unused
done_testing
