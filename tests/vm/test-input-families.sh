#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2119 # functions of input-lib.sh take options, or none
# Panels of every family of descriptors, read by hid-multitouch and by vhost-user-input-hidraw at once: event for event
# the two say the same. FRAMES, SEED and FAMILIES in the environment for more, others, or some.
# timeout: 600
# shellcheck source=tests/vm/input-lib.sh
. /repo/tests/vm/input-lib.sh

families=$build/tests/families/hid-families
: "${FRAMES:=200}" "${SEED:=1}" "${FAMILIES:=$("$families" --list)}"

at_exit unload_module
at_exit stop_all
at_exit show_logs
ok "the module loads" load_module || bail_out "no module"

# once FAMILY: 3 when the machine stood still
once() {
	start families.log "$families" --compare="$1" --seed="$SEED" --frames="$FRAMES"
	families_pid=$started
	eventually 60 grep -q READY "$work/families.log" || return 1
	start_daemon --hidraw="$(sed -n 's/READY //p' "$work/families.log")" --no-grab || return 1
	start_adapter
	wait "$families_pid"
	once_status=$?
	stop_all
	cat "$work/families.log"
	return $once_status
}

agrees() {
	agrees_tries=0
	agrees_status=3
	while [ $agrees_status -eq 3 ] && [ $agrees_tries -lt 6 ]; do
		agrees_tries=$((agrees_tries + 1))
		once "$1"
		agrees_status=$?
	done
	return $agrees_status
}

for family in $FAMILIES; do
	ok "$family" agrees "$family"
	grep '^# on purpose' "$work/families.log"
	grep ' frames of ' "$work/families.log" | sed 's/^pass/#/'
done
done_testing
